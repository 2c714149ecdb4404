/** The core of the engine: all of the module "btree" on Espruino. extras/ and tuning/ add the rest to its classes. */
export { Cursor } from "./cursor.ts"
export { open } from "./opening/index.ts"
export { BTree } from "./tree.ts"
export { DESC, INCL, R_DUP, R_NOOVERWRITE } from "./types.ts"
