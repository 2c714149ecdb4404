/** The core of the engine: all of the module "btree" on Espruino. extras/ adds the rest to its classes. */
export { Cursor } from "./cursor.ts"
export { open } from "./open.ts"
export { BTree } from "./tree.ts"
export {
  DESC,
  INCL,
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
} from "./types.ts"
