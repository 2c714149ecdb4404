/**
 * What reaches the stream or device. Without page buffers a reader sees the file through its window: the first WINDOW bytes of its
 * buffer, which are read as a whole, so that no view has to be made. Behind them lie the numbers and the key of the search under way.
 */

import { refuse } from "../errors.ts"
import { copyBytes } from "../platform.ts"
import type { FlashDevice } from "../stream/flash-device.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import type { AnyReader, Pages, Source } from "./types.ts"

const WINDOW_MIN = 64

/** Gives the bytes of the window for keys of a size: two of them fit. */
export function windowFor(keySize: number): number {
  return keySize * 2 > WINDOW_MIN ? keySize * 2 : WINDOW_MIN
}

/** Tells whether a source is a flash device; a stream has a size of its own and no erase blocks. */
export function isDevice(source: Source): source is FlashDevice {
  return typeof (source as FlashDevice).eraseBlock === "function"
}

/** Reads `length` bytes from `position` of the file into `target`. @throws EIO when there are less */
export function readInto(
  reader: AnyReader,
  position: number,
  target: Uint8Array,
  offset: number,
  length: number,
): void {
  if (length === 0) return
  const source = reader._source as Source
  let count: number
  if (reader._flashAt < 0) count = (source as RandomAccessStream).read(target, position, offset, length)
  else {
    const isWhole = offset === 0 && length === target.length
    const part = isWhole ? target : target.subarray(offset, offset + length)
    count = (source as FlashDevice).read(part, reader._flashAt + position)
  }
  if (count < length) refuse("EIO", `read ${count} of ${length} bytes at ${position}`)
}

/** Makes `length` bytes from `position` be in the window, with what is behind them, and gives their index there. At most one read. */
export function peek(reader: AnyReader, position: number, length: number): number {
  const size = reader._bytes.length
  let index = position - reader._windowAt
  if (reader._windowAt < 0 || index < 0 || index + length > size) {
    let at = position
    if (at + size > reader._end) at = reader._end - size
    reader._windowAt = -1
    readInto(reader, at, reader._bytes, 0, size)
    reader._windowAt = at
    index = position - at
  }
  return index
}

/** The same for a part of the tree: in a page, where the reader has buffers for these. _region is where it is. */
export function probe(reader: AnyReader, position: number, length: number): number {
  const pages = reader._region as Pages
  if (reader._region === reader) return peek(reader, position, length)
  const pgno = Math.floor(position / reader._pagesize)
  pages._page(reader, pgno)
  return position - pgno * reader._pagesize
}

/** Copies `length` bytes from `position` of the file to `target`: out of the window where they are there. */
export function copyValue(
  reader: AnyReader,
  position: number,
  target: Uint8Array,
  offset: number,
  length: number,
): void {
  const index = position - reader._windowAt
  if (reader._windowAt >= 0 && index >= 0 && index + length <= reader._bytes.length)
    copyBytes(reader._bytes, index, target, offset, length)
  else readInto(reader, position, target, offset, length)
}

/** Gives how many of `length` bytes fit into `target` from `offset`. @throws EINVAL that is no place in it */
export function roomFor(target: Uint8Array, offset: number, length: number): number {
  const room = target.length - offset
  if (!(room >= 0 && offset >= 0)) refuse("EINVAL", `no offset ${offset} in the target`)
  return length < room ? length : room
}
