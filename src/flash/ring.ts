/**
 * The erase blocks as a ring: the log goes through them in physical order, so its oldest block (the tail) is always the next one to
 * be reclaimed. A position is a byte offset in the volume's range; 0 is none, for every block begins with a header.
 */
import { crc32 } from "../checksum.ts"
import { failure } from "../errors.ts"
import {
  alignUp,
  BLOCK_ALIGN,
  BLOCK_CHECK,
  BLOCK_CHECKPOINT,
  BLOCK_CHECKSUM,
  BLOCK_COUNT,
  BLOCK_ERASES,
  BLOCK_HEADER,
  BLOCK_INDEX,
  BLOCK_LENGTH,
  BLOCK_PAGESIZE,
  BLOCK_PREVIOUS_END,
  BLOCK_SEQUENCE,
  BLOCK_STREAM_SIZE,
  BLOCK_VOLUME,
  MAGIC,
} from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** States of an erase block. Free ones have to be erased before use, blank ones not. */
export const FREE = 0
export const BLANK = 1
export const IN_LOG = 2
/** In the log, but not to be used again. */
export const FAILING = 3
export const RETIRED = 4

/** Fills `buffer` from `position`; what is past the end of the range is left as it is. Gives the bytes read. */
export function readFlash(volume: FlashVolume, buffer: Uint8Array, position: number): number {
  const left = volume._blocks * volume._blockLength - position
  const part = left < buffer.length ? buffer.subarray(0, left) : buffer
  volume._device.read(part, volume._base + position)
  return part.length
}

/** Gives what the check of a record at `position` begins with: stale bytes of an earlier use of the block never match. */
export function checkSeed(volume: FlashVolume, position: number): number {
  const block = Math.floor(position / volume._blockLength)
  return (volume._id ^ (volume._sequences[block] * 0x9e370001)) >>> 0
}

/** Adds bytes to a check. */
export function addToCheck(
  volume: FlashVolume,
  bytes: Uint8Array,
  start: number,
  end: number,
  check: number,
): number {
  if (volume._checksum === 1) return crc32(bytes, start, end, check)
  let sum = check
  for (let i = start; i < end; i++) sum = (((sum << 5) | (sum >>> 27)) + bytes[i]) >>> 0
  return sum
}

/** Gives a number that orders positions as the log goes. */
export function logOrder(volume: FlashVolume, position: number): number {
  const length = volume._blockLength
  const block = Math.floor(position / length)
  return ((block - volume._head - 1 + volume._blocks) % volume._blocks) * length + (position % length)
}

/** Tells whether the record at `position` belongs to the open transaction (or lies after its beginning). */
export function isUndecided(volume: FlashVolume, position: number): boolean {
  return volume._started !== 0 && logOrder(volume, position) >= logOrder(volume, volume._started)
}

/**
 * Tells whether the open transaction has cut the page off since the record at `position`. What cleaning has written since then
 * (`cleaned`) is older content in a new place.
 */
export function isTrimmed(volume: FlashVolume, page: number, position: number, cleaned: boolean): boolean {
  if (page < volume._trimmed) return false
  return (
    cleaned || volume._trimmedAt === 0 || logOrder(volume, position) <= logOrder(volume, volume._trimmedAt)
  )
}

/** Gives the block of the log after `block`, or the head's number when it is the last. */
export function nextInLog(volume: FlashVolume, block: number): number {
  let next = block
  do {
    next = (next + 1) % volume._blocks
  } while (volume._states[next] !== IN_LOG && volume._states[next] !== FAILING)
  return next
}

/** Gives the oldest block of the log. */
export function tailBlock(volume: FlashVolume): number {
  return nextInLog(volume, volume._head)
}

/** Gives the offset at which the records of a block of the log end; the next block's header knows it. */
export function blockEnd(volume: FlashVolume, block: number): number {
  if (block === volume._head) return volume._at
  readFlash(volume, volume._header, nextInLog(volume, block) * volume._blockLength)
  return volume._headerView.getUint32(BLOCK_PREVIOUS_END, true)
}

/** Reads the header of `block` into the volume's header buffer; true when it is whole and says it is this block's. */
export function readHeader(volume: FlashVolume, block: number): boolean {
  const header = volume._header
  const view = volume._headerView
  readFlash(volume, header, block * volume._blockLength)
  if (view.getUint32(0, true) !== MAGIC) return false
  if (view.getUint32(BLOCK_CHECK, true) !== crc32(header, 0, BLOCK_CHECK, 0)) return false
  return view.getUint16(BLOCK_INDEX, true) === block
}

/** Makes the next free block the head of the log. ENOSPC when there is none; one erase where it is not known to be blank. */
export function openBlock(volume: FlashVolume): void {
  for (;;) {
    const block = nextFree(volume)
    if (block >= 0) refuseOtherWriter(volume, block)
    if (block < 0) throw volumeFull(volume, "the volume has no free erase block left")
    volume._free--
    if (volume._states[block] === BLANK || makeBlank(volume, block)) {
      if (writeHeader(volume, block)) return
    }
    volume._states[block] = RETIRED
    volume._checkpointDue = true
  }
}

/** What a handle says when the volume is not as it left it. */
export const STALE = "another writer has changed the volume since it was opened: reopen it"

