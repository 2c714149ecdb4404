/**
 * The erase blocks as a ring: the log goes through them in physical order, so its oldest block (the tail) is always the next one to
 * be reclaimed. A position is a byte offset in the volume's range; 0 is none, for every block begins with a header.
 */
import { crc32 } from "../checksum.ts"
import { failure } from "../errors.ts"
import { BLANK, FAILING, IN_LOG, isErasedFrom, program, RETIRED, readFlash } from "./access.ts"
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
  BLOCK_PREVIOUS_WEIGHT,
  BLOCK_SEQUENCE,
  BLOCK_STREAM_SIZE,
  BLOCK_TAIL,
  BLOCK_VOLUME,
  IMAGE_WEIGHT,
  MAGIC,
  MARK_SIZE,
} from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** Reads the header of `block` into its place in the volume's memory; true when it is whole and says it is this block's. */
export function readHeader(volume: FlashVolume, block: number): boolean {
  const header = volume._header
  readFlash(volume, volume._headerView, block * volume._blockLength)
  return (
    volume._view.getUint32(header, true) === MAGIC &&
    volume._view.getUint32(header + BLOCK_CHECK, true) ===
      crc32(volume._bytes, header, header + BLOCK_CHECK, 0) &&
    volume._view.getUint16(header + BLOCK_INDEX, true) === block
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
  return volume._view.getUint32(volume._header + BLOCK_PREVIOUS_END, true)
}

/** Makes the next free block the head of the log. ENOSPC when there is none; one erase where it is not known to be blank. */
export function openBlock(volume: FlashVolume): void {
  for (;;) {
    const block = nextBlock(volume, volume._head < 0 ? volume._blocks - 1 : volume._head, true)
    if (block < 0) throw volumeFull(volume, "the volume has no free erase block left")
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
    (volume._blankShows && isErasedFrom(volume, block * volume._blockLength, volume._blockLength)) ||
    eraseBlock(volume, block)
  volume._states[block] = BLANK
  if (isBlank) return true
  volume._free--
  retire(volume, block)
  return false
}

/**
 * Makes sure that the next free blocks are blank; true when one had to be erased for it. What is known to be blank is forgotten at
 * reopening, so where it cannot be seen no more than one block is erased ahead.
 */
export function blankAhead(volume: FlashVolume): boolean {
  let block = volume._head
  for (let ahead = volume._blankShows ? volume._blocks >> 2 : 1; ahead > 0; ahead--) {
    block = nextBlock(volume, block, true)
    if (block < 0) return false
    const erases = volume._eraseCounts[block]
    if (!makeBlank(volume, block) || volume._eraseCounts[block] !== erases) return true
  }
  return false
}

function retire(volume: FlashVolume, block: number): void {
  volume._states[block] = RETIRED
  volume._usable--
  volume._checkpointDue = true
}

/** Refuses to go on when somebody else has made `block` the head: ESTALE. */
export function refuseOtherWriter(volume: FlashVolume, block: number): void {
  if (block < 0 || block === volume._dropped || !readHeader(volume, block)) return
  const header = volume._header
  if (
    volume._view.getUint32(header + BLOCK_VOLUME, true) === volume._id &&
    volume._view.getUint32(header + BLOCK_SEQUENCE, true) > volume._sequence
  ) {
    throw volumeStale(volume)
  }
}

/**
 * Before the first record of a transaction: refuses to go on when the flash is not as this handle left it (ESTALE). One or two short
 * reads.
 */
export function refuseStale(volume: FlashVolume): void {
  if (volume._started !== 0 || volume._head < 0) return
  const bytes = volume._bytes
  const mark = volume._header
  if (!volume._sealed && volume._at + MARK_SIZE <= volume._blockLength) {
    readFlash(volume, volume._markView, volume._head * volume._blockLength + volume._at)
    for (let i = 0; i < MARK_SIZE; i++) {
      if (bytes[mark + i] !== (volume._blankShows ? 0xff : volume._mark[i])) throw volumeStale(volume)
    }
  }
  // Where blankness does not show, whoever opens the volume goes on in another block.
  if (!volume._blankShows) refuseOtherWriter(volume, nextBlock(volume, volume._head, true))
}

/** Gives the ESTALE error; the handle is of no more use. */
export function volumeStale(volume: FlashVolume): Error {
  volume._stale = true
  volume._busy = false
  return failure("ESTALE", "another writer has changed the volume since it was opened: reopen it")
}

/** Gives the ENOSPC error. What is flushed stays readable; nothing more may be written before rollback(). */
export function volumeFull(volume: FlashVolume, message: string): Error {
  volume._busy = false
  volume._failed = "the volume ran full: roll back to go on"
  return failure("ENOSPC", message)
}

/** Erases the block and tells whether it reads as it should, where that can be seen. */
export function eraseBlock(volume: FlashVolume, block: number): boolean {
  volume._device.eraseBlock(volume._first + block, volume._first + block + 1)
  volume._eraseCounts[block]++
  volume._loaded = -1
  return !volume._blankShows || isErasedFrom(volume, block * volume._blockLength, volume._blockLength)
}

/** Programs the header that makes `block` the head; false when it does not read back right. */
function writeHeader(volume: FlashVolume, block: number): boolean {
  const view = volume._view
  const bytes = volume._bytes
  const header = volume._header
  const size = alignUp(BLOCK_HEADER, volume._align)
  bytes.fill(0, header, header + BLOCK_CHECK)
  bytes.fill(0xff, header + BLOCK_HEADER, header + size)
  view.setUint32(header, MAGIC, true)
  view.setUint32(header + BLOCK_VOLUME, volume._id, true)
  view.setUint32(header + BLOCK_SEQUENCE, volume._sequence + 1, true)
  view.setUint32(header + BLOCK_LENGTH, volume._blockLength, true)
  view.setUint16(header + BLOCK_PAGESIZE, volume.pagesize, true)
  view.setUint16(header + BLOCK_COUNT, volume._blocks, true)
  view.setUint16(header + BLOCK_INDEX, block, true)
  bytes[header + BLOCK_CHECKSUM] = volume._checksum
  bytes[header + BLOCK_ALIGN] = volume._align
  if (volume._head >= 0) {
    bytes[header + BLOCK_PREVIOUS_WEIGHT] = volume._weights[volume._head]
    const tail = nextBlock(volume, volume._head, false)
    bytes[header + BLOCK_TAIL] = tail < 0 ? 0 : volume._sequences[tail]
  }
  view.setUint32(header + BLOCK_ERASES, volume._eraseBase + volume._eraseCounts[block], true)
  view.setUint32(header + BLOCK_PREVIOUS_END, volume._at, true)
  view.setUint32(header + BLOCK_CHECKPOINT, volume._checkpoint, true)
  view.setUint32(header + BLOCK_STREAM_SIZE, volume._flushedSize, true)
  view.setUint32(header + BLOCK_CHECK, crc32(bytes, header, header + BLOCK_CHECK, 0), true)
  if (!program(volume, block * volume._blockLength, header, size)) return false
  volume._sequence++
  volume._sequences[block] = volume._sequence & 0xffff
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
  const head = volume._sealed ? 0 : Math.floor((volume._blockLength - volume._at) / volume._imageSize)
  return (head + volume._free * volume._perBlock) * IMAGE_WEIGHT
}

/**
 * Computes the room that must be kept so that the log can always be reclaimed, however the pages with an image in its oldest blocks
 * have grown since: the most that reclaiming any number of blocks from the tail on takes before it has freed as much, and
 * one block more for a cut in it. No more than the pages with content can be moved. This holds until a block is opened or reclaimed,
 * for no page gets an image in an old block.
 */
export function noteWeights(volume: FlashVolume): void {
  const perBlock = volume._perBlock * IMAGE_WEIGHT
  const most = (volume._live + volume._oldCount) * IMAGE_WEIGHT
  let moved = 0
  let freed = 0
  let needed = 0
  for (let block = volume._head; ; freed += perBlock) {
    block = nextBlock(volume, block, false)
    if (block === volume._head) break
    moved += volume._weights[block]
    const taken = (moved < most ? moved : most) - freed
    if (taken > needed) needed = taken
  }
  volume._neededWeight = needed + perBlock
}
