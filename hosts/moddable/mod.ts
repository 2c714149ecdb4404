/** All of a mod in one module: the core of btree, and flash. The modules beside it give it the names that programs import. */
export { BTree, Cursor, DESC, INCL, open as openTree, R_NOOVERWRITE } from "../../src/btree/core.ts"
export { R_CURSOR, R_FIRST, R_LAST, R_NEXT, R_PREV } from "../../src/btree/types.ts"
export { isFlashtreeError } from "../../src/errors.ts"
export { erase } from "../../src/flash/extras/index.ts"
export { open as openVolume } from "../../src/flash/opening/index.ts"
