/** Where a log goes on after opening: its last commit, and blocks whose headers are damaged. */
import { corrupt } from "../errors.ts"
import { isErased, OPAQUE_FLASH } from "../platform.ts"
import { alignUp, firstInHeader, isErasedFrom, isRetired, readHeader, readOwnHeader } from "./access.ts"
import { nextSequence } from "./blocks.ts"
import { parseEntry, readFrame, seedOf } from "./frames.ts"
import { FALLS, FLAGS, HEADER, PROGRAM_PAGE, SHORT_PROGRAM, TIME, TIME_MAX, UNDECIDED } from "./layout.ts"
import type { Log } from "./log.ts"
import { giveBack } from "./write.ts"

/** Finds the last commit. Writes nothing. */
export function recover(log: Log): void {
  const newest = log._head
  let head = newest
  let isFound = scan(log, newest)
  if (!findLostHead(log, newest)) {
    // A block that was opened in the middle of a transaction, without a commit in it, is as if it had not been opened.
    while (!isFound && head > log._tail) {
      const next = head
      do head--
      while (head > log._tail && isRetired(log, head))
      // Where that is damaged, what it committed is lost, and the log goes on behind it.
      const isWhole = readOwnHeader(log, head)
      if (!isWhole) head = next
      isFound = scan(log, head) || !isWhole
    }
    log._next = log._flushed
    log._committed = head
    if (head < newest) {
      giveBack(log)
      // The next block of that transaction would have taken the place of the oldest, whose erase may have begun.
      const next = nextSequence(log, newest)
      if (log._overwrites && log._tail < head && log._tail + log._blocks <= next) {
        log._givenBack = next - head
        do log._tail = nextSequence(log, log._tail)
        while (log._tail < head && !readOwnHeader(log, log._tail))
      }
    }
  }
  if (readOwnHeader(log, log._tail)) log._firstRecord = firstInHeader(log)
  findLostTail(log)
}

/**
 * Reads a block up to its last commit and takes over where that leaves the log; false when that is in a block before. _next counts the
 * records behind it, too.
 */
function scan(log: Log, sequence: number): boolean {
  const header = log._header
  readOwnHeader(log, sequence)
  const begunUndecided = (log._bytes[header + FLAGS] & UNDECIDED) !== 0
  let number = firstInHeader(log)
  let time = log._view.getFloat64(header + TIME)
  let falls = log._view.getUint16(header + FALLS)
  let hasCommit = !begunUndecided
  let offset = alignUp(log, HEADER)
  commitAt(log, offset, number, time, falls)
  const seed = seedOf(log, sequence)
  for (;;) {
    const size = offset < log._length ? readFrame(log, sequence, offset, log._length, seed, 0) : -1
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
  if (!(log._time >= -TIME_MAX && log._time <= TIME_MAX))
    corrupt(log._first + (sequence % log._blocks), 0, "its times are out of range")
  log._next = number
  log._at = log._end
  // Only behind a commit that nothing follows can the block be written on.
  const block = (sequence % log._blocks) * log._length
  const isShort = offset % PROGRAM_PAGE >= PROGRAM_PAGE - SHORT_PROGRAM
  log._isSealed =
    offset !== log._end ||
    isShort ||
    (OPAQUE_FLASH && log._isOpaque) ||
    !isBlankFrom(log, block + offset, block + log._length)
  if (log._isSealed && countBehind(log, sequence, offset, number, seed)) return true
  return hasCommit
}

/** Tells whether bytes [position, end) read as erased, of which the window has the first ones. */
function isBlankFrom(log: Log, position: number, end: number): boolean {
  const at = position - log._loaded
  if (log._loaded < 0 || at < 0 || at >= log._have) return isErasedFrom(log, position, end, log._window)
  return isErased(log._bytes, at, log._have) && isErasedFrom(log, log._loaded + log._have, end, log._window)
}

function commitAt(log: Log, end: number, number: number, time: number, falls: number): void {
  log._end = end
  log._next = log._flushed = number
  log._time = log._timeBefore = log._timeFlushed = time
  log._falls = log._fallsBefore = log._fallsFlushed = falls
}

/**
 * A whole frame that commits behind one that is none: that one is damaged, and not the mark of a cut, or of an erase that has begun. Its
 * records and those behind it are lost, and their numbers are not given again: there are no more of them than bytes.
 */
function countBehind(log: Log, sequence: number, offset: number, number: number, seed: number): boolean {
  let end = 0
  for (let at = offset + log._align; at < log._length; at += log._align) {
    const size = readFrame(log, sequence, at, log._length, seed, 0)
    if (size > 0 && log._commits) end = at + size
  }
  if (end === 0) return false
  log._at = log._length
  log._next = log._flushed = number + (end - offset)
  return true
}

/**
 * A block behind the newest in which frames belong there, one of which commits: its header is damaged, and it is the newest. True when
 * there is one. Without a commit it is being given back.
 */
function findLostHead(log: Log, newest: number): boolean {
  const sequence = nextSequence(log, newest)
  const base = log._next
  if (!countFrames(log, sequence, true)) return false
  log._head = log._committed = sequence
  log._isSealed = true
  log._next = log._flushed = base + log._number
  return true
}

/** A block before the oldest, of the same turn as the newest, in which frames belong there: its header is damaged, and it is the oldest. */
function findLostTail(log: Log): void {
  for (;;) {
    const index = log._tail % log._blocks
    const isOfTurn = index > 0 && index + log._head - log._tail < log._blocks
    if (!isOfTurn || log._firstRecord < 2 || !countFrames(log, log._tail - 1, false)) return
    log._tail--
    log._firstRecord -= log._number
  }
}

/** Counts the records of a block without a header into _number; false when there are none, or there is no commit and one `mustCommit`. */
function countFrames(log: Log, sequence: number, mustCommit: boolean): boolean {
  if (readHeader(log, sequence % log._blocks) || isErased(log._bytes, log._header, log._header + HEADER))
    return false
  const seed = seedOf(log, sequence)
  let hasCommit = !mustCommit
  let count = 0
  let offset = alignUp(log, HEADER)
  for (;;) {
    const size = offset < log._length ? readFrame(log, sequence, offset, log._length, seed, 0) : -1
    if (size < 0) break
    count += log._entries
    hasCommit = hasCommit || log._commits
    offset += alignUp(log, size)
  }
  if (count === 0 || !hasCommit) return false
  log._number = count
  if (mustCommit) log._at = log._end = offset
  return true
}
