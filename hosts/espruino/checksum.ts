/** CRC-32 by Espruino's own `E.CRC32`, in the place of src/checksum.ts: a hundredth of the time of the loop in JavaScript. */
import type { Natives } from "./natives.ts"

declare const E: Natives

/**
 * Gives the same numbers as crc32 of src/checksum.ts. `E.CRC32` takes no seed; but a seed only meets the first four bytes, so they
 * carry it while the native runs and are put back after it; what of it is beyond fewer bytes is shifted out. Allocates a view.
 */
export function crc32(buffer: Uint8Array, start: number, end: number, seed: number): number {
  const bytes = buffer.subarray(start, end)
  let crc = 0
  // Put on twice, for the native and to take it off; a write behind the end of a view does nothing, and a shift by 32 none.
  for (let i = 0; i < 8; i++) {
    if (i === 4) crc = E.CRC32(bytes)
    bytes[i & 3] ^= (seed >>> (8 * i)) & 255
  }
  return end - start < 4 ? (crc ^ (seed >>> (8 * (end - start)))) >>> 0 : crc
}

/** Gives the CRC-32 of `buffer[start, end)` by itself. Allocates a view. */
export function crc32Of(buffer: Uint8Array, start: number, end: number): number {
  return E.CRC32(buffer.subarray(start, end))
}
