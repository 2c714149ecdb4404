/** The append-only tree: OpenBSD's file format, with transactions, snapshots and compaction. What is named here takes the place of the core's. */
export * from "./core.ts"
export { AppendCursor } from "./cursors/index.ts"
export { AppendTree } from "./extras/index.ts"
export { open } from "./open-checked.ts"
export type { Finding, OpenOptions, Progress, Stat } from "./types.ts"
