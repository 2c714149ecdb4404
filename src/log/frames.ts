/** Entries and frames: parsed, found on the flash, and built. */
import { crc32 } from "../checksum.ts"
import { copyBytes, SUM32 } from "../platform.ts"
import { readFlash } from "./access.ts"
import { CHECK, GROUP, GROUP_HEAD, LENGTH_MAX, LOG_ID, MORE, SEQUENCE, TIMED } from "./layout.ts"
import type { Log } from "./log.ts"
import { startOf } from "./places.ts"

/** Takes a number of seven bits a byte, the low ones first, into log._number; gives the index behind it. */
function takeNumber(log: Log, at: number): number {
  let number = 0
  let factor = 1
  let next = at
  let byte = 128
  // Eight bytes hold any time; what is longer is no number of ours.
  for (let i = 0; byte >= 128 && i < 8; i++) {
    byte = log._bytes[next++]
    number += (byte & 127) * factor
    factor *= 128
  }
  log._number = number
  return next
}

/** Puts `number` at index `at`; gives the index behind it. */
function putNumber(bytes: Uint8Array, at: number, number: number): number {
  let next = at
  let left = number
  for (; left > 127; left = Math.floor(left / 128)) bytes[next++] = (left % 128) | 128
  bytes[next++] = left
  return next
}

/** Puts what is before the bytes of a record behind the entries in memory; gives the index behind it. */
export function putEntry(log: Log, length: number, isTimed: boolean, delta: number): number {
  const isLong = length >= LENGTH_MAX
  let at = log._pending
  log._bytes[at++] = (isLong ? LENGTH_MAX : length) + (isTimed ? TIMED : 0)
  if (isLong) at = putNumber(log._bytes, at, length - LENGTH_MAX)
  // Even numbers go forward, odd ones back.
  return isTimed ? putNumber(log._bytes, at, delta < 0 ? -delta * 2 - 1 : delta * 2) : at
}

/**
 * Finds the parts of the entry at index `at`: the record is [_dataAt, _dataAt + _dataLength), _isTimed says whether it has a time, and
 * _delta by how much that is later than the one before. Gives the index behind it, which is beyond `end` when it does not fit.
 */
export function parseEntry(log: Log, at: number): number {
  const code = log._bytes[at]
  let next = at + 1
  let length = code & LENGTH_MAX
  if (length === LENGTH_MAX) {
    next = takeNumber(log, next)
    length += log._number
  }
  log._isTimed = (code & TIMED) !== 0
  log._delta = 0
  if (log._isTimed) {
    next = takeNumber(log, next)
    log._delta = log._number % 2 === 0 ? log._number / 2 : -(log._number + 1) / 2
  }
  log._dataAt = next
  log._dataLength = length
  return code > 127 ? Number.POSITIVE_INFINITY : next + length
}

/**
 * Gives the length of the frame at index `at`, without padding: -1 when there is no whole one before index `end`. Its entries, _entries
 * of them, begin at _entryAt; _commits tells whether it commits.
 */
function frameAt(log: Log, at: number, end: number, seed: number): number {
  const code = log._bytes[at]
  const isGroup = (code & ~MORE) === GROUP
  log._entries = isGroup ? log._bytes[at + 1] : 1
  log._entryAt = isGroup ? at + GROUP_HEAD : at
  log._commits = code !== GROUP + MORE
  let next = log._entryAt
  for (let i = 0; i < log._entries && next < end; i++) next = parseEntry(log, next)
  if (next + CHECK > end) return -1
  return checkOf(log, at, next, seed) === log._view.getUint32(next) ? next + CHECK - at : -1
}

/** Gives the check of bytes [start, end), begun with `seed`. */
export function checkOf(log: Log, start: number, end: number, seed: number): number {
  return SUM32 && log._checkKind === 2 ? sum32(log, start, end, seed) : crc32(log._bytes, start, end, seed)
}

/** Gives the sum of whole words, and of the bytes behind the last, rotated by five before each. */
function sum32(log: Log, start: number, end: number, seed: number): number {
  let sum = seed
  let at = start
  for (; at + 4 <= end; at += 4) sum = (((sum << 5) | (sum >>> 27)) + log._view.getUint32(at)) | 0
  for (; at < end; at++) sum = (((sum << 5) | (sum >>> 27)) + log._bytes[at]) | 0
  return sum >>> 0
}

/** Gives what the checks in a block begin with, so that stale bytes never match. Uses the memory of the header. */
export function seedOf(log: Log, sequence: number): number {
  const at = log._headerAt
  log._view.setUint32(at + LOG_ID, log._logId)
  log._view.setUint32(at + SEQUENCE, sequence)
  return checkOf(log, at + LOG_ID, at + SEQUENCE + 4, 0)
}

/**
 * Reads the frame at `offset` of a block, of which bytes up to `end` count, and gives its length: as frameAt. Nothing is read where the
 * window has it, else what the window lacks.
 */
export function readFrame(log: Log, sequence: number, offset: number, end: number, seed: number): number {
  const limit = startOf(log, sequence) + end
  const from = startOf(log, sequence) + offset
  const at = from - log._windowAt
  let kept = 0
  if (log._windowAt >= 0 && at >= 0 && at < log._windowLength) {
    if (log._bytes[at] === 0xff) return -1
    const have = limit - log._windowAt < log._windowLength ? limit - log._windowAt : log._windowLength
    const size = frameAt(log, at, have, seed)
    if (size > 0) return size
    kept = log._windowLength - at
    // Unknown until the device has given all of it.
    log._windowAt = -1
    copyBytes(log._bytes, at, log._bytes, 0, kept)
  }
  fillWindow(log, from, limit, kept)
  return frameAt(log, 0, log._windowLength, seed)
}

/** Reads bytes [from, limit) of the range into the window, as many as fit, of which it has the first `kept`. */
export function fillWindow(log: Log, from: number, limit: number, kept: number): void {
  const length = limit - from < log._size ? limit - from : log._size
  log._windowAt = -1
  if (kept < length) readFlash(log, log._windowView.subarray(kept, length), from + kept)
  log._windowLength = length
  log._windowAt = from
}
