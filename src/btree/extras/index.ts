/** The module "btree-extras" of Espruino: what install.ts adds to the core's classes. */
export { RangeIterator, type RangeResult } from "./install.ts"
