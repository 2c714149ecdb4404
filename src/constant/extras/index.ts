/** The module "constant-extras" of Espruino: writers, pages in memory, verify(), forEach() and items(). */
export { type ConstantHeader, inspect } from "./inspect.ts"
export { Reader } from "./install.ts"
export { ItemIterator, type ItemResult, type Visit } from "./items.ts"
export type { WriteRange } from "./output.ts"
export { PageCache, type PageCacheStats } from "./page-cache.ts"
export { SequentialWriter } from "./sequential-writer.ts"
export { TableWriter } from "./table-writer.ts"
export { Writer } from "./writer.ts"
