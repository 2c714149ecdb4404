/** What reaches the device: reads, programs that are read back, erased bytes; and the states of its erase blocks. */

import { refuse } from "../errors.ts"
import { isErased, OPAQUE_FLASH } from "../platform.ts"
import { blockOf } from "./inline.ts"
import { MARK_SIZE, SHORT_READ } from "./layout.ts"
import type { FlashVolume } from "./volume.ts"

/** Throws an ECORRUPT error that names the erase block and the byte offset in it (as `page` and `offset`). */
export function refuseRecord(volume: FlashVolume, position: number, message: string): never {
  const block = volume._first + blockOf(volume, position)
  const offset = position % volume._blockLength
  refuse("ECORRUPT", `erase block ${block}, offset ${offset}: ${message}`, block, offset)
}

/** Fills `view` from `position`; what is past the end of the range is left as it is. volume._got is how many bytes that are. */
export function readFlash(volume: FlashVolume, view: Uint8Array, position: number): number {
  const left = volume._blocks * volume._blockLength - position
  const part = left < view.length ? view.subarray(0, left) : view
  volume._got = part.length
  return volume._device.read(part, volume._base + position)
}

/** Programs `count` bytes of the volume's memory from `from` on at `position`; tells whether they read back right. */
export function program(volume: FlashVolume, position: number, from: number, count: number): boolean {
  let part = volume._programmed
  // The same value written again makes a record as long as the last one, for which there is a view.
  if (part.byteOffset !== from || part.length !== count)
    volume._programmed = part = volume._bytes.subarray(from, from + count)
  volume._device.write(part, volume._base + position)
  const end = position + count
  if (OPAQUE_FLASH && volume._opaque && end % volume._blockLength <= volume._blockLength - MARK_SIZE)
    readFlash(volume, volume._mark, end)
  return readsAs(volume, position, from, count)
}

/** Tells whether `count` bytes from `position` on read as those of the volume's memory from `from` on; all 0xff where that is less than 0. */
export function readsAs(volume: FlashVolume, position: number, from: number, count: number): boolean {
  const bytes = volume._bytes
  let isRight = true
  volume._have = 0
  for (let done = 0; isRight && done < count; ) {
    const view = count - done > SHORT_READ ? volume._whole : volume._short
    readFlash(volume, view, position + done)
    const part = count - done < volume._got ? count - done : volume._got
    if (from < 0) isRight = isErased(bytes, volume._window, volume._window + part)
    else
      for (let i = 0; i < part; i++) if (bytes[volume._window + i] !== bytes[from + done + i]) isRight = false
    done += part
  }
  return isRight
}
