/** The module "btree-extras" of Espruino: what install.ts adds to the core's classes, and the codes of seq. */
export { R_CURSOR, R_FIRST, R_IAFTER, R_IBEFORE, R_LAST, R_NEXT, R_PREV, R_SETCURSOR } from "../types.ts"
export { RangeIterator, type RangeResult } from "./install.ts"
