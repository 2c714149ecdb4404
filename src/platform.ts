/**
 * What differs between engines, chosen at bundle time: rollup.config.mjs puts a host's own platform.ts in the place of
 * this one. This is the portable version (Node, and any engine with DataView); docs/DESIGN.md section 3.3 lists the seam.
 */
import type { Region } from "./bytes.ts"
import { failure } from "./errors.ts"

/** Frames made at a time: one ArrayBuffer each time the pool grows. */
export const SLAB_FRAMES: number = 16
/** Page size in bytes of a new database when neither the caller nor the stream names one. */
export const DEFAULT_PAGESIZE = 4096
/** The fewest frames a cache works with (1.85's MINCACHE). */
export const CACHE_FRAMES_MIN = 5

/** Pages up to this many bytes have their records in a flash volume's memory as a whole; those of larger ones come piece by piece, since memory is bounded. */
export const WINDOW_PAGE_MAX: number = 768
/** Flash volumes can be on flash whose erased blocks do not read 0xff, as encrypted flash. */
export const OPAQUE_FLASH: boolean = true
/** Flash volumes know the check of records that is quicker in byte code than CRC-32. */
export const SUM32: boolean = true

/**
 * True where comparing four bytes as one big-endian word is quicker than calling compareBytes; false where that is native
 * code and every other step is slow (Espruino).
 */
export const WORDS = true

/** True where a cache may have so many frames that pages have to be found by a hash of their number; false: by a native search. */
export const PAGE_HASH: boolean = true

/** False where src/btree/tuning is never there: the places where it would be asked are left out. */
export const TUNING: boolean = true

/** Why a part of btree is not there, where it can be left out: what to do. */
export const BTREE_EXTRAS = 'needs require("btree-extras")(btree)'

/** A search in place guesses where its key is, because a read takes longer than the reckoning; where steps are slow (Espruino) it halves. */
export const GUESS: boolean = true

/** Orders two byte strings as unsigned bytes, a prefix before what it begins: negative, 0 or positive. Allocates nothing. */
export function compareBytes(
  a: Region,
  aOffset: number,
  aLength: number,
  b: Region,
  bOffset: number,
  bLength: number,
): number {
  const aView = a._view
  const bView = b._view
  const common = aLength < bLength ? aLength : bLength
  let i = 0
  // Big-endian words keep the order of the bytes they are made of.
  for (; i + 4 <= common; i += 4) {
    const order = aView.getUint32(aOffset + i) - bView.getUint32(bOffset + i)
    if (order !== 0) return order
  }
  for (; i < common; i++) {
    const order = a._bytes[aOffset + i] - b._bytes[bOffset + i]
    if (order !== 0) return order
  }
  return aLength - bLength
}

/** Gives `size` bytes of zeros. ENOMEM where the engine says that there is no memory. */
export function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size)
  } catch (cause) {
    throw failure("ENOMEM", `no memory for ${size} bytes`, cause)
  }
}

/** Copies `length` bytes; right for overlapping parts of one region too. Allocates nothing that lasts. */
export function copyBytes(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  if (source === target) {
    target.copyWithin(targetOffset, sourceOffset, sourceOffset + length)
  } else if (length > 48) {
    target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset)
  } else {
    for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i]
  }
}

/** Gives the UTF-8 bytes of `text`, in an array of just their number. Throws EINVAL for a lone surrogate. */
export function encodeText(string: string): Uint8Array {
  // XS makes an object of a string for each of its methods' calls: here it is one already.
  const text: string = Object(string)
  const length = text.length
  let size = length
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i)
    // Of a surrogate pair, each half takes two bytes.
    if (code > 0x7f) size += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2
  }
  const target = new Uint8Array(size)
  let at = 0
  for (let i = 0; i < length; i++) {
    let code = text.charCodeAt(i)
    if (code < 0x80) {
      target[at++] = code
      continue
    }
    let bytes = code < 0x800 ? 2 : 3
    if (code >= 0xd800 && code < 0xe000) {
      const next = i + 1 < length ? text.charCodeAt(i + 1) : 0
      if (code > 0xdbff || next < 0xdc00 || next > 0xdfff) {
        throw failure("EINVAL", `the string has a lone surrogate at index ${i}: it has no UTF-8 form`)
      }
      code = 0x10000 + ((code & 0x3ff) << 10) + (next & 0x3ff)
      bytes = 4
      i++
    }
    // Six bits a byte from the last one back; the first byte tells how many there are.
    for (let last = at + bytes - 1; last > at; last--) {
      target[last] = 0x80 | (code & 0x3f)
      code >>= 6
    }
    target[at] = ((0xf00 >> bytes) & 0xff) | code
    at += bytes
  }
  return target
}

/** Tells whether bytes [start, end) are all 0xff, as flash reads that was erased. */
export function isErased(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0xff) return false
  return true
}
