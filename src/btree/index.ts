/** The btree engine, all of it: Berkeley DB 1.85 files through MicroPython's API. */
import "./tuning/install.ts"

export {
  BTree,
  Cursor,
  DESC,
  INCL,
  open,
  R_DUP,
  R_NOOVERWRITE,
} from "./core.ts"
export {
  R_CURSOR,
  R_FIRST,
  R_IAFTER,
  R_IBEFORE,
  R_LAST,
  R_NEXT,
  R_PREV,
  R_SETCURSOR,
  RangeIterator,
  type RangeResult,
} from "./extras/index.ts"
export type { Finding, OpenOptions, Progress, Stat } from "./types.ts"