/** Refuses to go on when somebody else has made `block` the head. */
export function refuseOtherWriter(volume: FlashVolume, block: number): void {
  if (block === volume._dropped || !readHeader(volume, block)) return
  const view = volume._headerView
  if (
    view.getUint32(BLOCK_VOLUME, true) === volume._id &&
    view.getUint32(BLOCK_SEQUENCE, true) > volume._sequence
  ) {
    throw volumeStale(volume)
  }
}

/** Gives the ESTALE error; the handle is of no more use. */
export function volumeStale(volume: FlashVolume): Error {
  volume._stale = true
  volume._busy = false
  return failure("ESTALE", STALE)
}

/** Gives the ENOSPC error. What is flushed stays readable; nothing more may be written before rollback(). */
export function volumeFull(volume: FlashVolume, message: string): Error {
  volume._busy = false
  volume._failed = "the volume ran full: roll back to go on"
  return failure("ENOSPC", message)
}

/** Gives the block that the log goes on in after the head, -1 for none. */
export function nextFree(volume: FlashVolume): number {
  const from = volume._head < 0 ? volume._blocks - 1 : volume._head
  for (let i = 1; i <= volume._blocks; i++) {
    const block = (from + i) % volume._blocks
    if (volume._states[block] === FREE || volume._states[block] === BLANK) return block
  }
  return -1
}

/** Sees to it that the block is blank: by looking, where blankness can be seen, else by erasing. */
function makeBlank(volume: FlashVolume, block: number): boolean {
  if (volume._blankShows && isBlank(volume, block * volume._blockLength, (block + 1) * volume._blockLength))
    return true
  return eraseBlock(volume, block)
}

/** Erases the block and tells whether it reads as it should. */
export function eraseBlock(volume: FlashVolume, block: number): boolean {
  volume._device.eraseBlock(volume._first + block, volume._first + block + 1)
  volume._eraseCounts[block]++
  return (
    !volume._blankShows || isBlank(volume, block * volume._blockLength, (block + 1) * volume._blockLength)
  )
}

/** Tells whether bytes [from, to) all read 0xff. */
export function isBlank(volume: FlashVolume, from: number, to: number): boolean {
  const chunk = volume._reader.chunk
  volume._reader.loadedFrom = -1
  for (let position = from; position < to; position += chunk.length) {
    const count = readFlash(volume, chunk, position)
    const end = to - position < count ? to - position : count
    for (let i = 0; i < end; i++) if (chunk[i] !== 0xff) return false
  }
  return true
}

function writeHeader(volume: FlashVolume, block: number): boolean {
  const view = volume._headerView
  const header = volume._header
  header.fill(0xff)
  view.setUint32(0, MAGIC, true)
  view.setUint32(BLOCK_VOLUME, volume._id, true)
  view.setUint32(BLOCK_PAGESIZE, volume.pagesize, true)
  view.setUint32(BLOCK_LENGTH, volume._blockLength, true)
  view.setUint16(BLOCK_COUNT, volume._blocks, true)
  view.setUint16(BLOCK_INDEX, block, true)
  header[BLOCK_INDEX + 2] = 0
  header[BLOCK_INDEX + 3] = 0
  header[BLOCK_CHECKSUM] = volume._checksum
  header[BLOCK_ALIGN] = volume._align
  view.setUint32(BLOCK_ERASES, volume._eraseBase + volume._eraseCounts[block], true)
  view.setUint32(BLOCK_SEQUENCE, volume._sequence + 1, true)
  view.setUint32(BLOCK_CHECKPOINT, volume._checkpoint, true)
  view.setUint32(BLOCK_PREVIOUS_END, volume._at, true)
  view.setUint32(BLOCK_STREAM_SIZE, volume._flushedSize, true)
  view.setUint32(BLOCK_CHECK, crc32(header, 0, BLOCK_CHECK, 0), true)
  const position = block * volume._blockLength
  volume._device.write(header, volume._base + position)
  if (!readsBack(volume, position, header, header.length)) return false
  volume._sequence++
  volume._sequences[block] = volume._sequence & 0xffff
  volume._states[block] = IN_LOG
  volume._head = block
  volume._at = alignUp(BLOCK_HEADER, volume._align)
  volume._sealed = false
  volume._dropped = -1
  noteMark(volume)
  return true
}

/** Bytes behind the head that tell whether somebody else has written. */
export const MARK_SIZE = 8

/** Remembers what the flash shows behind the last record, where that is not 0xff. */
export function noteMark(volume: FlashVolume): void {
  if (!volume._blankShows) readMark(volume, volume._mark)
}

/** Reads what stands where the next record would go. */
export function readMark(volume: FlashVolume, target: Uint8Array): void {
  target.fill(0xff)
  if (volume._at + MARK_SIZE <= volume._blockLength) {
    readFlash(volume, target, volume._head * volume._blockLength + volume._at)
  }
}

/** Tells whether the flash holds the first `count` bytes of `expected`. */
export function readsBack(
  volume: FlashVolume,
  position: number,
  expected: Uint8Array,
  count: number,
): boolean {
  const chunk = volume._reader.chunk
  volume._reader.loadedFrom = -1
  for (let done = 0; done < count; done += chunk.length) {
    readFlash(volume, chunk, position + done)
    const end = count - done < chunk.length ? count - done : chunk.length
    for (let i = 0; i < end; i++) if (chunk[i] !== expected[done + i]) return false
  }
  return true
}
