import { failure } from "../errors.ts"
import { corruptRecord } from "./errors.ts"
import {
  ABORT,
  alignUp,
  BLOCK_ALIGN,
  BLOCK_CHECKPOINT,
  BLOCK_CHECKSUM,
  BLOCK_COUNT,
  BLOCK_ERASES,
  BLOCK_HEADER,
  BLOCK_INCOMPATIBLE,
  BLOCK_LENGTH,
  BLOCK_PAGESIZE,
  BLOCK_PREVIOUS_END,
  BLOCK_READ_COMPATIBLE,
  BLOCK_SEQUENCE,
  BLOCK_STREAM_SIZE,
  BLOCK_VOLUME,
  CHAIN_MASK,
  CHAIN_MAX,
  CHECKPOINT,
  CLEANED,
  COMMIT,
  CONTROL,
  DELTA,
  KIND,
  NOT_TRIMMED,
  POSITION_MASK,
  STREAM_SIZE,
  TINY,
  TINY_MAX,
} from "./layout.ts"
import { openRecord, recordIsWhole, takeByte } from "./reader.ts"
import {
  blockEnd,
  FAILING,
  FREE,
  IN_LOG,
  isBlank,
  nextInLog,
  RETIRED,
  readHeader,
  tailBlock,
} from "./ring.ts"
import { giveUp, settleCommit, undo } from "./transaction.ts"
import type { FlashVolume } from "./volume.ts"

/**
 * Takes the blocks' states from their headers; false when there is no volume here. EFTYPE for one of another shape; fewer blocks than
 * there are now are right when it `grows`.
 */
export function readRing(volume: FlashVolume, grows: boolean): boolean {
  const view = volume._headerView
  let newest = 0
  for (let block = 0; block < volume._blocks; block++) {
    if (!readHeader(volume, block)) continue
    const sequence = view.getUint32(BLOCK_SEQUENCE, true)
    if (sequence <= newest) continue
    newest = sequence
    volume._head = block
    volume._id = view.getUint32(BLOCK_VOLUME, true)
  }
  if (newest === 0) return false
  volume._sequence = newest
  readHeader(volume, volume._head)
  checkGeometry(volume, grows)
  volume._checkpoint = view.getUint32(BLOCK_CHECKPOINT, true)
  countBlocks(volume, newest)
  refuseLostHead(volume)
  return true
}

function checkGeometry(volume: FlashVolume, grows: boolean): void {
  const view = volume._headerView
  const header = volume._header
  const pagesize = view.getUint32(BLOCK_PAGESIZE, true)
  const length = view.getUint32(BLOCK_LENGTH, true)
  const count = view.getUint16(BLOCK_COUNT, true)
  const hint = 'open it with these, or format it anew with format: "always"'
  if (pagesize !== volume.pagesize) {
    throw failure("EFTYPE", `a volume with pages of ${pagesize} bytes, not ${volume.pagesize}: ${hint}`)
  }
  if (length !== volume._blockLength || (grows ? count > volume._blocks : count !== volume._blocks)) {
    throw failure(
      "EFTYPE",
      `a volume of ${count} blocks of ${length} bytes, not ${volume._blocks} of ${volume._blockLength}: ${hint}`,
    )
  }
  if (header[BLOCK_ALIGN] !== volume._align) {
    throw failure(
      "EFTYPE",
      `a volume with write alignment ${header[BLOCK_ALIGN]}, not ${volume._align}: ${hint}`,
    )
  }
  if (header[BLOCK_INCOMPATIBLE] !== 0) {
    throw failure(
      "EFTYPE",
      `the volume uses features ${header[BLOCK_INCOMPATIBLE]} that this version does not know: update it`,
    )
  }
  volume._checksum = header[BLOCK_CHECKSUM]
  if (volume._checksum !== 1 && volume._checksum !== 2)
    throw failure("EFTYPE", `unknown kind of checks: ${volume._checksum}`)
  if (header[BLOCK_READ_COMPATIBLE] !== 0) (volume as { readonly: boolean }).readonly = true
}

