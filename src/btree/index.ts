/** The btree engine: Berkeley DB 1.85 files through MicroPython's API. */
import { installExtras } from "./extras/index.ts"
import { BTree } from "./tree.ts"

export { Cursor } from "./cursor.ts"
export { RangeIterator, type RangeResult } from "./extras/ranges.ts"
export { open } from "./open.ts"
export {
  DESC,
  type Finding,
  INCL,
  type OpenOptions,
  type Progress,
  R_CURSOR,
  R_DUP,
  R_FIRST,
  R_IAFTER,
  R_IBEFORE,
  R_LAST,
  R_NEXT,
  R_NOOVERWRITE,
  R_PREV,
  R_SETCURSOR,
  type Stat,
} from "./types.ts"
export { BTree }

installExtras(BTree.prototype)
