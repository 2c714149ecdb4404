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
  Table,
  TableWriter,
  type WriteRange,
  Writer,
} from "./extras/index.ts"
export { bytes, uint32, uint64 } from "./key-types.ts"
export type { Item } from "./reader.ts"
export type { TableOptions } from "./table.ts"
export type {
  ConstantFinding,
  ConstantOptions,
  FlashRange,
  KeyType,
  Progress,
  ReaderOptions,
  Source,
} from "./types.ts"
