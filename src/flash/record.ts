/**
 * One record: found, read in order through a window, built and programmed. The window is the flash bytes from `_loaded` on, behind
 * room for a seed; the check of a record covers the seed written before it, so stale bytes of an earlier use of the block never match.
 */
import { crc32 } from "../checksum.ts"
import { copyBytes } from "../platform.ts"
import { FAILING, program, readFlash } from "./access.ts"
import { openBlock } from "./blocks.ts"
import {
  alignUp,
  CHECK_SIZE,
  CONTROL,
  DELTA,
  FAR,
  FLAGS_MARK,
  FLAGS_MASK,
  HEAD_MAX,
  KIND,
  SEED_SIZE,
} from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** Where the body of a record begins in the work area: before it is room for seed and head. */
export const BODY = SEED_SIZE + HEAD_MAX

/** Adds bytes of the volume's memory to a check: CRC-32, or a rotating sum of words that is quicker in byte code. */
function addToCheck(volume: FlashVolume, from: number, to: number, check: number): number {
  if (volume._checksum === 1) return crc32(volume._bytes, from, to, check)
  let sum = check
  let at = from
  for (; at + 4 <= to; at += 4) sum = (((sum << 5) | (sum >>> 27)) + volume._view.getUint32(at, true)) | 0
  for (; at < to; at++) sum = (((sum << 5) | (sum >>> 27)) + volume._bytes[at]) | 0
  return sum >>> 0
}

/** Writes what the check of a record in `block` begins with before offset `at` of the volume's memory. */
function putSeed(volume: FlashVolume, at: number, block: number): void {
  volume._view.setUint32(at - SEED_SIZE, volume._id, true)
  volume._view.setUint32(at - SEED_SIZE + 4, volume._sequences[block], true)
}

/**
 * Reads the head of the record at `position`; false when there is none that fits its block. With the short view one read of 96
 * bytes; with the long one nothing where the window has it already, else one read for all that the window holds.
 */
export function openRecord(volume: FlashVolume, position: number, view: Uint8Array): boolean {
  const bytes = volume._bytes
  const room = volume._blockLength - (position % volume._blockLength)
  let at = volume._window + SEED_SIZE + position - volume._loaded
  if (view !== volume._whole || volume._loaded < 0 || at < volume._recordAt || at + HEAD_MAX > volume._have) {
    at = volume._window + SEED_SIZE
    volume._have = at + readFlash(volume, view, position)
    volume._loaded = position
  }
  volume._recordAt = at
  const flags = bytes[at]
  const kind = flags & KIND
  let body = at + 1
  let size = bytes[body++]
  if (size >= 0x80) size = (size & 0x7f) | (bytes[body++] << 7)
  let page = bytes[body++]
  if (page >= 0x80) page = (page & 0x7f) | (bytes[body++] << 7)
  let link = 0
  if (kind === DELTA) {
    link = bytes[body] | (bytes[body + 1] << 8)
    body += 2
    if ((flags & FAR) !== 0) link |= bytes[body++] << 16
  }
  volume._flags = flags
  volume._recordPage = page
  volume._link = link
  volume._left = size
  volume._cursor = body
  volume._next = position + alignUp(body - at + size + CHECK_SIZE, volume._align)
  putSeed(volume, at, Math.floor(position / volume._blockLength))
  volume._checked = at - SEED_SIZE
  volume._check = 0
  return (
    (flags & FLAGS_MASK) === FLAGS_MARK &&
    kind !== 0 &&
    size <= volume.pagesize + HEAD_MAX &&
    body - at + size + CHECK_SIZE <= room &&
    (kind === CONTROL || page < volume._pages)
  )
}

/** Moves the window on to where the cursor is. The check takes whole words, so that it does not depend on where this happens. */
function refill(volume: FlashVolume): void {
  const words = volume._checked + ((volume._cursor - volume._checked) & ~3)
  const rest = volume._cursor - words
  volume._check = addToCheck(volume, volume._checked, words, volume._check)
  const start = volume._window + SEED_SIZE
  volume._loaded += words - start
  volume._have = start + readFlash(volume, volume._whole, volume._loaded)
  volume._recordAt = start
  volume._checked = start
  volume._cursor = volume._checked + rest
}

/** Takes a number of one or two bytes: seven bits, then eight more when the high bit is set. */
export function takeNumber(volume: FlashVolume): number {
  if (volume._cursor + 2 > volume._have) refill(volume)
  const first = volume._bytes[volume._cursor++]
  volume._left--
  if (first < 0x80) return first
  volume._left--
  return (first & 0x7f) | (volume._bytes[volume._cursor++] << 7)
}

/** Takes the next `count` bytes of the body into `target` (null: leaves them out). */
export function takeBytes(
  volume: FlashVolume,
  count: number,
  target: Uint8Array | null,
  offset: number,
): void {
  volume._left -= count
  // A range that ends outside its record: that is not whole.
  if (volume._left < 0) return
  let done = 0
  while (done < count) {
    if (volume._cursor === volume._have) refill(volume)
    const room = volume._have - volume._cursor
    const part = count - done < room ? count - done : room
    if (target !== null) copyBytes(volume._bytes, volume._cursor, target, offset + done, part)
    volume._cursor += part
    done += part
  }
}

/** Takes a word of the body. */
export function takeWord(volume: FlashVolume): number {
  takeBytes(volume, 4, volume._bytes, volume._header)
  return volume._view.getUint32(volume._header, true)
}

/** Takes what is left of the body and compares the check; tells whether the record is whole. */
export function recordIsWhole(volume: FlashVolume): boolean {
  if (volume._left < 0) return false
  takeBytes(volume, volume._left, null, 0)
  if (volume._cursor + CHECK_SIZE > volume._have) refill(volume)
  const check = addToCheck(volume, volume._checked, volume._cursor, volume._check)
  return volume._view.getUint32(volume._cursor, true) === check
}

/** Puts a number of one or two bytes at `at` of the volume's memory and gives the offset after it. */
export function putNumber(bytes: Uint8Array, at: number, value: number): number {
  bytes[at] = value
  if (value < 0x80) return at + 1
  bytes[at] = 0x80 | (value & 0x7f)
  bytes[at + 1] = value >> 7
  return at + 2
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
  const bytes = volume._bytes
  const body = volume._work + BODY
  const isDelta = (flags & KIND) === DELTA
  const far = isDelta && link > 0xffff
  const at = body - 1 - (end - body < 0x80 ? 1 : 2) - (page < 0x80 ? 1 : 2) - (far ? 3 : isDelta ? 2 : 0)
  bytes[at] = FLAGS_MARK | flags | (far ? FAR : 0)
  let head = putNumber(bytes, putNumber(bytes, at + 1, end - body), page)
  for (let rest = link; head < body; rest >>= 8) bytes[head++] = rest
  const total = alignUp(end + CHECK_SIZE - at, volume._align)
  for (;;) {
    if (volume._sealed || volume._at + total > volume._blockLength) openBlock(volume)
    const position = volume._head * volume._blockLength + volume._at
    putSeed(volume, at, volume._head)
    volume._view.setUint32(end, addToCheck(volume, at - SEED_SIZE, end, 0), true)
    bytes.fill(0xff, end + CHECK_SIZE, at + total)
    if (program(volume, position, at, total)) {
      volume._at += total
      return position
    }
    volume._states[volume._head] = FAILING
    volume._sealed = true
    volume._checkpointDue = true
  }
}
