/** A log: records on erase blocks, without a tree. */
export type { FlashDevice, FlashStatus } from "../stream/flash-device.ts"
export { Log } from "./extras/index.ts"
export { open } from "./open-checked.ts"
export type { LogOpenOptions } from "./opening/index.ts"
export type { LogFinding, LogFormat, LogStatus, LogVisit, VisitOptions } from "./types.ts"
