/** Where a log goes on after opening: its last commit, and blocks whose headers are damaged. */
import { refuse } from "../../errors.ts"
import { isErased, OPAQUE_FLASH } from "../../platform.ts"
import { firstInHeader, isRetired, readHeader, readOwnHeader, readsAs } from "../access.ts"
import { nextSequence } from "../blocks.ts"
import { parseEntry, readFrame, seedOf } from "../frames.ts"
import { giveBack } from "../give-back.ts"
import {
  ERASED,
  FALLS,
  FLAGS,
  HEADER,
  PROGRAM_PAGE,
  SHORT_PROGRAM,
  TIME,
  TIME_MAX,
  UNDECIDED,
} from "../layout.ts"
import type { Log } from "../log.ts"
import { alignUp, half, startOf } from "../places.ts"

/** Finds the last commit. Writes nothing. */
export function recover(log: Log): void {
  const newest = log._head
  const behind = nextSequence(log, newest)
  let head = newest
  let isFound = scan(log, newest, false)
  // Frames, one of which commits, in the block behind the newest: its header is damaged, and it is the newest.
  if (
    !readHeader(log, behind % log._blockCount) &&
    !isErased(log._bytes, log._headerAt, log._headerAt + HEADER) &&
    scan(log, behind, true)
  ) {
    log._head = log._committed = behind
  } else {
    // A block that was opened in the middle of a transaction, without a commit in it, is as if it had not been opened.
    while (!isFound && head > log._tail) {
      const next = head
      do head--
      while (head > log._tail && isRetired(log, head))
      // Where that is damaged, what it committed is lost, and the log goes on behind it.
      const isWhole = readOwnHeader(log, head)
      if (!isWhole) head = next
      isFound = scan(log, head, false) || !isWhole
    }
    log._next = log._flushed
    log._committed = head
    if (head < newest) {
      giveBack(log)
      // The next block of that transaction would have taken the place of the oldest, whose erase may have begun.
      if (log._overwrites && log._tail < head && log._tail + log._blockCount <= behind) {
        log._givenBack = behind - head
        do log._tail = nextSequence(log, log._tail)
        while (log._tail < head && !readOwnHeader(log, log._tail))
      }
    }
  }
  if (readOwnHeader(log, log._tail)) log._firstRecord = firstInHeader(log)
  if (log._findLostTail !== undefined) log._findLostTail()
}

/**
 * Reads a block up to its last commit and takes over where that leaves the log; false when that is in a block before. _next counts the
 * records behind it, too. A block whose header `isLost` goes on where the log is; without a commit in it nothing changes.
 */
function scan(log: Log, sequence: number, isLost: boolean): boolean {
  let number = log._next
  let time = log._time
  let falls = log._falls
  let hasCommit = false
  let offset = alignUp(log, HEADER)
  if (!isLost) {
    readOwnHeader(log, sequence)
    number = firstInHeader(log)
    time = log._view.getFloat64(log._headerAt + TIME)
    falls = half(log, FALLS)
    hasCommit = (log._bytes[log._headerAt + FLAGS] & UNDECIDED) === 0
    commitAt(log, offset, number, time, falls)
  }
  const seed = seedOf(log, sequence)
  for (;;) {
    const size = offset < log._length ? readFrame(log, sequence, offset, log._length, seed) : -1
    if (size < 0) break
    let at = log._entryAt
    const commits = log._commits
    const entries = log._entries
    for (let i = 0; i < entries; i++) {
      at = parseEntry(log, at)
      time += log._delta
      if (log._delta < 0) falls = (falls + 1) & 0xffff
    }
    number += entries
    offset += alignUp(log, size)
    if (commits) {
      hasCommit = true
      commitAt(log, offset, number, time, falls)
    }
  }
  if (isLost && !hasCommit) return false
  if (!(log._time >= -TIME_MAX && log._time <= TIME_MAX))
    refuse("ECORRUPT", "the times are out of range", log._firstBlock + (sequence % log._blockCount), 0)
  if (!isLost) log._next = number
  log._writeAt = log._end
  // Only behind a commit that nothing follows can the block be written on.
  const isShort = offset % PROGRAM_PAGE >= PROGRAM_PAGE - SHORT_PROGRAM
  let isSealed = isLost || offset !== log._end || isShort || (OPAQUE_FLASH && log._isOpaque)
  if (!isSealed) isSealed = !isBlankFrom(log, sequence, offset)
  log._isSealed = isSealed
  if (isSealed) {
    const end = endBehind(log, sequence, offset, seed)
    if (end > 0) {
      // Numbers of records that are lost are not given again: there are no more of them than bytes.
      hasCommit = true
      log._writeAt = log._length
      log._next = log._flushed = number + (end - offset)
    }
  }
  return hasCommit
}

/** Tells whether a block reads as erased from `offset` on, of which the window has the first bytes, if there are any. */
function isBlankFrom(log: Log, sequence: number, offset: number): boolean {
  const at = startOf(log, sequence) + offset - log._windowAt
  const end = startOf(log, sequence) + log._length
  return (
    isErased(log._bytes, at, log._windowLength) &&
    readsAs(log, log._windowAt + log._windowLength, end, log._windowView, ERASED)
  )
}

function commitAt(log: Log, end: number, number: number, time: number, falls: number): void {
  log._end = end
  log._next = log._flushed = number
  log._time = log._timeBefore = log._timeFlushed = time
  log._falls = log._fallsBefore = log._fallsFlushed = falls
}

/**
 * Gives where the last whole frame that commits ends behind one that is none, or 0: with such a frame that one is damaged, and not the mark
 * of a cut, or of an erase that has begun.
 */
function endBehind(log: Log, sequence: number, offset: number, seed: number): number {
  let end = 0
  for (let at = offset + log._unit; at < log._length; at += log._unit) {
    const size = readFrame(log, sequence, at, log._length, seed)
    if (size > 0 && log._commits) end = at + size
  }
  return end
}
