/**
 * Making room: the oldest block of the log is reclaimed. A page with anything alive in it has its image there, for an image is
 * older than the records on top of it; so each such page gets a new image at the head, and the block is erased.
 */
import { isFlashtreeError } from "../errors.ts"
import { BLANK, FAILING, RETIRED } from "./access.ts"
import {
  blockEnd,
  eraseBlock,
  nextBlock,
  noteWeights,
  openBlock,
  refuseStale,
  roomWeight,
  volumeFull,
} from "./blocks.ts"
import {
  ABORT,
  alignUp,
  BLOCK_HEADER,
  CHECKPOINT,
  CLEANED,
  CONTROL,
  IMAGE,
  IMAGE_WEIGHT,
  KIND,
  SPARSE,
  SPARSE_WEIGHT,
  TRANSACTION_PAGES,
} from "./layout.ts"
import { findOld, setEntry, takesCapacity } from "./map.ts"
import { CONTENT, programImage, programLost, readPage } from "./pages.ts"
import { BODY, openRecord, programRecord, recordIsWhole } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Retired blocks that a checkpoint remembers. */
const RETIRED_MAX = 16

/** Gives the room below which a transaction does not begin: pages that it may change are kept for it where most are in use. */
export function wantedWeight(volume: FlashVolume): number {
  // Where every opening goes on in another block, that is kept for cuts too.
  const keepsMore = volume._live * 2 > volume._usable * volume._perBlock || !volume._blankShows
  return volume._neededWeight + (keepsMore ? TRANSACTION_PAGES : 1) * IMAGE_WEIGHT
}

/**
 * Makes ready for a record of `size` bytes: writes down what is due, reclaims blocks, opens the next one when the head has no
 * room. ENOSPC when the open transaction would take what cleaning needs.
 */
export function reserve(volume: FlashVolume, size: number): void {
  const isFirst = volume._started === 0
  refuseStale(volume)
  if (volume._head >= 0) {
    if (volume._abortDue) {
      volume._abortDue = false
      programRecord(volume, CONTROL, ABORT, 0, volume._work + BODY)
    }
    // Beyond half of the capacity one block is reclaimed ahead of need, so that no call has to reclaim many.
    if (isFirst && wantedWeight(volume) > volume._neededWeight + IMAGE_WEIGHT) {
      if (roomWeight(volume) < wantedWeight(volume) + volume._perBlock * IMAGE_WEIGHT) reclaimTail(volume)
    }
    // A large transaction that is cut leaves a log to be cleaned: one block more is kept, for the next cut.
    const isLarge = volume._oldCount > TRANSACTION_PAGES
    const extra = IMAGE_WEIGHT + (isLarge ? volume._perBlock * IMAGE_WEIGHT : 0)
    for (let steps = 2 * volume._blocks; steps > 0; steps--) {
      const wanted = isFirst ? wantedWeight(volume) : volume._neededWeight + extra
      if (roomWeight(volume) >= wanted || !reclaimTail(volume)) break
    }
    if (roomWeight(volume) < volume._neededWeight + extra)
      throw volumeFull(volume, `the open transaction does not fit: ${volume._free} erase blocks are free`)
  }
  makeRoom(volume, size)
}

/**
 * Opens the next block when the head has no room for a record of `size` bytes. Between transactions a checkpoint that is due comes first in
 * it: it holds the flushed state and nothing else, and opening the volume finds it there.
 */
function makeRoom(volume: FlashVolume, size: number): void {
  if (volume._sealed || volume._at + alignUp(size, volume._align) > volume._blockLength) openBlock(volume)
  const blocks = volume._sequence - volume._checkpointSequence
  if (volume._started === 0 && (volume._checkpointDue || blocks >= volume._checkpointEvery))
    writeCheckpoint(volume)
}

/**
 * Reclaims the oldest block; false when it is the head, the open transaction begins in it, or its pages would take too much room with
 * the copies that the transaction has of them. One erase at the most.
 */
export function reclaimTail(volume: FlashVolume): boolean {
  const block = nextBlock(volume, volume._head, false)
  if (block < 0 || block === volume._head) return false
  if (volume._started !== 0) {
    if (Math.floor(volume._started / volume._blockLength) === block) return false
    const weight = volume._weights[block]
    const copies = volume._oldCount * IMAGE_WEIGHT
    if (!hasRoomFor(volume, weight + (copies < weight ? copies : weight))) {
      // Most images in an old block may be dead by now: what it really holds is worth some reads.
      const live = liveWeight(volume, block)
      noteWeights(volume)
      if (live < 0 || !hasRoomFor(volume, live)) return false
    }
  }
  const start = block * volume._blockLength
  const end = start + blockEnd(volume, block)
  let position = start + alignUp(BLOCK_HEADER, volume._align)
  while (position < end && openRecord(volume, position, volume._whole) && recordIsWhole(volume)) {
    position = volume._next
    if ((volume._flags & KIND) === IMAGE) movePage(volume, volume._recordPage, block)
  }
  if (position < end) {
    // Something in the block is not whole, by rot or by an erase that was cut: slow, but right whatever else it holds.
    for (let page = 0; page < volume._pages; page++) movePage(volume, page, block)
  }
  if (Math.floor(volume._checkpoint / volume._blockLength) === block) volume._checkpoint = 0
  if (volume._states[block] === FAILING || !eraseBlock(volume, block)) {
    volume._states[block] = RETIRED
    volume._usable--
    volume._checkpointDue = true
  } else {
    volume._states[block] = BLANK
    volume._free++
  }
  noteWeights(volume)
  return true
}

