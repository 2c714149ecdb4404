/** Opening: the log is read from the newest checkpoint, or its beginning, to its end. */
import { corruptRecord, FAILING, FREE, IN_LOG, isErasedFrom, RETIRED } from "./access.ts"
import { blockEnd, nextBlock, noteWeights, readHeader } from "./blocks.ts"
import { liveWeight } from "./cleaning.ts"
import {
  ABORT,
  alignUp,
  BLOCK_CHECKPOINT,
  BLOCK_HEADER,
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
  IMAGE,
  KIND,
  MERGED_RANGES_MAX,
  POSITION_MASK,
  PROGRAM_PAGE,
  RANGES_MAX,
  SHORT_PROGRAM,
  SPARSE,
  STREAM_SIZE,
} from "./layout.ts"
import { changeEntry, cutOff, findOld, giveUp, setEntry, settle } from "./map.ts"
import { addWeight } from "./pages.ts"
import { openRecord, recordIsWhole, takeBytes, takeWord } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Takes the volume's state from its log, and says where the log goes on. */
export function recover(volume: FlashVolume): void {
  volume._at = volume._blockLength
  const decides = replay(volume)
  const rest = volume._blockLength - volume._at
  const position = volume._head * volume._blockLength + volume._at
  // A program of a few bytes up to a border may have been cut before it showed.
  const isShort = PROGRAM_PAGE - (volume._at % PROGRAM_PAGE) <= SHORT_PROGRAM
  volume._sealed = !volume._blankShows || isShort || !isErasedFrom(volume, position, rest)
  if (volume._sealed) {
    const goesOn = hasRecordsBehind(volume, position, position + rest, decides)
    const isFreed = !decides && giveHeadBack(volume, goesOn)
    if (goesOn && !isFreed)
      throw corruptRecord(volume, position, "a damaged record, with whole ones behind it")
  }
  noteWeights(volume)
}

/**
 * Tells whether there are whole records behind one that is not: a cut leaves nothing behind it, so either that was damaged later, or the
 * erase of a head that was given back has begun. ECORRUPT when one of them, or of those before, is a commit.
 */
function hasRecordsBehind(volume: FlashVolume, position: number, end: number, decides: boolean): boolean {
  let found = false
  for (let at = position + volume._align; at < end; at += volume._align) {
    if (!openRecord(volume, at, volume._whole) || !recordIsWhole(volume)) continue
    found = true
    if (decides || (volume._flags & COMMIT) !== 0)
      throw corruptRecord(volume, position, "a damaged record, with whole ones behind it")
  }
  return found
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
  const isEmpty = !goesOn && volume._at === alignUp(BLOCK_HEADER, volume._align)
  if (!isEmpty && liveWeight(volume, tail) <= 0) return false
  readHeader(volume, block)
  volume._at = volume._view.getUint32(volume._header + BLOCK_PREVIOUS_END, true)
  do {
    volume._head = (volume._head + volume._blocks - 1) % volume._blocks
  } while (volume._states[volume._head] !== IN_LOG && volume._states[volume._head] !== FAILING)
  volume._checkpoint = volume._view.getUint32(volume._header + BLOCK_CHECKPOINT, true)
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
  const first = alignUp(BLOCK_HEADER, volume._align)
  const tail = nextBlock(volume, volume._head, false)
  let position = findBeginning(volume, tail)
  let decides = false
  for (;;) {
    const block = Math.floor(position / volume._blockLength)
    const isHead = block === volume._head
    const end = block * volume._blockLength + blockEnd(volume, block)
    while (position < end && openRecord(volume, position, volume._whole) && recordIsWhole(volume)) {
      const next = volume._next
      if (isHead && (volume._flags & COMMIT) !== 0) decides = true
      takeRecord(volume, position)
      position = next
    }
    if (isHead) break
    // A cut in the erase of the oldest block leaves anything, and nothing in it was in use.
    if (position < end && (block !== tail || volume._sequences[block] === 1))
      throw corruptRecord(volume, position, "a damaged record")
    position = nextBlock(volume, block, false) * volume._blockLength + first
  }
  volume._at = position - volume._head * volume._blockLength
  volume._abortDue = volume._started !== 0
  giveUp(volume)
  return decides
}

/** Gives where to begin to read: the newest whole checkpoint, or the oldest block, and takes the state there is at that point. */
function findBeginning(volume: FlashVolume, tail: number): number {
  const first = alignUp(BLOCK_HEADER, volume._align)
  const known = volume._checkpoint
  volume._weights[volume._head] = 0
  // A long one goes on in the newest block.
  for (let back = 0; back < 2; back++) {
    const block = (volume._head + volume._blocks - back) % volume._blocks
    const end = loadCheckpoint(volume, block * volume._blockLength + first)
    if (end !== 0) return end
  }
  const end = known === 0 ? 0 : loadCheckpoint(volume, known)
  if (end !== 0) return end
  // Every page in use is in the log, and the size at its beginning is in the oldest block's header.
  volume._map.fill(0)
  volume._live = 0
  volume._checkpoint = 0
  readHeader(volume, tail)
  volume._loggedSize = volume._view.getUint32(volume._header + BLOCK_STREAM_SIZE, true)
  volume._flushedSize = volume._loggedSize
  return tail * volume._blockLength + first
}

