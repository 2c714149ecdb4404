/** What reaches the device: reads, programs that are read back, erased bytes; and the states of its erase blocks. */
import { type FlashtreeError, failure } from "../errors.ts"
import { isErased } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import { MARK_SIZE, SEED_SIZE } from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** States of an erase block. Free ones have to be erased before use, blank ones not. */
export const FREE = 0
export const BLANK = 1
export const IN_LOG = 2
/** In the log, but not to be used again. */
export const FAILING = 3
export const RETIRED = 4

/** Gives an ECORRUPT error that names the erase block and the byte offset in it (as `page` and `offset`). */
export function corruptRecord(volume: FlashVolume, position: number, message: string): FlashtreeError {
  const block = volume._first + Math.floor(position / volume._blockLength)
  const offset = position % volume._blockLength
  const error = failure("ECORRUPT", `erase block ${block}, offset ${offset}: ${message}`)
  error.page = block
  error.offset = offset
  return error
}

/** Fills `view` from `position`; what is past the end of the range is left as it is. Gives the bytes read. */
export function readFlash(volume: FlashVolume, view: Uint8Array, position: number): number {
  const left = volume._blocks * volume._blockLength - position
  const part = left < view.length ? view.subarray(0, left) : view
  volume._device.read(part, volume._base + position)
  return part.length
}

/** Programs `count` bytes of the volume's memory from `from` on at `position`; tells whether they read back right. */
export function program(volume: FlashVolume, position: number, from: number, count: number): boolean {
  const bytes = volume._bytes
  const loaded = volume._window + SEED_SIZE
  volume._device.write(bytes.subarray(from, from + count), volume._base + position)
  volume._loaded = -1
  for (let done = 0; done < count; ) {
    const end = readFlash(
      volume,
      count - done > volume._short.length ? volume._whole : volume._short,
      position + done,
    )
    for (let i = 0; i < end && done < count; i++) if (bytes[loaded + i] !== bytes[from + done++]) return false
  }
  if (!volume._blankShows && (position + count) % volume._blockLength <= volume._blockLength - MARK_SIZE) {
    readFlash(volume, volume._mark, position + count)
  }
  return true
}

/** Tells whether `count` bytes from `position` on all read 0xff. */
export function isErasedFrom(volume: FlashVolume, position: number, count: number): boolean {
  const from = volume._window + SEED_SIZE
  volume._loaded = -1
  for (let done = 0; done < count; ) {
    const read = readFlash(volume, volume._whole, position + done)
    const part = count - done < read ? count - done : read
    if (!isErased(volume._bytes, from, from + part)) return false
    done += part
  }
  return true
}

/** As streams check their arguments, in one condition. */
export function checkTransfer(capacity: number, position: number, start: number, count: number): void {
  const inside =
    position >= 0 && position <= POSITION_MAX && start >= 0 && count >= 0 && start + count <= capacity
  if (inside && (position % 1) + (start % 1) + (count % 1) === 0) return
  throw failure("EINVAL", `bytes ${start} to ${start + count} of ${capacity} at position ${position}`)
}
