/** Reading one record: its head, then its body in order, through one small buffer. Every byte goes into the check. */
import { corruptRecord } from "./errors.ts"
import {
  CHECK_SIZE,
  CONTROL,
  CONTROL_RECORD_HEAD,
  FLAGS_MARK,
  FLAGS_MASK,
  KIND,
  PAGE_RECORD_HEAD,
  RECORD_LINK,
  RECORD_PAGE,
  RECORD_SIZE,
} from "./layout.ts"
import { addToCheck, checkSeed, readFlash } from "./ring.ts"
import type { FlashVolume } from "./volume.ts"

/** Bytes read at once of what comes after the first read. */
export const CHUNK_SIZE = 256
/** Bytes of the first read, which mostly is the whole record. */
const FIRST_READ = 96

export class RecordReader {
  declare chunk: Uint8Array
  /** The part of it that the first read of a record fills. */
  declare first: Uint8Array
  /** Position of the record; what its head says. */
  declare position: number
  declare flags: number
  declare bodySize: number
  /** Page number, or what a control record says. */
  declare page: number
  declare link: number
  /** Bytes from head to check, without padding. */
  declare size: number
  /** Bytes of head and body not yet taken. */
  declare left: number
  /** Where the flash bytes in `chunk` come from; -1 when they are something else by now. */
  declare loadedFrom: number
  declare _next: number
  declare _have: number
  declare _at: number
  declare _check: number

  constructor() {
    this.chunk = new Uint8Array(CHUNK_SIZE)
    this.first = this.chunk.subarray(0, FIRST_READ)
    this.position = 0
    this.flags = 0
    this.bodySize = 0
    this.page = 0
    this.link = 0
    this.size = 0
    this.left = 0
    this.loadedFrom = -1
    this._next = 0
    this._have = 0
    this._at = 0
    this._check = 0
  }
}

/**
 * Reads the head of the record at `position`; false when there is none that fits its block. One read of 96 bytes; or, going through
 * records in order (`scanning`), one of 256 bytes for all that they hold.
 */
export function openRecord(volume: FlashVolume, position: number, scanning: boolean): boolean {
  const reader = volume._reader
  const room = volume._blockLength - (position % volume._blockLength)
  if (room < CONTROL_RECORD_HEAD + CHECK_SIZE) return false
  const chunk = reader.chunk
  let start = position - reader.loadedFrom
  if (!scanning || reader.loadedFrom < 0 || start < 0 || start + PAGE_RECORD_HEAD > reader._have) {
    reader._have = readFlash(volume, scanning ? chunk : reader.first, position)
    reader.loadedFrom = position
    start = 0
  }
  reader.position = position
  reader.flags = chunk[start]
  if ((reader.flags & FLAGS_MASK) !== FLAGS_MARK || (reader.flags & KIND) === 0) return false
  reader.bodySize = chunk[start + RECORD_SIZE] | (chunk[start + RECORD_SIZE + 1] << 8)
  reader.page = chunk[start + RECORD_PAGE] | (chunk[start + RECORD_PAGE + 1] << 8)
  const isControl = (reader.flags & KIND) === CONTROL
  reader.link = isControl
    ? 0
    : chunk[start + RECORD_LINK] |
      (chunk[start + RECORD_LINK + 1] << 8) |
      (chunk[start + RECORD_LINK + 2] << 16)
  const head = isControl ? CONTROL_RECORD_HEAD : PAGE_RECORD_HEAD
  reader.size = head + reader.bodySize + CHECK_SIZE
  if (reader.size > room || (!isControl && reader.page >= volume._pages)) return false
  reader._next = reader.loadedFrom + reader._have
  reader._at = start
  reader._check = checkSeed(volume, position)
  reader.left = head + reader.bodySize
  skipBody(volume, head)
  return true
}

/** Takes the next byte of the body. */
export function takeByte(volume: FlashVolume): number {
  const reader = volume._reader
  if (reader.left <= 0) throw corruptRecord(volume, reader.position, "a range that ends outside its record")
  if (reader._at === reader._have) refill(volume)
  const byte = reader.chunk[reader._at]
  reader._check = addToCheck(volume, reader.chunk, reader._at, reader._at + 1, reader._check)
  reader._at++
  reader.left--
  return byte
}

/** Takes the next `count` bytes of the body into `target` (null: leaves them out). */
export function takeBytes(
  volume: FlashVolume,
  count: number,
  target: Uint8Array | null,
  offset: number,
): void {
  const reader = volume._reader
  if (count > reader.left) throw corruptRecord(volume, reader.position, "a range longer than its record")
  let done = 0
  while (done < count) {
    if (reader._at === reader._have) refill(volume)
    const room = reader._have - reader._at
    const part = count - done < room ? count - done : room
    reader._check = addToCheck(volume, reader.chunk, reader._at, reader._at + part, reader._check)
    if (target !== null) {
      for (let i = 0; i < part; i++) target[offset + done + i] = reader.chunk[reader._at + i]
    }
    reader._at += part
    done += part
  }
  reader.left -= count
}

function skipBody(volume: FlashVolume, count: number): void {
  takeBytes(volume, count, null, 0)
}

/** Takes what is left of the body and compares the check; tells whether the record is whole. */
export function recordIsWhole(volume: FlashVolume): boolean {
  const reader = volume._reader
  skipBody(volume, reader.left)
  const computed = reader._check
  for (let i = 0; i < CHECK_SIZE; i++) {
    if (reader._at === reader._have) refill(volume)
    if (reader.chunk[reader._at++] !== ((computed >>> (8 * i)) & 0xff)) return false
  }
  return true
}

function refill(volume: FlashVolume): void {
  const reader = volume._reader
  const count = readFlash(volume, reader.chunk, reader._next)
  reader.loadedFrom = reader._next
  reader._next += count
  reader._have = count
  reader._at = 0
}

/** Takes a number of one or two bytes: seven bits, then eight more when the high bit is set. */
export function takeNumber(volume: FlashVolume): number {
  const first = takeByte(volume)
  return first < 0x80 ? first : (first & 0x7f) | (takeByte(volume) << 7)
}
