/** What reaches the device: reads, programs that are read back, erases; and block headers. */
import { crc32 } from "../checksum.ts"
import { refuse } from "../errors.ts"
import { isErased, OPAQUE_FLASH } from "../platform.ts"
import {
  COUNT,
  ERASED,
  FIRST,
  HEADER_CHECK,
  INDEX,
  LOG_ID,
  MAGIC,
  MARK,
  SEQUENCE,
  SEQUENCE_MAX,
} from "./layout.ts"
import type { Log } from "./log.ts"
import { half, startOf, word } from "./places.ts"

/** Reads `view` from byte `position` of the range. EIO when the device gives less. */
export function readFlash(log: Log, view: Uint8Array, position: number): void {
  const count = log._flash.read(view, log._base + position)
  if (count < view.length) refuse("EIO", `${count} of ${view.length} bytes could be read`)
}

/** Programs `size` bytes of the log's memory from index `start` on; false when they do not read back. One read of each 64 bytes. */
export function program(log: Log, position: number, start: number, size: number): boolean {
  log._flash.write(log._bytes.subarray(start, start + size), log._base + position)
  return readsAs(log, position, position + size, log._small, start)
}

/**
 * Tells whether bytes [position, end) of the range read as those of memory from index `start` on, or with ERASED as erased ones; read through
 * `view`, the window or the small one.
 */
export function readsAs(log: Log, position: number, end: number, view: Uint8Array, start: number): boolean {
  const bytes = log._bytes
  const from = view === log._small ? log._headerAt : 0
  if (from === 0) log._windowAt = -1
  for (let at = position; at < end; at += view.length) {
    const count = end - at < view.length ? end - at : view.length
    readFlash(log, view.subarray(0, count), at)
    if (start === ERASED && !isErased(bytes, from, from + count)) return false
    for (let i = 0; start !== ERASED && i < count; i++)
      if (bytes[from + i] !== bytes[start + at - position + i]) return false
  }
  return true
}

/** Erases a block and tells whether it reads as it should, where that can be seen. */
export function eraseBlock(log: Log, block: number): boolean {
  log._windowAt = -1
  log._flash.eraseBlock(log._firstBlock + block, log._firstBlock + block + 1)
  return (
    (OPAQUE_FLASH && log._isOpaque) ||
    readsAs(log, block * log._length, (block + 1) * log._length, log._small, ERASED)
  )
}

/** Reads the header of a block to its place in memory; true when it is whole and says it is this block's. */
export function readHeader(log: Log, block: number): boolean {
  const at = log._headerAt
  readFlash(log, log._headerBytes, block * log._length)
  return (
    word(log, 0) === MAGIC &&
    half(log, INDEX) === block &&
    word(log, SEQUENCE) <= SEQUENCE_MAX &&
    word(log, HEADER_CHECK) === crc32(log._bytes, at, at + HEADER_CHECK, 0)
  )
}

/** Reads the header of the block of the log with this sequence number; false when there is none. */
export function readOwnHeader(log: Log, sequence: number): boolean {
  return (
    readHeader(log, sequence % log._blockCount) &&
    word(log, LOG_ID) === log._logId &&
    word(log, SEQUENCE) === sequence &&
    half(log, COUNT) === log._blockCount
  )
}

/** Gives the number of the first record of the block whose header was read last. */
export function firstInHeader(log: Log): number {
  return half(log, FIRST) * 0x100000000 + word(log, FIRST + 2)
}

/** Tells whether a block is one of those that are not used any more. */
export function isRetired(log: Log, sequence: number): boolean {
  return log._retired.indexOf(sequence % log._blockCount) >= 0
}

/**
 * Before the first program of a flush: refuses to go on when the flash is not as this handle left it. One short read, of what is behind
 * the last frame; where that shows nothing, of the header of the next block, in which another writer would go on: unless that may be
 * what this handle itself began.
 * @throws ESTALE
 */
export function refuseStale(log: Log): void {
  let isStale = false
  if (!(OPAQUE_FLASH && log._isOpaque) && !log._isSealed && log._writeAt + MARK <= log._length) {
    readFlash(log, log._small.subarray(0, MARK), startOf(log, log._head) + log._writeAt)
    isStale = !isErased(log._bytes, log._headerAt, log._headerAt + MARK)
  } else if (log._givenBack === 0) {
    const next = log._head + 1
    isStale =
      readHeader(log, next % log._blockCount) &&
      word(log, SEQUENCE) >= next &&
      word(log, LOG_ID) === log._logId
  }
  if (!isStale) return
  log._code = "ESTALE"
  log._begin(true)
}
