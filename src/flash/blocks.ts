/**
 * The erase blocks as a ring: the log goes through them in physical order, so its oldest block (the tail) is always the next one to
 * be reclaimed. A position is a byte offset in the volume's range; 0 is none, for every block begins with a header.
 */

import { crc32Of } from "../checksum.ts"
import { type ErrorCode, refuse } from "../errors.ts"
import { OPAQUE_FLASH } from "../platform.ts"
import { program, readFlash, readsAs } from "./access.ts"
import { headerWord } from "./inline.ts"
import {
  BLANK,
  BLOCK_CHECK,
  BLOCK_HEADER,
  BLOCK_INDEX,
  BLOCK_PREVIOUS_END,
  BLOCK_SEQUENCE,
  BLOCK_VOLUME,
  FAILING,
  IMAGE_WEIGHT,
  IN_LOG,
  MAGIC,
  MARK_SIZE,
  RETIRED,
  TRANSACTION_PAGES,
} from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** Reads the header of `block` into its place in the volume's memory; true when it is whole and says it is this block's. */
export function readHeader(volume: FlashVolume, block: number): boolean {
  const header = volume._header
  readFlash(volume, volume._headerView, block * volume._blockLength)
  return (
    headerWord(volume, 0) === MAGIC &&
    headerWord(volume, BLOCK_CHECK) === crc32Of(volume._bytes, header, header + BLOCK_CHECK) &&
    volume._view.getUint16(header + BLOCK_INDEX) === block
  )
}

/** Gives the next block behind `block` in the ring that is in the log, or with `free` that is not and may be used; -1 for none. */
export function nextBlock(volume: FlashVolume, block: number, free: boolean): number {
  for (let i = 1; i <= volume._blocks; i++) {
    const next = (block + i) % volume._blocks
    const state = volume._states[next]
    if (free ? state <= BLANK : state === IN_LOG || state === FAILING) return next
  }
  return -1
}

/** Gives the offset at which the records of a block of the log end; the next block's header knows it. */
export function blockEnd(volume: FlashVolume, block: number): number {
  if (block === volume._head) return volume._at
  readHeader(volume, nextBlock(volume, block, false))
  return headerWord(volume, BLOCK_PREVIOUS_END)
}

/** Makes the next free block the head of the log. ENOSPC when there is none; one erase where it is not known to be blank. */
export function openBlock(volume: FlashVolume): void {
  for (;;) {
    const block = nextBlock(volume, volume._head < 0 ? volume._blocks - 1 : volume._head, true)
    if (block < 0) stop(volume, "ENOSPC", "no free erase block is left")
    refuseOtherWriter(volume, block)
    if (makeBlank(volume, block)) {
      volume._free--
      if (writeHeader(volume, block)) return
      retire(volume, block)
    }
  }
}

/** Makes a free block blank, with one erase where it is not known or seen to be; a block that will not be is retired: false. */
export function makeBlank(volume: FlashVolume, block: number): boolean {
  const isBlank =
    volume._states[block] === BLANK ||
    (!(OPAQUE_FLASH && volume._opaque) &&
      readsAs(volume, block * volume._blockLength, -1, volume._blockLength)) ||
    eraseBlock(volume, block)
  volume._states[block] = BLANK
  if (isBlank) return true
  volume._free--
  retire(volume, block)
  return false
}

/** Takes a block out of use. */
export function retire(volume: FlashVolume, block: number): void {
  volume._states[block] = RETIRED
  volume._usable--
  volume._checkpointDue = true
}

/** Refuses to go on when somebody else has made `block` the head: ESTALE. */
function refuseOtherWriter(volume: FlashVolume, block: number): void {
  if (
    block >= 0 &&
    block !== volume._dropped &&
    readHeader(volume, block) &&
    headerWord(volume, BLOCK_VOLUME) === volume._id &&
    headerWord(volume, BLOCK_SEQUENCE) > volume._sequence
  )
    stop(volume, "ESTALE", STALE)
}

/**
 * Before the first record of a transaction: refuses to go on when the flash is not as this handle left it (ESTALE). One or two short
 * reads.
 */
export function refuseStale(volume: FlashVolume): void {
  if (volume._started !== 0 || volume._head < 0) return
  if (!volume._sealed && volume._at + MARK_SIZE <= volume._blockLength) {
    const position = volume._head * volume._blockLength + volume._at
    if (!isAsLeft(volume, position)) stop(volume, "ESTALE", STALE)
  }
  // Where blankness does not show, whoever opens the volume goes on in another block.
  if (OPAQUE_FLASH && volume._opaque) refuseOtherWriter(volume, nextBlock(volume, volume._head, true))
}

