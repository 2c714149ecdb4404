/** The append-only tree: OpenBSD's file format, with transactions, snapshots and compaction. */
import "./install.ts"

export { AppendCursor } from "./cursor.ts"
export { open } from "./open.ts"
export { Transaction } from "./transaction.ts"
export { AppendTree } from "./tree.ts"
export {
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
  type Finding,
  INCL,
  type OpenOptions,
  type Progress,
  type Stat,
} from "./types.ts"