/** Tells whether the tail can be reclaimed when that moves `weight`, and what is to be kept is there afterwards. */
function hasRoomFor(volume: FlashVolume, weight: number): boolean {
  const room = roomWeight(volume) - weight
  return room >= 0 && room + volume._perBlock * IMAGE_WEIGHT >= volume._neededWeight
}

/**
 * Gives what it would take to move the block: its images in use as of the last flush, which becomes its weight, and those under
 * changes of the open transaction once more; -1 when a record in it is not whole. Reads the block, and the chains of its pages.
 */
export function liveWeight(volume: FlashVolume, block: number): number {
  const start = block * volume._blockLength
  const end = start + blockEnd(volume, block)
  let position = start + alignUp(BLOCK_HEADER, volume._align)
  let weight = 0
  let copies = 0
  while (position < end) {
    if (!openRecord(volume, position, volume._whole) || !recordIsWhole(volume)) return -1
    const next = volume._next
    if ((volume._flags & KIND) === IMAGE) {
      const page = volume._recordPage
      const own = (volume._flags & SPARSE) !== 0 ? SPARSE_WEIGHT : IMAGE_WEIGHT
      const old = findOld(volume, page)
      if (imageOf(volume, page, old < 0 ? volume._map[page] : volume._oldEntries[old]) === position)
        weight += own
      if (old >= 0 && imageOf(volume, page, volume._map[page]) === position) copies += own
    }
    position = next
  }
  volume._weights[block] = weight
  return weight + copies
}

/** Reads a page into the work area and gives the position of its image, 0 for none; for a damaged one -1 less the erase block of the damage. */
function imageOf(volume: FlashVolume, page: number, entry: number): number {
  try {
    return readPage(volume, page, entry, volume._bytes, volume._work + CONTENT, 0, volume.pagesize)
  } catch (error) {
    if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
    return -1 - (error.page as number)
  }
}

/** Writes the page again at the head when its image is in `block`: as flushed, and as changed since. */
function movePage(volume: FlashVolume, page: number, block: number): void {
  makeRoom(volume, volume._imageSize)
  const old = findOld(volume, page)
  if (old >= 0) volume._oldEntries[old] = moveEntry(volume, page, volume._oldEntries[old], CLEANED, block)
  const moved = moveEntry(volume, page, volume._map[page], old < 0 ? CLEANED : 0, block)
  if (moved !== volume._map[page]) setEntry(volume, page, moved)
}

/** Gives the entry of a page after it was moved out of `block`; the same one where its image is elsewhere. */
function moveEntry(volume: FlashVolume, page: number, entry: number, flags: number, block: number): number {
  const image = imageOf(volume, page, entry)
  // What cannot be read stays so: while its damaged record is there by that, then by what is said in its place.
  if (image < 0) return image === -1 - volume._first - block ? programLost(volume, page, flags) : entry
  if (image === 0 || Math.floor(image / volume._blockLength) !== block) return entry
  return programImage(volume, page, flags, !takesCapacity(entry))
}

/**
 * Writes the map and the retired blocks as control records. The header of the next block points to the first of them, and one at the
 * beginning of the newest block is found there; until then the one before holds, and without any the whole log is read.
 */
function writeCheckpoint(volume: FlashVolume): void {
  const view = volume._view
  let pages = volume._pages
  while (pages > 0 && volume._map[pages - 1] === 0) pages--
  let start = 0
  volume._checkpointDue = false
  volume._checkpointSequence = volume._sequence
  for (let page = 0; start === 0 || page < pages; ) {
    let end = volume._work + BODY + 12
    let retired = 0
    for (let block = 0; page === 0 && block < volume._blocks && retired < RETIRED_MAX; block++) {
      if (volume._states[block] < FAILING) continue
      view.setUint32(end, block, true)
      end += 4
      retired++
    }
    const first = page
    for (; page < pages && end < volume._work + volume.pagesize; page++, end += 4)
      view.setUint32(end, volume._map[page], true)
    view.setUint32(volume._work + BODY, (page < pages ? 1 : 0) | (retired << 8), true)
    view.setUint32(volume._work + BODY + 4, first, true)
    view.setUint32(volume._work + BODY + 8, volume._flushedSize, true)
    const position = programRecord(volume, CONTROL | CLEANED, CHECKPOINT, 0, end)
    if (start === 0) start = position
  }
  volume._checkpoint = start
}