/** Tells whether what is behind the last record reads as it did when that was written. */
function isAsLeft(volume: FlashVolume, position: number): boolean {
  const isBlank = readsAs(volume, position, -1, MARK_SIZE)
  if (!(OPAQUE_FLASH && volume._opaque)) return isBlank
  let i = 0
  while (i < MARK_SIZE && volume._bytes[volume._window + i] === volume._mark[i]) i++
  return i === MARK_SIZE
}

/** What ESTALE says. */
export const STALE = "another writer changed the volume: reopen it"

/**
 * Throws ENOSPC, after which what is flushed stays readable and nothing more may be written before rollback(); or ESTALE, after which the
 * handle is of no more use.
 */
export function stop(volume: FlashVolume, code: ErrorCode, message: string): never {
  volume._busy = false
  volume._stopped = code
  refuse(volume._stopped, message)
}

/** Erases the block and tells whether it reads as it should, where that can be seen. */
export function eraseBlock(volume: FlashVolume, block: number): boolean {
  volume._device.eraseBlock(volume._first + block, volume._first + block + 1)
  volume._eraseCounts[block]++
  volume._have = 0
  return (
    (OPAQUE_FLASH && volume._opaque) || readsAs(volume, block * volume._blockLength, -1, volume._blockLength)
  )
}

/** Programs the header that makes `block` the head; false when it does not read back right. */
function writeHeader(volume: FlashVolume, block: number): boolean {
  const bytes = volume._bytes
  const header = volume._header
  const size = volume._headerSize
  const before = volume._head
  const tail = before < 0 ? -1 : nextBlock(volume, before, false)
  const weight = before < 0 ? 0 : volume._weights[before]
  // In the order of layout.ts; features are none.
  const words = [
    MAGIC,
    volume._id,
    volume._sequence + 1,
    volume._blockLength,
    (volume._pagesize << 16) | volume._blocks,
    block << 16,
    (volume._checksum << 24) |
      (volume._align << 16) |
      (weight << 8) |
      (tail < 0 ? 0 : volume._sequences[tail] & 0xff),
    volume._eraseBase + volume._eraseCounts[block],
    volume._at,
    volume._checkpoint,
    volume._flushedSize,
  ]
  for (let i = 0; i < words.length; i++) volume._view.setUint32(header + 4 * i, words[i])
  volume._view.setUint32(header + BLOCK_CHECK, crc32Of(bytes, header, header + BLOCK_CHECK))
  bytes.fill(0xff, header + BLOCK_HEADER, header + size)
  if (!program(volume, block * volume._blockLength, header, size)) return false
  volume._sequence++
  volume._sequences[block] = volume._sequence
  volume._states[block] = IN_LOG
  volume._weights[block] = 0
  volume._head = block
  volume._at = size
  volume._sealed = false
  volume._dropped = -1
  noteWeights(volume)
  return true
}

/** Gives what may be moved into the head and the free blocks, in the units of a block's weight. */
export function roomWeight(volume: FlashVolume): number {
  const head = volume._sealed ? 0 : ((volume._blockLength - volume._at) / volume._imageSize) | 0
  return (head + volume._free * volume._perBlock) * IMAGE_WEIGHT
}

/**
 * Computes the room that must be kept so that the log can always be reclaimed, however the pages with an image in its oldest blocks
 * have grown since: the most that reclaiming any number of blocks from the tail on takes before it has freed as much, and
 * one block more for a cut in it. No more than the pages with content can be moved. This holds until a block is opened or reclaimed,
 * for no page gets an image in an old block. And the room from which two erases lead to what TRANSACTION_PAGES take.
 */
export function noteWeights(volume: FlashVolume): void {
  const perBlock = volume._perBlock * IMAGE_WEIGHT
  const most = (volume._live + volume._oldCount) * IMAGE_WEIGHT
  let moved = 0
  let freed = 0
  let needed = 0
  let later = 0
  for (let block = volume._head; ; freed += perBlock) {
    block = nextBlock(volume, block, false)
    if (block === volume._head) break
    moved += volume._weights[block]
    const taken = (moved < most ? moved : most) - freed
    if (taken > needed) needed = taken
    if (freed === 0) later = taken - perBlock
    if (freed > perBlock && taken > later) later = taken
  }
  volume._neededWeight = needed + perBlock
  volume._soonWeight = later + perBlock + TRANSACTION_PAGES * IMAGE_WEIGHT
}
