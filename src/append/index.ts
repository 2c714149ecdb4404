/** The append-only tree: OpenBSD's file format, with transactions, snapshots and compaction. */
export {
  AppendCursor,
  BT_CURSOR,
  BT_CURSOR_EXACT,
  BT_FIRST,
  BT_LAST,
  BT_NEXT,
  BT_NOOVERWRITE,
  BT_NOSYNC,
  BT_PREV,
  BT_RDONLY,
  BT_REVERSEKEY,
  DESC,
  INCL,
  Transaction,
} from "./core.ts"
export { AppendTree } from "./extras/index.ts"
export { open } from "./open-checked.ts"
export type { Finding, OpenOptions, Progress, Stat } from "./types.ts"
