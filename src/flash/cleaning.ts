/**
 * Making room: the oldest block of the log is reclaimed. A page with anything alive in it has its image there, for an image is
 * older than the records on top of it; so each such page gets a new image at the head, and the block is erased.
 */
import { readPage } from "./chain.ts"
import {
  ABORT,
  alignUp,
  BLOCK_HEADER,
  CHAIN_MAX,
  CHECKPOINT,
  CLEANED,
  CONTROL,
  CONTROL_RECORD_HEAD,
  IMAGE,
  KIND,
  PAGE_RECORD_HEAD,
  POSITION_MASK,
  TINY,
  TINY_MAX,
} from "./layout.ts"
import { openRecord, recordIsWhole } from "./reader.ts"
import { BLANK, blockEnd, eraseBlock, FAILING, isUndecided, RETIRED, tailBlock, volumeFull } from "./ring.ts"
import type { FlashVolume } from "./volume.ts"
import { buildImage, IMAGE_OFFSET, programRecord } from "./writer.ts"

/** Free blocks below which a call that writes cleans, two blocks at the most; and below which it must. */
export const FREE_WANTED = 3
export const FREE_MIN = 2
/** Retired blocks that a checkpoint remembers. */
const RETIRED_MAX = 16

/** Makes ready for a record: writes down what is due, and cleans. ENOSPC when nothing more can be reclaimed. */
export function reserve(volume: FlashVolume): void {
  if (volume._abortDue) {
    volume._abortDue = false
    programRecord(volume, CONTROL, ABORT, 0, CONTROL_RECORD_HEAD)
  }
  // A page moved may have grown since its image was made: what one block holds may then need two.
  const needed = volume._started !== 0 ? FREE_MIN + 1 : FREE_MIN
  let steps = 0
  while ((volume._free < FREE_WANTED && steps < 2) || volume._free < needed) {
    if (steps > volume._blocks * 2 || !cleanTail(volume)) break
    steps++
  }
  // What is left is for cleaning: without it a volume that a transaction has filled could never be cleaned again.
  if (volume._free < FREE_MIN)
    throw volumeFull(volume, `the open transaction does not fit: ${volume._free} erase blocks are free`)
  if (checkpointIsDue(volume)) writeCheckpoint(volume)
}

/** Reclaims the oldest block; false when it is the head, or the open transaction begins in it. One erase at the most. */
export function cleanTail(volume: FlashVolume): boolean {
  const block = tailBlock(volume)
  if (block === volume._head) return false
  if (volume._started !== 0 && Math.floor(volume._started / volume._blockLength) === block) return false
  if (!moveRecords(volume, block)) moveFromMap(volume, block)
  if (volume._checkpoint !== 0 && Math.floor(volume._checkpoint / volume._blockLength) === block)
    volume._checkpoint = 0
  if (volume._states[block] === FAILING || !eraseBlock(volume, block)) {
    volume._states[block] = RETIRED
    volume._checkpointDue = true
  } else {
    volume._states[block] = BLANK
    volume._free++
  }
  return true
}

/** Goes through the block's records for images in use; false where one is not whole, by rot or by an erase that was cut. */
function moveRecords(volume: FlashVolume, block: number): boolean {
  const base = block * volume._blockLength
  const end = blockEnd(volume, block)
  let at = alignUp(BLOCK_HEADER, volume._align)
  while (at < end) {
    const position = base + at
    if (!openRecord(volume, position, true) || !recordIsWhole(volume)) return false
    const size = volume._reader.size
    if ((volume._reader.flags & KIND) === IMAGE) moveIfAlive(volume, volume._reader.page, position)
    at += alignUp(size, volume._align)
  }
  return true
}

/** Goes through the map for pages with their image in the block: slow, but right whatever else the block holds. */
function moveFromMap(volume: FlashVolume, block: number): void {
  for (let page = 0; page < volume._pages; page++) {
    let position = volume._map[page] & POSITION_MASK
    for (let steps = 0; position !== 0 && steps < 4 * CHAIN_MAX; steps++) {
      if (!openRecord(volume, position, false)) break
      if ((volume._reader.flags & KIND) === IMAGE) {
        if (Math.floor(position / volume._blockLength) === block) moveIfAlive(volume, page, position)
        break
      }
      position = volume._reader.link
    }
  }
}

