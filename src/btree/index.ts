/** The btree engine, all of it: Berkeley DB 1.85 files through MicroPython's API. */
export {
  BTree,
  Cursor,
  DESC,
  INCL,
  open,
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
} from "./core.ts"
export { RangeIterator, type RangeResult } from "./extras/index.ts"
export type { Finding, OpenOptions, Progress, Stat } from "./types.ts"
