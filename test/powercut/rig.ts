/**
 * The rig of the power-cut tests: a session is a btree on a volume on a simulated chip that knows what must be durable, and a
 * device between volume and chip stops before every program operation and every erase. There the chip is forked, the operation
 * is cut on the fork in each of the modes, and the fork is booted and judged; the session itself goes on as if nothing had
 * happened. So every cut point costs one fork and one recovery, and no replay.
 */
export * from "./rig/chip.ts"
export * from "./rig/cutting.ts"
export * from "./rig/judge.ts"
export * from "./rig/records.ts"
export * from "./rig/session.ts"
