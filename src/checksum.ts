/**
 * Checksums of what is written to a medium. Nothing here allocates or does work when the module is loaded.
 */

// The remainders of the 16 nibbles for the reflected polynomial 0xEDB88320. Sixteen entries instead of 256:
// the table costs 1 KB less where numbers take 16 bytes each, and a byte takes two steps instead of one.
const REMAINDERS: readonly number[] = [
  0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
  0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]

/**
 * Gives the CRC-32 (ISO 3309, as in zlib and PNG) of `buffer[start, end)` as an unsigned 32-bit number.
 * `seed` is 0 for a checksum of its own, or the CRC-32 of what precedes: `crc32(b, m, e, crc32(b, s, m, 0))`
 * is `crc32(b, s, e, 0)`. For the same bytes two seeds never give the same result. Allocates nothing.
 */
export function crc32(buffer: Uint8Array, start: number, end: number, seed: number): number {
  const remainders = REMAINDERS
  let crc = ~seed
  for (let i = start; i < end; i++) {
    crc ^= buffer[i]
    crc = (crc >>> 4) ^ remainders[crc & 15]
    crc = (crc >>> 4) ^ remainders[crc & 15]
  }
  return ~crc >>> 0
}

/** Gives the CRC-32 of `buffer[start, end)` by itself. */
export function crc32Of(buffer: Uint8Array, start: number, end: number): number {
  return crc32(buffer, start, end, 0)
}
