/** What happens between two flushes: gathered pages become records, a commit mark makes them hold, an abort gives them up. */
import { failure } from "../errors.ts"
import { readPage } from "./chain.ts"
import { programImage, putWord, reserve } from "./cleaning.ts"
import { corruptRecord } from "./errors.ts"
import {
  alignUp,
  BLOCK_HEADER,
  CHAIN_MASK,
  CHAIN_MAX,
  CLEANED,
  COMMIT,
  COMMITTED,
  CONTROL,
  CONTROL_RECORD_HEAD,
  DELTA,
  KIND,
  NOT_TRIMMED,
  POSITION_MASK,
  STREAM_SIZE,
  TINY,
} from "./layout.ts"
import { openRecord } from "./reader.ts"
import {
  blockEnd,
  FAILING,
  IN_LOG,
  isTrimmed,
  logOrder,
  MARK_SIZE,
  nextFree,
  nextInLog,
  readMark,
  refuseOtherWriter,
  volumeFull,
  volumeStale,
} from "./ring.ts"
import type { FlashVolume } from "./volume.ts"
import { buildDelta, IMAGE_OFFSET, programRecord } from "./writer.ts"

/** Programs the gathered page as a record of the open transaction, if there is one; `commit` is COMMIT or 0. */
export function emitGathered(volume: FlashVolume, commit: number): void {
  const page = volume._page
  if (page < 0) return
  beginWriting(volume)
  const entry = volume._map[page]
  const link = entry & POSITION_MASK
  const chain = (entry >>> 24) & CHAIN_MASK
  const hasContent = link !== 0 && !isCutOff(volume, page, link)
  const isCounted = hasContent && entry >>> 24 < TINY
  if (!isCounted && !isTinyWrite(volume)) refuseBeyondCapacity(volume)
  let next: number
  const size = gatheredBytes(volume)
  if (hasContent && chain < CHAIN_MAX && size < (volume.pagesize * 3) >> 2) {
    const position = programRecord(volume, DELTA | commit, page, link, buildDelta(volume))
    next = (position | ((chain + 1) << 24)) >>> 0
  } else {
    if (size < volume.pagesize) readPage(volume, page, false, volume._work, IMAGE_OFFSET)
    volume._overlay(volume._work, IMAGE_OFFSET, 0, volume.pagesize)
    next = programImage(volume, page, commit, link)
  }
  volume._map[page] = next
  if (volume._started === 0) volume._started = next & POSITION_MASK
  volume._page = -1
  volume._ranges.clear()
}

/** Tells whether the page's newest record, at `position`, is content that the open transaction has cut off. */
function isCutOff(volume: FlashVolume, page: number, position: number): boolean {
  if (page < volume._trimmed) return false
  return (
    !openRecord(volume, position, false) ||
    isTrimmed(volume, page, position, (volume._reader.flags & CLEANED) !== 0)
  )
}

/** Before each record: another writer is noticed, due work is done, and there is room. */
function beginWriting(volume: FlashVolume): void {
  if (volume._started === 0 && volume._head >= 0 && !volume._sealed) {
    readMark(volume, volume._markNow)
    for (let i = 0; i < MARK_SIZE; i++) {
      if (volume._markNow[i] === volume._mark[i]) continue
      throw volumeStale(volume)
    }
  }
  // Where blankness does not show, whoever opens the volume goes on in another block.
  if (volume._started === 0 && volume._head >= 0 && !volume._blankShows) {
    const next = nextFree(volume)
    if (next >= 0) refuseOtherWriter(volume, next)
  }
  reserve(volume)
}

function gatheredBytes(volume: FlashVolume): number {
  const pairs = volume._ranges.pairs
  let size = 0
  for (let i = 0; i < volume._ranges.count * 2; i += 2) size += pairs[i + 1] - pairs[i]
  return size
}

/** A page written whole with next to nothing in it (one that the tree has freed) costs no capacity. */
function isTinyWrite(volume: FlashVolume): boolean {
  if (gatheredBytes(volume) < volume.pagesize) return false
  let used = 0
  for (let i = 0; i < volume.pagesize && used <= 16; i++) if (volume._gathered[i] !== 0) used++
  return used <= 16
}

function refuseBeyondCapacity(volume: FlashVolume): void {
  let live = 0
  for (let i = 0; i < volume._pages; i++) {
    if (volume._map[i] !== 0 && volume._map[i] >>> 24 < TINY) live++
  }
  if (live >= volume._capacityPages) {
    throw volumeFull(volume, `the volume is full: ${live} pages of ${volume.pagesize} bytes have content`)
  }
}

