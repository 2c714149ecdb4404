/** The core of the engine: all of the module "append" on Espruino. extras/ adds the rest to its classes. */
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
  INCL,
} from "./types.ts"