/** Writes the page again at the head when its image is the one at `position`: as flushed, and as changed since. */
function moveIfAlive(volume: FlashVolume, page: number, position: number): void {
  const entry = volume._map[page]
  const newest = entry & POSITION_MASK
  if (newest === 0) return
  const image = readPage(volume, page, true, volume._work, IMAGE_OFFSET)
  if (image !== position) return
  const undecided = isUndecided(volume, newest) && !isCleaned(volume, newest)
  const kept = programImage(volume, page, CLEANED, 0)
  if (!undecided) {
    volume._map[page] = kept
    return
  }
  readPage(volume, page, false, volume._work, IMAGE_OFFSET)
  volume._map[page] = programImage(volume, page, 0, kept & POSITION_MASK)
}

function isCleaned(volume: FlashVolume, position: number): boolean {
  return openRecord(volume, position, false) && (volume._reader.flags & CLEANED) !== 0
}

/** Programs the page in the work buffer as an image and gives its map entry. */
export function programImage(volume: FlashVolume, page: number, flags: number, link: number): number {
  const end = buildImage(volume)
  const position = programRecord(volume, IMAGE | flags, page, link, end)
  return (position | (end - PAGE_RECORD_HEAD <= TINY_MAX ? TINY << 24 : 0)) >>> 0
}

/** A checkpoint is due every few blocks, between transactions only: it holds the flushed state and nothing else. */
function checkpointIsDue(volume: FlashVolume): boolean {
  if (volume._started !== 0 || volume._head < 0) return false
  return volume._checkpointDue || volume._sequence - volume._checkpointSequence >= volume._checkpointEvery
}

/**
 * Writes the map and the retired blocks as control records. The header of the next block points to the first of them; until then
 * the one before holds, and without any the whole log is read.
 */
function writeCheckpoint(volume: FlashVolume): void {
  const work = volume._work
  let pages = volume._pages
  while (pages > 0 && volume._map[pages - 1] === 0) pages--
  const perPart = Math.floor((volume.pagesize - 32) / 4) - RETIRED_MAX
  let first = 0
  let start = 0
  let rest = true
  volume._checkpointDue = false
  volume._checkpointSequence = volume._sequence
  while (first < pages || rest) {
    let end = CONTROL_RECORD_HEAD
    const count = pages - first < perPart ? pages - first : perPart
    rest = false
    const retired = first === 0 ? countRetired(volume) : 0
    end = putWord(work, end, (first + count < pages ? 1 : 0) | (retired << 8))
    end = putWord(work, end, first)
    end = putWord(work, end, volume._flushedSize)
    if (retired > 0) end = putRetired(volume, end)
    for (let i = 0; i < count; i++) end = putWord(work, end, volume._map[first + i])
    const position = programRecord(volume, CONTROL | CLEANED, CHECKPOINT, 0, end)
    if (start === 0) start = position
    first += count
  }
  volume._checkpoint = start
}

/** Blocks that are not used any more, as many as are remembered. */
function countRetired(volume: FlashVolume): number {
  let count = 0
  for (let block = 0; block < volume._blocks; block++) {
    if (volume._states[block] === FAILING || volume._states[block] === RETIRED) count++
  }
  return count < RETIRED_MAX ? count : RETIRED_MAX
}

function putRetired(volume: FlashVolume, at: number): number {
  let end = at
  let left = RETIRED_MAX
  for (let block = 0; block < volume._blocks && left > 0; block++) {
    if (volume._states[block] !== FAILING && volume._states[block] !== RETIRED) continue
    end = putWord(volume._work, end, block)
    left--
  }
  return end
}

/** Puts a 32-bit number into the work buffer and gives the offset after it. */
export function putWord(work: Uint8Array, at: number, value: number): number {
  for (let i = 0; i < 4; i++) work[at + i] = (value >>> (8 * i)) & 0xff
  return at + 4
}
