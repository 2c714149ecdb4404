/** All engines. */
export * as btree from "./btree/index.ts"
export type { Bytes } from "./bytes.ts"
export { type ErrorCode, type FlashtreeError, isFlashtreeError } from "./errors.ts"
export * as flash from "./flash/index.ts"
export { journaled } from "./stream/journaled.ts"
export { MemoryStream } from "./stream/memory-stream.ts"
export { fromSeekable } from "./stream/seekable.ts"
export type { RandomAccessStream } from "./stream/stream.ts"
