/** The module "constant-extras" of Espruino: writers, the page cache, verify() and items(). */
export { type ConstantHeader, inspect } from "./inspect.ts"
export { Reader, Table } from "./install.ts"
export { ItemIterator, type ItemResult } from "./items.ts"
export type { WriteRange } from "./output.ts"
export { PageCache, type PageCacheStats } from "./page-cache.ts"
export { SequentialWriter } from "./sequential-writer.ts"
export { TableWriter } from "./table-writer.ts"
export { Writer } from "./writer.ts"
