/**
 * Making room: the oldest block of the log is reclaimed. A page with anything alive in it has its image there, for an image is
 * older than the records on top of it; so each such page gets a new image at the head, and the block is erased.
 */

import { OPAQUE_FLASH } from "../platform.ts"
import {
  blockEnd,
  eraseBlock,
  nextBlock,
  noteWeights,
  openBlock,
  refuseStale,
  retire,
  roomWeight,
  stop,
} from "./blocks.ts"
import { writeCheckpoint } from "./checkpoint.ts"
import { alignUp, blockOf } from "./inline.ts"
import {
  ABORT,
  BLANK,
  CLEANED,
  CONTROL,
  FAILING,
  IMAGE,
  IMAGE_WEIGHT,
  KIND,
  SPARSE,
  SPARSE_WEIGHT,
  TRANSACTION_PAGES,
} from "./layout.ts"
import { findOld, setEntry } from "./map.ts"
import { programImage, programLost, readPage } from "./pages.ts"
import { programRecord, readRecord } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Of the blocks that hold nothing when the volume is full, those that can all be empty: the others are the head, and one on its way. */
const EMPTY_BLOCKS = 2

/**
 * Gives the room that there is beyond what must be kept when a transaction begins: an image's for one that `isSingle`, a record that commits
 * itself; for any other, and always where most pages are in use, TRANSACTION_PAGES of them. Beyond half of the capacity one block is
 * reclaimed `ahead` of need too, so that no call has to reclaim many.
 */
export function spareWeight(volume: FlashVolume, isSingle: boolean, ahead: boolean): number {
  // Where every opening goes on in another block, as much is kept for cuts too.
  const keepsMore = volume._live * 2 > volume._usable * volume._perBlock || (OPAQUE_FLASH && volume._opaque)
  const pages = isSingle && !keepsMore ? 1 : TRANSACTION_PAGES
  let kept = (ahead && keepsMore ? pages + volume._perBlock : pages) * IMAGE_WEIGHT
  // Cleaning makes room for a checkpoint that had to wait.
  if (ahead && checkpointAge(volume) > 0) kept += checkpointWeight(volume)
  const most = mostWeight(volume)
  return roomWeight(volume) - volume._neededWeight - (kept < most ? kept : most)
}

/**
 * Gives the room that cleaning can make at the most. Where blocks hold one page each that can be less than one would keep, and cleaning for
 * more would go on for ever.
 */
function mostWeight(volume: FlashVolume): number {
  return ((volume._usable + EMPTY_BLOCKS) * volume._perBlock - volume._live) * IMAGE_WEIGHT
}

/**
 * Makes ready for a record of `size` bytes: writes down what is due, reclaims blocks, opens the next one when the head has no
 * room. `commit` is not 0 for a record that commits. ENOSPC when the open transaction would take what cleaning needs.
 */
export function reserve(volume: FlashVolume, size: number, commit: number) {
  refuseStale(volume)
  if (volume._abortDue) {
    volume._abortDue = false
    programRecord(volume, CONTROL, ABORT, 0, volume._body)
  }
  // A tail call: the deepest calls of all begin here, and XS keeps nothing of this one on its stack.
  return reclaimFor(volume, size, commit !== 0)
}

/**
 * Reclaims blocks until there is room for the next record of the open transaction, of `size` bytes, or for its first one and those to
 * come; then makes room for that one.
 */
function reclaimFor(volume: FlashVolume, size: number, commits: boolean) {
  const isFirst = volume._started === 0
  if (
    isFirst &&
    (spareWeight(volume, commits, true) < 0 ||
      (roomWeight(volume) < volume._soonWeight && roomWeight(volume) < mostWeight(volume)))
  )
    reclaimTail(volume)
  // A large transaction that is cut leaves a log to be cleaned: one block more is kept, for the next cut.
  const extra = volume._oldCount > TRANSACTION_PAGES ? (1 + volume._perBlock) * IMAGE_WEIGHT : IMAGE_WEIGHT
  for (let steps = 2 * volume._blocks; steps > 0; steps--) {
    const spare = isFirst
      ? spareWeight(volume, commits, false)
      : roomWeight(volume) - volume._neededWeight - extra
    if (spare >= 0 || !reclaimTail(volume)) break
  }
  if (roomWeight(volume) < volume._neededWeight + extra)
    stop(volume, "ENOSPC", "the open transaction is too large: flush sooner")
  return makeRoom(volume, size)
}

/**
 * Opens the next block when the head has no room for a record of `size` bytes. Between transactions a checkpoint that is due comes first in
 * it: it holds the flushed state and nothing else, and opening the volume finds it there.
 */
function makeRoom(volume: FlashVolume, size: number) {
  if (volume._sealed || volume._at + alignUp(volume, size) > volume._blockLength) openBlock(volume)
  // While a checkpoint would take the room of what is to be moved it waits, and opening reads more of the log.
  const isTime = checkpointAge(volume) >= 0 && spareWeight(volume, false, false) >= checkpointWeight(volume)
  if (volume._started === 0 && (volume._checkpointDue || isTime)) return writeCheckpoint(volume)
}

