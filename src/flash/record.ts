/**
 * One record: found and checked, read in order, built and programmed. The window is the flash bytes from `_loaded` on, behind room for a
 * seed; the check of a record covers the seed written before it, so stale bytes of an earlier use of the block never match.
 */

import { crc32, crc32Of } from "../checksum.ts"
import { copyBytes, SUM32, WINDOW_PAGE_MAX } from "../platform.ts"
import { program, readFlash } from "./access.ts"
import { openBlock } from "./blocks.ts"
import { alignUp, blockOf } from "./inline.ts"
import {
  CHECK_SIZE,
  CONTROL,
  DELTA,
  FAILING,
  FAR,
  FLAGS_MARK,
  FLAGS_MASK,
  HEAD_MAX,
  KIND,
  SEED_SIZE,
} from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** Some records do not fit the window. */
export const HAS_LONG = WINDOW_PAGE_MAX < 0x8000

/**
 * Reads the record at `position` and tells whether there is one, all of it whole; what its head says is in the volume then, and its body is
 * taken by takeNumber and takeBytes. Nothing is read that the window has; else 96 bytes with the short view, and all that the window
 * holds with the long one, or for the rest of a record.
 */
export function readRecord(volume: FlashVolume, position: number, view: Uint8Array): boolean {
  const room = volume._blockLength - (position % volume._blockLength)
  if (room < 3 + CHECK_SIZE) return false
  let at = volume._window + position - volume._loaded
  if (at < volume._recordAt || at + HEAD_MAX > volume._have) at = loadWindow(volume, view, position)
  // The volume keeps what the head says: few variables, since the deepest calls of all end in reading.
  const flags = volume._bytes[at]
  volume._cursor = at + 1
  const size = takeNumber(volume)
  volume._recordPage = takeNumber(volume)
  volume._flags = flags
  volume._link = 0
  if ((flags & KIND) === DELTA) {
    volume._link = volume._bytes[volume._cursor] | (volume._bytes[volume._cursor + 1] << 8)
    volume._cursor += 2
    if ((flags & FAR) !== 0) volume._link |= volume._bytes[volume._cursor++] << 16
  }
  const head = volume._cursor - at
  const total = head + size + CHECK_SIZE
  if (
    (flags & FLAGS_MASK) !== FLAGS_MARK ||
    (flags & KIND) === 0 ||
    size > volume._pagesize + HEAD_MAX ||
    total > room ||
    ((flags & KIND) !== CONTROL && volume._recordPage >= volume._pages)
  )
    return false
  if (at + total > volume._have) at = completeWindow(volume, at, position)
  volume._recordAt = at
  volume._left = size
  volume._cursor = at + head
  volume._next = alignUp(volume, position + total)
  const end = at + total - CHECK_SIZE
  const isLong = HAS_LONG && end + CHECK_SIZE > volume._have
  const check = checkOf(volume, at, isLong ? at : end, blockOf(volume, position))
  return isLong ? isLongWhole(volume, at, head, total, check) : volume._view.getUint32(end) === check
}

/** Fills the window from `position` on, and gives where it begins. */
function loadWindow(volume: FlashVolume, view: Uint8Array, position: number): number {
  volume._loaded = position
  volume._recordAt = volume._window
  readFlash(volume, view, position)
  volume._have = volume._window + volume._got
  return volume._window
}

/** Fills the window from `position` on, which it has at `at`. In a log read in order, what it has is kept, so that nothing is read twice. */
function completeWindow(volume: FlashVolume, at: number, position: number): number {
  const kept = volume._have - at
  if (!HAS_LONG || at === volume._window) return loadWindow(volume, volume._whole, position)
  copyBytes(volume._bytes, at, volume._bytes, volume._window, kept)
  const rest = volume._bytes.subarray(volume._window + kept, volume._header)
  loadWindow(volume, rest, position + kept)
  volume._loaded = position
  volume._have += kept
  return volume._window
}

/** Tells whether a record that is longer than the window is whole, piece by piece, and leaves its beginning in the window. */
function isLongWhole(
  volume: FlashVolume,
  at: number,
  head: number,
  total: number,
  seedCheck: number,
): boolean {
  const position = volume._loaded
  const end = position + total - CHECK_SIZE
  let from = at
  let check = seedCheck
  for (;;) {
    // Whole words, so that a check of words does not depend on where the pieces begin.
    const past = at + end - volume._loaded
    const to = past < volume._have ? past : from + ((volume._have - from) & ~3)
    check = addToCheck(volume, from, to, check)
    const done = volume._loaded + to - at
    if (done === end) break
    loadWindow(volume, volume._whole, done)
    from = at
  }
  loadWindow(volume, volume._whole, end)
  const isWhole = volume._view.getUint32(at) === check
  loadWindow(volume, volume._whole, position)
  volume._cursor = at + head
  return isWhole
}