/** Takes the whole record that was just read. */
function takeRecord(volume: FlashVolume, position: number): void {
  const flags = volume._flags
  const kind = flags & KIND
  const page = volume._recordPage
  if (kind === CONTROL && page === ABORT) giveUp(volume)
  else if ((flags & CLEANED) === 0 && volume._started === 0) volume._started = position
  if (kind !== CONTROL) {
    takePage(volume, position)
  } else if (page === STREAM_SIZE || page === CHECKPOINT) {
    openRecord(volume, position, volume._whole)
    if (page === STREAM_SIZE) cutOff(volume, takeWord(volume))
    // A newer checkpoint than was begun with may know of blocks retired since.
    else takeRetired(volume, position)
  }
  if ((flags & COMMIT) !== 0) settle(volume)
}

/** Takes a page's record into the map: cleaned content is that of the last flush, all other the open transaction's. */
function takePage(volume: FlashVolume, position: number): void {
  const page = volume._recordPage
  const before = volume._map[page]
  let chain = 0
  if ((volume._flags & KIND) === IMAGE) {
    const isSparse = (volume._flags & SPARSE) !== 0
    if (isSparse) chain = ENTRY_SPARSE
    if (Math.floor(position / volume._blockLength) === volume._head) addWeight(volume, position, isSparse)
  } else {
    // How many ranges the record has is not counted again: the most it can have.
    const isMerged = volume._link !== (before & POSITION_MASK)
    chain = isMerged ? MERGED_RANGES_MAX >> 1 : ((before >>> CHAIN_SHIFT) & CHAIN_MASK) + (RANGES_MAX >> 1)
    if (chain > CHAIN_MAX) chain = CHAIN_MAX
  }
  const entry = (position | (chain << CHAIN_SHIFT)) >>> 0
  if ((volume._flags & CLEANED) === 0) {
    changeEntry(volume, page, entry)
    if (page * volume.pagesize >= volume._loggedSize) volume._loggedSize = (page + 1) * volume.pagesize
    return
  }
  const old = findOld(volume, page)
  if (old >= 0) volume._oldEntries[old] = entry
  else setEntry(volume, page, entry)
}

/** Takes the numbers of blocks that are not to be used again from the whole checkpoint record at `position`. */
function takeRetired(volume: FlashVolume, position: number): void {
  openRecord(volume, position, volume._whole)
  const count = takeWord(volume) >>> 8
  takeBytes(volume, 8, null, 0)
  for (let i = 0; i < count; i++) {
    const block = takeWord(volume)
    if (block >= volume._blocks) continue
    if (volume._states[block] === IN_LOG) volume._states[block] = FAILING
    else if (volume._states[block] === FREE) {
      volume._states[block] = RETIRED
      volume._usable--
      volume._free--
    }
  }
}

/** Takes the map from the checkpoint that begins at `start`; gives where it ends, 0 when it is not there, or not all of it. */
function loadCheckpoint(volume: FlashVolume, start: number): number {
  let position = start
  let block = Math.floor(start / volume._blockLength)
  if (block >= volume._blocks || volume._states[block] < IN_LOG) return 0
  volume._checkpointSequence = volume._sequence - ((volume._sequence - volume._sequences[block]) & 0xffff)
  volume._map.fill(0)
  volume._live = 0
  let page = 0
  let retired = 0
  for (let more = true; more; position = volume._next) {
    if (position - block * volume._blockLength >= blockEnd(volume, block)) {
      if (block === volume._head) return 0
      block = nextBlock(volume, block, false)
      position = block * volume._blockLength + alignUp(BLOCK_HEADER, volume._align)
    }
    const isRecord = openRecord(volume, position, volume._whole)
    if (!isRecord || (volume._flags & KIND) !== CONTROL || volume._recordPage !== CHECKPOINT) return 0
    const word = takeWord(volume)
    more = (word & 1) !== 0
    if (takeWord(volume) !== page) return 0
    volume._loggedSize = takeWord(volume)
    if (page === 0) retired = word >>> 8
    takeBytes(volume, 4 * (word >>> 8), null, 0)
    for (; volume._left >= 4 && page < volume._pages; page++) setEntry(volume, page, takeWord(volume))
    if (!recordIsWhole(volume)) return 0
  }
  volume._flushedSize = volume._loggedSize
  volume._checkpoint = start
  if (retired > 0) takeRetired(volume, start)
  return position
}
