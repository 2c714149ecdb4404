/** Opening: the log is read from the newest checkpoint, or its beginning, to its end. */

import { OPAQUE_FLASH } from "../../platform.ts"
import { readsAs, refuseRecord } from "../access.ts"
import { blockEnd, nextBlock, noteWeights, readHeader } from "../blocks.ts"
import { liveWeight } from "../cleaning.ts"
import { addWeight, blockOf, headerWord } from "../inline.ts"
import {
  ABORT,
  BLOCK_CHECKPOINT,
  BLOCK_PREVIOUS_END,
  BLOCK_STREAM_SIZE,
  BLOCK_TAIL,
  CHAIN_MASK,
  CHAIN_MAX,
  CHAIN_SHIFT,
  CHECKPOINT,
  CLEANED,
  COMMIT,
  CONTROL,
  ENTRY_SPARSE,
  FAILING,
  FREE,
  IMAGE,
  IN_LOG,
  KIND,
  MERGED_RANGES_MAX,
  POSITION_MASK,
  PROGRAM_PAGE,
  RANGES_MAX,
  SHORT_PROGRAM,
  SPARSE,
  STREAM_SIZE,
} from "../layout.ts"
import { changeEntry, cutOff, findOld, giveUp, setEntry, settle } from "../map.ts"
import { readPage } from "../pages.ts"
import { readRecord } from "../record.ts"
import { takeWord } from "../take-word.ts"
import type { FlashVolume } from "../volume.ts"
import { loadCheckpoint, takeRetired } from "./checkpoint.ts"

/** Takes the volume's state from its log, and says where the log goes on. */
export function recover(volume: FlashVolume): void {
  const headless = volume._dropped
  volume._at = volume._blockLength
  const decides = replay(volume)
  const rest = volume._blockLength - volume._at
  const position = volume._head * volume._blockLength + volume._at
  // A program of a few bytes up to a border may have been cut before it showed.
  const isShort = PROGRAM_PAGE - (volume._at % PROGRAM_PAGE) <= SHORT_PROGRAM
  volume._sealed = (OPAQUE_FLASH && volume._opaque) || isShort || !readsAs(volume, position, -1, rest)
  if (volume._sealed) {
    // A cut leaves nothing behind a record that is not whole: either that was damaged later, or the erase of a head that was given back
    // has begun, in which nothing was ever committed.
    let goesOn = false
    let isLost = false
    for (let at = position + volume._align; at < position + rest; at += volume._align) {
      if (!readRecord(volume, at, volume._whole)) continue
      goesOn = true
      if (decides || (volume._flags & COMMIT) !== 0) isLost = true
    }
    let isFreed = false
    if (!decides && !isLost) isFreed = giveHeadBack(volume, goesOn)
    if (goesOn && !isFreed) refuseRecord(volume, position, "a damaged record, with whole ones behind it")
  }
  if (headless >= 0) refuseLost(volume, headless)
  noteWeights(volume)
}

/**
 * Looks at a block whose records come after all others and whose header is damaged. It is free when the erase of a head that was given back has
 * begun: such a one holds no commit, and what was moved into it is still where it was. Else commits would be lost: ECORRUPT. Reads the block,
 * and a chain an image in it.
 */
function refuseLost(volume: FlashVolume, block: number): void {
  const start = block * volume._blockLength
  for (let at = start + volume._headerSize; at < start + volume._blockLength; ) {
    let next = at + volume._align
    let isLost = false
    if (readRecord(volume, at, volume._whole)) {
      const page = volume._recordPage
      const isMoved = (volume._flags & (KIND | CLEANED)) === (IMAGE | CLEANED)
      next = volume._next
      isLost =
        (volume._flags & COMMIT) !== 0 || (isMoved && readPage(volume, page, volume._map[page], true) <= 0)
    }
    if (isLost) refuseRecord(volume, start, "the header of the newest block is damaged")
    at = next
  }
}

/**
 * Frees the head when nothing in it matters: it holds no commit, no block was reclaimed since it was opened, and in the oldest one there
 * are images still to be moved, so that its erase has not begun. Then whatever was moved into the head is still where it was.
 * So cuts in the middle of cleaning use up no blocks, however many they are. False when it is kept.
 */
