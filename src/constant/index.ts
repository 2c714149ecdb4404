/** Constant databases: read-only tables in the format of stx-cbtreedb. */
export {
  type ConstantHeader,
  ItemIterator,
  type ItemResult,
  inspect,
  PageCache,
  type PageCacheStats,
  Reader,
  SequentialWriter,
  TableWriter,
  type Visit,
  type WriteRange,
  Writer,
} from "./extras/index.ts"
export { uint32 } from "./key-types.ts"
export { bytes, Table, uint64 } from "./keys/index.ts"
export type { TableOptions } from "./keys/table.ts"
export type { Item } from "./reader.ts"
export type {
  ConstantFinding,
  ConstantOptions,
  FlashRange,
  KeyType,
  Progress,
  ReaderOptions,
  Source,
} from "./types.ts"