/** Adds bytes of the volume's memory to a check: CRC-32, or a rotating sum of words that is quicker in byte code. */
function addToCheck(volume: FlashVolume, from: number, to: number, check: number): number {
  if (volume._checksum === 1) return crc32(volume._bytes, from, to, check)
  let sum = check
  let at = from
  for (; at + 4 <= to; at += 4) sum = (((sum << 5) | (sum >>> 27)) + volume._view.getUint32(at)) | 0
  for (; at < to; at++) sum = (((sum << 5) | (sum >>> 27)) + volume._bytes[at]) | 0
  return sum >>> 0
}

/** Gives the check of a record in `block` from `at` to `end` of the volume's memory, before which it writes what the check begins with. */
function checkOf(volume: FlashVolume, at: number, end: number, block: number): number {
  const from = at - SEED_SIZE
  volume._view.setUint32(from, volume._id)
  volume._view.setUint32(from + 4, volume._sequences[block])
  return SUM32 ? addToCheck(volume, from, end, 0) : crc32Of(volume._bytes, from, end)
}

/** Takes a number of one or two bytes: seven bits, then eight more when the high bit is set. */
export function takeNumber(volume: FlashVolume): number {
  if (HAS_LONG && volume._cursor + 2 > volume._have) refill(volume)
  const first = volume._bytes[volume._cursor++]
  volume._left--
  if (first < 0x80) return first
  volume._left--
  return (first & 0x7f) | (volume._bytes[volume._cursor++] << 7)
}

/** Copies `count` bytes at the cursor into the volume's memory from `target` on, and goes on behind them. */
export function takeBytes(volume: FlashVolume, count: number, target: number): void {
  let done = 0
  while (HAS_LONG && volume._cursor + count - done > volume._have) {
    // A part that was left out may have moved the cursor beyond the window.
    const part = volume._have > volume._cursor ? volume._have - volume._cursor : 0
    copyBytes(volume._bytes, volume._cursor, volume._bytes, target + done, part)
    volume._cursor += part
    done += part
    refill(volume)
  }
  copyBytes(volume._bytes, volume._cursor, volume._bytes, target + done, count - done)
  volume._cursor += count - done
}

/** Moves the window on to where the cursor is. */
export function refill(volume: FlashVolume): void {
  volume._cursor = loadWindow(volume, volume._whole, volume._loaded + volume._cursor - volume._window)
}

/** Puts a number of one or two bytes at `at` of the volume's memory and gives the offset after it. */
export function putNumber(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  if (value < 0x80) return at + 1
  bytes[at] = 0x80 | (value & 0x7f)
  bytes[at + 1] = value >> 7
  return at + 2
}

/** Puts the head of a record before its body, which ends at `end`, and gives where the record begins. */
function putHead(volume: FlashVolume, flags: number, page: number, link: number, end: number): number {
  const bytes = volume._bytes
  const body = volume._body
  // The link's bytes come last before the body: two or three, none but in a delta.
  const linkSize = (flags & KIND) !== DELTA ? 0 : link > 0xffff ? 3 : 2
  const at = body - 1 - (end - body < 0x80 ? 1 : 2) - (page < 0x80 ? 1 : 2) - linkSize
  bytes[at] = FLAGS_MARK | flags | (linkSize === 3 ? FAR : 0)
  let head = putNumber(bytes, putNumber(bytes, at + 1, end - body), page)
  for (let rest = link; head < body; rest >>= 8) bytes[head++] = rest
  return at
}

/**
 * Programs the record whose body is in the work area, up to `end`, and gives its position. One program call and one read; a block
 * that does not read back right is not written to any more and the record goes to another one. ENOSPC.
 */
export function programRecord(
  volume: FlashVolume,
  flags: number,
  page: number,
  link: number,
  end: number,
): number {
  const at = putHead(volume, flags, page, link, end)
  const total = alignUp(volume, end + CHECK_SIZE - at)
  volume._bytes.fill(0xff, end + CHECK_SIZE, at + total)
  for (;;) {
    if (volume._sealed || volume._at + total > volume._blockLength) openBlock(volume)
    const position = volume._head * volume._blockLength + volume._at
    volume._view.setUint32(end, checkOf(volume, at, end, volume._head))
    if (program(volume, position, at, total)) {
      volume._at += total
      return position
    }
    volume._states[volume._head] = FAILING
    volume._sealed = true
    volume._checkpointDue = true
  }
}
