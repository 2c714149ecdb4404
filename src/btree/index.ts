/** The btree engine: Berkeley DB 1.85 files through MicroPython's API. */
export { Cursor } from "./cursor.ts"
export { RangeIterator, type RangeResult } from "./extras/install.ts"
export { open } from "./open.ts"
export { BTree } from "./tree.ts"
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