/** Gives how many blocks ago a checkpoint would have been due; less than 0 where it is not yet. */
function checkpointAge(volume: FlashVolume): number {
  return volume._sequence - volume._checkpointSequence - volume._checkpointEvery
}

/** Gives the room that a checkpoint takes at the most: the map in records of a page each, the last of them not full. */
function checkpointWeight(volume: FlashVolume): number {
  return ((volume._pages * 4) / volume._pagesize + 2) * IMAGE_WEIGHT
}

/**
 * Reclaims the oldest block; false when it is the head, the open transaction begins in it, or its pages would take too much room with
 * the copies that the transaction has of them. One erase at the most.
 */
export function reclaimTail(volume: FlashVolume): boolean {
  const block = nextBlock(volume, volume._head, false)
  if (block < 0 || block === volume._head) return false
  if (!mayReclaim(volume, block)) return false
  const start = block * volume._blockLength
  const end = start + blockEnd(volume, block)
  let position = start + volume._headerSize
  while (position < end && readRecord(volume, position, volume._whole)) {
    position = volume._next
    if ((volume._flags & KIND) === IMAGE) movePage(volume, volume._recordPage, block)
  }
  // Something in the block is not whole, by rot or by an erase that was cut: slow, but right whatever else it holds.
  for (let page = 0; position < end && page < volume._pages; page++) movePage(volume, page, block)
  if (blockOf(volume, volume._checkpoint) === block) volume._checkpoint = 0
  if (volume._states[block] === FAILING || !eraseBlock(volume, block)) {
    retire(volume, block)
  } else {
    volume._states[block] = BLANK
    volume._free++
  }
  noteWeights(volume)
  return true
}

/** Tells whether the open transaction, if there is one, leaves the room that moving the block takes. */
function mayReclaim(volume: FlashVolume, block: number): boolean {
  if (volume._started === 0) return true
  if (blockOf(volume, volume._started) === block) return false
  const copies = volume._oldCount * IMAGE_WEIGHT
  let taken = volume._weights[block]
  taken += copies < taken ? copies : taken
  let isExact = false
  let may = false
  do {
    // What is to be kept must be there afterwards.
    const room = roomWeight(volume) - taken
    may = room >= 0 && room + volume._perBlock * IMAGE_WEIGHT >= volume._neededWeight
    if (may || isExact) break
    // Most images in an old block may be dead by now: what it really holds is worth some reads.
    taken = liveWeight(volume, block)
    isExact = true
    noteWeights(volume)
  } while (taken >= 0)
  return may
}

/**
 * Gives what it would take to move the block: its images in use as of the last flush, which becomes its weight, and those under
 * changes of the open transaction once more; -1 when a record in it is not whole. Reads the block, and the chains of its pages.
 */
export function liveWeight(volume: FlashVolume, block: number): number {
  const start = block * volume._blockLength
  const end = start + blockEnd(volume, block)
  let weight = 0
  let copies = 0
  for (let position = start + volume._headerSize, next = 0; position < end; position = next) {
    if (!readRecord(volume, position, volume._whole)) return -1
    next = volume._next
    if ((volume._flags & KIND) !== IMAGE) continue
    const page = volume._recordPage
    const own = (volume._flags & SPARSE) !== 0 ? SPARSE_WEIGHT : IMAGE_WEIGHT
    const old = findOld(volume, page)
    const flushed = old < 0 ? volume._map[page] : volume._oldEntries[old]
    if (readPage(volume, page, flushed, true) === position) weight += own
    if (old >= 0 && readPage(volume, page, volume._map[page], true) === position) copies += own
  }
  volume._weights[block] = weight
  return weight + copies
}

/** Writes the page again at the head when its image is in `block`: as flushed, and as changed since. */
function movePage(volume: FlashVolume, page: number, block: number): void {
  const old = findOld(volume, page)
  for (let isFlushed = old >= 0; ; isFlushed = false) {
    const entry = isFlushed ? volume._oldEntries[old] : volume._map[page]
    const image = readPage(volume, page, entry, true)
    // What cannot be read stays so: while its damaged record is there by that, then by what is said in its place.
    if (image < 0 ? image === -1 - block : image > 0 && blockOf(volume, image) === block) {
      // Only what is moved needs room: there may be none left for a block without anything in use. A checkpoint takes the work area.
      const before = volume._sequence * volume._blockLength + volume._at
      makeRoom(volume, volume._imageSize)
      if (volume._sequence * volume._blockLength + volume._at !== before) readPage(volume, page, entry, true)
      const flags = isFlushed || old < 0 ? CLEANED : 0
      let moved = 0
      if (image < 0) moved = programLost(volume, page, flags)
      else moved = programImage(volume, page, flags, (entry | 0) <= 0)
      if (isFlushed) volume._oldEntries[old] = moved
      else setEntry(volume, page, moved)
    }
    if (!isFlushed) break
  }
}