function giveHeadBack(volume: FlashVolume, goesOn: boolean): boolean {
  const block = volume._head
  const tail = nextBlock(volume, block, false)
  readHeader(volume, block)
  if (tail === block || volume._bytes[volume._header + BLOCK_TAIL] !== (volume._sequences[tail] & 0xff))
    return false
  // With no record in it, nothing was moved.
  const isEmpty = !goesOn && volume._at === volume._headerSize
  if (!isEmpty && liveWeight(volume, tail) <= 0) return false
  readHeader(volume, block)
  volume._at = headerWord(volume, BLOCK_PREVIOUS_END)
  do {
    volume._head = (volume._head + volume._blocks - 1) % volume._blocks
  } while (volume._states[volume._head] !== IN_LOG && volume._states[volume._head] !== FAILING)
  volume._checkpoint = headerWord(volume, BLOCK_CHECKPOINT)
  volume._states[block] = FREE
  volume._free++
  volume._sequence--
  volume._dropped = block
  replay(volume)
  return true
}

/**
 * Reads the log from the newest checkpoint to its end, at volume._at in the head or before, and undoes what was never committed. Tells
 * whether there is a commit in the head.
 */
function replay(volume: FlashVolume): boolean {
  const tail = nextBlock(volume, volume._head, false)
  let position = findBeginning(volume, tail)
  let decides = false
  for (;;) {
    const block = blockOf(volume, position)
    const isHead = block === volume._head
    const end = block * volume._blockLength + blockEnd(volume, block)
    while (position < end && readRecord(volume, position, volume._whole)) {
      if (isHead && (volume._flags & COMMIT) !== 0) decides = true
      takeRecord(volume, position)
      position = volume._next
    }
    if (isHead) break
    // A cut in the erase of the oldest block leaves anything, and nothing in it was in use.
    if (position < end && (block !== tail || volume._sequences[block] === 1))
      refuseRecord(volume, position, "a damaged record")
    position = nextBlock(volume, block, false) * volume._blockLength + volume._headerSize
  }
  volume._at = position - volume._head * volume._blockLength
  volume._abortDue = volume._started !== 0
  giveUp(volume)
  return decides
}

/** Gives where to begin to read: the newest whole checkpoint, or the oldest block, and takes the state there is at that point. */
function findBeginning(volume: FlashVolume, tail: number): number {
  const known = volume._checkpoint
  let end = 0
  volume._weights[volume._head] = 0
  for (let back = 0; back < 3 && end === 0; back++) {
    // At the beginning of the newest block, or of the one before for one that goes on in the newest; or where that one's header says.
    const block = (volume._head + volume._blocks - back) % volume._blocks
    end = loadCheckpoint(volume, back < 2 ? block * volume._blockLength + volume._headerSize : known)
  }
  if (end === 0) {
    // Every page in use is in the log, and the size at its beginning is in the oldest block's header.
    volume._map.fill(0)
    volume._live = 0
    volume._checkpoint = 0
    readHeader(volume, tail)
    volume._loggedSize = volume._flushedSize = headerWord(volume, BLOCK_STREAM_SIZE)
    end = tail * volume._blockLength + volume._headerSize
  }
  return end
}

/** Takes the whole record that was just read. */
function takeRecord(volume: FlashVolume, position: number): void {
  const flags = volume._flags
  const page = volume._recordPage
  const isControl = (flags & KIND) === CONTROL
  if (isControl && page === ABORT) giveUp(volume)
  else if ((flags & CLEANED) === 0 && volume._started === 0) volume._started = position
  if (!isControl) takePage(volume, position)
  else if (page === STREAM_SIZE) cutOff(volume, takeWord(volume))
  else if (page === CHECKPOINT) {
    // A newer one than was begun with may know of blocks retired since.
    const count = takeWord(volume) >>> 8
    volume._cursor += 8
    takeRetired(volume, count)
  }
  if ((flags & COMMIT) !== 0) settle(volume)
}

/** Takes a page's record into the map: cleaned content is that of the last flush, all other the open transaction's. */
function takePage(volume: FlashVolume, position: number) {
  const page = volume._recordPage
  const before = volume._map[page]
  let chain = 0
  if ((volume._flags & KIND) === IMAGE) {
    const isSparse = (volume._flags & SPARSE) !== 0
    const block = blockOf(volume, position)
    if (isSparse) chain = ENTRY_SPARSE
    if (block === volume._head) addWeight(volume, block, isSparse)
  } else {
    // How many ranges the record has is not counted again: the most it can have.
    const isMerged = volume._link !== (before & POSITION_MASK)
    chain = isMerged ? MERGED_RANGES_MAX >> 1 : ((before >>> CHAIN_SHIFT) & CHAIN_MASK) + (RANGES_MAX >> 1)
    if (chain > CHAIN_MAX) chain = CHAIN_MAX
  }
  const entry = (position | (chain << CHAIN_SHIFT)) >>> 0
  const old = findOld(volume, page)
  if ((volume._flags & CLEANED) === 0) changeEntry(volume, page, entry)
  else if (old < 0) setEntry(volume, page, entry)
  else volume._oldEntries[old] = entry
}
