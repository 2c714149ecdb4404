/** The main entry on Moddable: btree and flash alone, since XS leaves nothing out of a module that is imported. */
import "../iteration.ts"

export * as btree from "../../src/btree/index.ts"
export type { Bytes } from "../../src/bytes.ts"
export { type ErrorCode, type FlashtreeError, isFlashtreeError } from "../../src/errors.ts"
export * as flash from "../../src/flash/index.ts"
export type { RandomAccessStream } from "../../src/stream/stream.ts"
