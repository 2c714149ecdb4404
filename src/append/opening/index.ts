/**
 * What is needed when a tree is opened, when another handle has committed, and when a write has failed: so seldom that on Espruino it is a
 * module of its own, "append-opening", which takes memory only while it runs.
 */
export { borrowItem } from "./borrow.ts"
export { cutBack, giveUp } from "./cut-back.ts"
export { openTree } from "./open.ts"
export { takeNewer } from "./recovery.ts"
export { revertCommit } from "./revert.ts"
