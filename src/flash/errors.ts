/** Errors that name a place on the flash. */
import { type FlashtreeError, failure } from "../errors.ts"
import type { FlashVolume } from "./volume.ts"

/** Gives an ECORRUPT error that names the erase block and the byte offset in it (as `page` and `offset`). */
export function corruptRecord(volume: FlashVolume, position: number, message: string): FlashtreeError {
  const block = Math.floor(position / volume._blockLength)
  const offset = position % volume._blockLength
  const error = failure("ECORRUPT", `erase block ${volume._first + block}, offset ${offset}: ${message}`)
  error.page = volume._first + block
  error.offset = offset
  return error
}