/** Which blocks are the log: those of this volume not older than a turn of the ring. Erase counts lost become the mean. */
function countBlocks(volume: FlashVolume, newest: number): void {
  const view = volume._headerView
  const counts: number[] = []
  let sum = 0
  let known = 0
  volume._free = 0
  for (let block = 0; block < volume._blocks; block++) {
    counts.push(-1)
    volume._states[block] = FREE
    if (!readHeader(volume, block)) {
      volume._free++
      continue
    }
    counts[block] = view.getUint32(BLOCK_ERASES, true)
    sum += counts[block]
    known++
    const sequence = view.getUint32(BLOCK_SEQUENCE, true)
    volume._sequences[block] = sequence & 0xffff
    if (view.getUint32(BLOCK_VOLUME, true) === volume._id && newest - sequence < volume._blocks) {
      volume._states[block] = IN_LOG
    } else {
      volume._free++
    }
  }
  const mean = known === 0 ? 0 : Math.round(sum / known)
  let least = mean
  for (let block = 0; block < volume._blocks; block++)
    if (counts[block] >= 0 && counts[block] < least) least = counts[block]
  volume._eraseBase = least
  for (let block = 0; block < volume._blocks; block++) {
    volume._eraseCounts[block] = (counts[block] < 0 ? mean : counts[block]) - least
  }
}

/** A block whose header is damaged, with a record behind it that only the block after the head can have: commits would be lost. */
function refuseLostHead(volume: FlashVolume): void {
  for (let block = 0; block < volume._blocks; block++) {
    if (volume._states[block] !== FREE || readHeader(volume, block)) continue
    volume._sequences[block] = (volume._sequence + 1) & 0xffff
    const position = block * volume._blockLength + alignUp(BLOCK_HEADER, volume._align)
    if (openRecord(volume, position, false) && recordIsWhole(volume)) {
      throw corruptRecord(volume, block * volume._blockLength, "the header of the newest block is damaged")
    }
  }
}

/** Reads the log from the newest checkpoint (or from its beginning) to its end, and undoes what was never committed. */
export function recover(volume: FlashVolume): void {
  const first = alignUp(BLOCK_HEADER, volume._align)
  let position = tailBlock(volume) * volume._blockLength + first
  if (volume._checkpoint !== 0 && loadCheckpoint(volume)) position = volume._checkpoint
  else beginAtTail(volume)
  volume._at = volume._blockLength
  for (;;) {
    const block = Math.floor(position / volume._blockLength)
    const isHead = block === volume._head
    const end = block * volume._blockLength + (isHead ? volume._blockLength : blockEnd(volume, block))
    while (position < end) {
      if (!openRecord(volume, position, true) || !recordIsWhole(volume)) {
        if (!isHead && !mayBeHalfErased(volume, block))
          throw corruptRecord(volume, position, "a damaged record")
        if (!isHead) position = end
        break
      }
      takeRecord(volume, position)
      position += alignUp(volume._reader.size, volume._align)
    }
    if (isHead) break
    position = nextInLog(volume, block) * volume._blockLength + first
  }
  finishHead(volume, position)
}

/** Without a checkpoint: every page in use is in the log, and the size at its beginning is in the oldest block's header. */
function beginAtTail(volume: FlashVolume): void {
  volume._checkpoint = 0
  volume._map.fill(0)
  readHeader(volume, tailBlock(volume))
  volume._size = volume._headerView.getUint32(BLOCK_STREAM_SIZE, true)
  volume._flushedSize = volume._size
}

/** The oldest block of a log that has gone round: a cut in its erase leaves anything, and nothing in it was in use. */
function mayBeHalfErased(volume: FlashVolume, block: number): boolean {
  return block === tailBlock(volume) && volume._sequences[block] !== 1
}

/** Where the log goes on: after its last whole record if all behind it is blank, else in another block. */
function finishHead(volume: FlashVolume, position: number): void {
  const base = volume._head * volume._blockLength
  volume._at = position - base
  const rest = base + volume._blockLength
  if (volume._started !== 0) {
    undo(volume, volume._started, position)
    giveUp(volume)
    volume._abortDue = true
  }
  volume._sealed = !volume._blankShows || !isBlank(volume, position, rest)
  if (volume._sealed) {
    refuseRot(volume, position, rest)
    if (volume._at === alignUp(BLOCK_HEADER, volume._align)) dropHead(volume)
  }
}

/** A whole record behind one that is not means that the latter was damaged later: a cut leaves nothing behind it. */
function refuseRot(volume: FlashVolume, position: number, end: number): void {
  for (let at = position + volume._align; at < end; at += volume._align) {
    if (openRecord(volume, at, true) && recordIsWhole(volume)) {
      throw corruptRecord(volume, position, "a damaged record, with whole ones behind it")
    }
  }
}