/** Commits the open transaction: its last record carries the mark. Nothing at all is programmed when nothing changed. */
export function flushVolume(volume: FlashVolume): void {
  const resized = volume._size !== volume._flushedSize || volume._trimmed !== NOT_TRIMMED
  if (volume._page < 0 && volume._started === 0 && !resized) return
  volume._busy = true
  if (resized) {
    const commit = volume._page < 0 ? COMMIT : 0
    beginWriting(volume)
    const end = putWord(volume._work, CONTROL_RECORD_HEAD, volume._size)
    const trimmed = putWord(volume._work, end, volume._trimmed)
    const at = putWord(volume._work, trimmed, volume._trimmedAt)
    const position = programRecord(volume, CONTROL | commit, STREAM_SIZE, 0, at)
    if (volume._started === 0) volume._started = position
  } else if (volume._page < 0) {
    beginWriting(volume)
    programRecord(volume, CONTROL | COMMIT, COMMITTED, 0, CONTROL_RECORD_HEAD)
  }
  emitGathered(volume, COMMIT)
  settleCommit(volume)
  volume._busy = false
}

/** What a commit mark decides, when it is written and when it is read. */
export function settleCommit(volume: FlashVolume): void {
  for (let page = volume._trimmed; page < volume._pages; page++) {
    const position = volume._map[page] & POSITION_MASK
    if (position !== 0 && isCutOff(volume, page, position)) volume._map[page] = 0
  }
  volume._trimmed = NOT_TRIMMED
  volume._trimmedAt = 0
  volume._started = 0
  volume._flushedSize = volume._size
}

/** Goes back to the last flush, in memory; the abort is written before the next record. */
export function rollbackVolume(volume: FlashVolume): void {
  volume._failed = ""
  volume._page = -1
  volume._ranges.clear()
  volume._busy = true
  if (volume._started !== 0) {
    undo(volume, volume._started, volume._head * volume._blockLength + volume._at)
    volume._abortDue = true
  }
  giveUp(volume)
  volume._busy = false
}

/** Forgets what the open transaction has said of the stream. */
export function giveUp(volume: FlashVolume): void {
  volume._started = 0
  volume._trimmed = NOT_TRIMMED
  volume._trimmedAt = 0
  volume._size = volume._flushedSize
}

/**
 * Takes the records of a transaction in [from, to) out of the map: the first record of a page leads to what it had before, unless
 * cleaning has moved that since.
 */
export function undo(volume: FlashVolume, from: number, to: number): void {
  const reader = volume._reader
  const last = logOrder(volume, to - 1)
  let position = from
  for (;;) {
    const block = Math.floor(position / volume._blockLength)
    const end = block * volume._blockLength + blockEnd(volume, block)
    while (position < end && logOrder(volume, position) <= last) {
      if (!openRecord(volume, position, true))
        throw corruptRecord(volume, position, "no record where one should be")
      const page = reader.page
      if ((reader.flags & KIND) !== CONTROL) {
        const newest = volume._map[page] & POSITION_MASK
        if ((reader.flags & CLEANED) !== 0) volume._map[page] = position
        else if (newest !== 0 && logOrder(volume, newest) >= logOrder(volume, position)) {
          // How long the old chain is was lost: the next record of the page is an image.
          volume._map[page] = leadsBack(volume, reader.link, position)
            ? (reader.link | (CHAIN_MAX << 24)) >>> 0
            : 0
        }
      }
      position += alignUp(reader.size, volume._align)
    }
    if (block === volume._head || logOrder(volume, position) > last) return
    position = nextInLog(volume, block) * volume._blockLength + alignUp(BLOCK_HEADER, volume._align)
  }
}

/** Tells whether the link of the record at `position` still leads to an older record: its block may have been reclaimed since. */
function leadsBack(volume: FlashVolume, link: number, position: number): boolean {
  if (link === 0) return false
  const state = volume._states[Math.floor(link / volume._blockLength)]
  return (state === IN_LOG || state === FAILING) && logOrder(volume, link) < logOrder(volume, position)
}

/** Notes a new size; what is cut off reads as zeros should the stream grow again. */
export function setVolumeSize(volume: FlashVolume, size: number): void {
  if (!(size >= 0) || size % 1 !== 0) throw failure("EINVAL", `a size of ${size}`)
  if (size > volume._pages * volume.pagesize) {
    throw failure("ENOSPC", `the volume has addresses up to ${volume._pages * volume.pagesize}, not ${size}`)
  }
  if (size < volume._size) {
    const kept = Math.ceil(size / volume.pagesize)
    const rest = kept * volume.pagesize - size
    if (volume._page >= kept) {
      volume._page = -1
      volume._ranges.clear()
    }
    if (rest > 0) volume.write(new Uint8Array(rest), size)
    if (volume._head < 0) {
      // Nothing was ever programmed: there is nothing to cut off but what was gathered.
    } else if (kept <= volume._trimmed) {
      volume._trimmed = kept
      volume._trimmedAt = volume._head * volume._blockLength + volume._at - 1
    } else {
      // One place in the log is remembered: what was written after it is cut off page by page.
      for (let page = kept; page < volume._pages; page++) {
        if (volume._map[page] !== 0) volume.write(new Uint8Array(volume.pagesize), page * volume.pagesize)
      }
    }
  }
  volume._size = size
}