/** A head without any record is given back: cuts at the first program of a block must not use up block after block. */
function dropHead(volume: FlashVolume): void {
  const block = volume._head
  const previous = previousInLog(volume, block)
  if (previous === block) return
  readHeader(volume, block)
  const end = volume._headerView.getUint32(BLOCK_PREVIOUS_END, true)
  volume._states[block] = FREE
  volume._free++
  volume._head = previous
  volume._at = end
  volume._sequence--
  volume._dropped = block
}

function previousInLog(volume: FlashVolume, block: number): number {
  let previous = block
  do {
    previous = (previous + volume._blocks - 1) % volume._blocks
  } while (volume._states[previous] !== IN_LOG && volume._states[previous] !== FAILING && previous !== block)
  return previous
}

function takeWord(volume: FlashVolume): number {
  let word = 0
  for (let i = 0; i < 4; i++) word |= takeByte(volume) << (8 * i)
  return word >>> 0
}

/** Takes the whole record that was just read into the map. */
function takeRecord(volume: FlashVolume, position: number): void {
  const reader = volume._reader
  const flags = reader.flags
  const kind = flags & KIND
  if (kind === CONTROL && reader.page === CHECKPOINT) {
    // A newer one than the header knows of: it may know of blocks retired since.
    openRecord(volume, position, true)
    const word = takeWord(volume)
    takeWord(volume)
    takeWord(volume)
    takeRetired(volume, word >>> 8)
    return
  }
  if (kind === CONTROL && reader.page === ABORT) {
    if (volume._started !== 0) undo(volume, volume._started, position)
    giveUp(volume)
    openRecord(volume, position, false)
    return
  }
  if ((flags & CLEANED) === 0 && volume._started === 0) volume._started = position
  if (kind === CONTROL) {
    if (reader.page === STREAM_SIZE) {
      openRecord(volume, position, true)
      volume._size = takeWord(volume)
      const trimmed = takeWord(volume)
      volume._trimmedAt = takeWord(volume)
      volume._trimmed = trimmed
    }
  } else {
    const entry = volume._map[reader.page]
    const chain = (entry >>> 24) & CHAIN_MASK
    const length = chain < CHAIN_MAX ? chain + 1 : CHAIN_MAX
    const above = kind === DELTA ? length : reader.bodySize <= TINY_MAX ? TINY : 0
    volume._map[reader.page] = ((position & POSITION_MASK) | (above << 24)) >>> 0
  }
  if ((flags & COMMIT) === 0) return
  const trims = volume._trimmed !== NOT_TRIMMED
  settleCommit(volume)
  // The caller goes on behind this record.
  if (trims) openRecord(volume, position, true)
}

/** Takes the numbers of blocks that are not to be used again. */
function takeRetired(volume: FlashVolume, count: number): void {
  for (let i = 0; i < count; i++) {
    const block = takeWord(volume)
    if (block >= volume._blocks) continue
    if (volume._states[block] === IN_LOG) volume._states[block] = FAILING
    else if (volume._states[block] === FREE) {
      volume._states[block] = RETIRED
      volume._free--
    }
  }
}

/** Takes the map from the checkpoint that begins at volume._checkpoint; false when it is not there any more. */
function loadCheckpoint(volume: FlashVolume): boolean {
  let position = volume._checkpoint
  const block = Math.floor(position / volume._blockLength)
  if (block >= volume._blocks || volume._states[block] !== IN_LOG) return false
  for (let more = true; more; ) {
    const at = Math.floor(position / volume._blockLength)
    if (
      position % volume._blockLength >=
      (at === volume._head ? volume._blockLength : blockEnd(volume, at))
    ) {
      if (at === volume._head) return false
      position = nextInLog(volume, at) * volume._blockLength + alignUp(BLOCK_HEADER, volume._align)
      continue
    }
    if (!openRecord(volume, position, false) || !recordIsWhole(volume) || volume._reader.page !== CHECKPOINT)
      return false
    openRecord(volume, position, false)
    const word = takeWord(volume)
    more = (word & 1) !== 0
    const first = takeWord(volume)
    volume._size = takeWord(volume)
    takeRetired(volume, word >>> 8)
    const count = volume._reader.left / 4
    if (first + count > volume._pages) return false
    for (let i = 0; i < count; i++) volume._map[first + i] = takeWord(volume)
    position += alignUp(volume._reader.size, volume._align)
  }
  volume._flushedSize = volume._size
  volume._checkpointSequence = volume._sequence
  return true
}
