/**
 * What differs between engines, chosen at bundle time: rollup.config.mjs puts a host's own platform.ts in the place of
 * this one. This is the portable version (Node, and any engine with DataView); docs/DESIGN.md section 3.3 lists the seam.
 */
import type { Region } from "./bytes.ts"
import { failure } from "./errors.ts"

/** Frames made at a time: one ArrayBuffer each time the pool grows. */
export const SLAB_FRAMES = 16
/** Page size in bytes of a new database when neither the caller nor the stream names one. */
export const DEFAULT_PAGESIZE = 4096
/** The fewest frames a cache works with (1.85's MINCACHE). */
export const CACHE_FRAMES_MIN = 5

/** Orders two byte strings as unsigned bytes, a prefix before what it begins: negative, 0 or positive. Allocates nothing. */
export function compareBytes(
  a: Region,
  aOffset: number,
  aLength: number,
  b: Region,
  bOffset: number,
  bLength: number,
): number {
  const aView = a.view
  const bView = b.view
  const common = aLength < bLength ? aLength : bLength
  let i = 0
  // Big-endian words keep the order of the bytes they are made of.
  for (; i + 4 <= common; i += 4) {
    const order = aView.getUint32(aOffset + i) - bView.getUint32(bOffset + i)
    if (order !== 0) return order
  }
  for (; i < common; i++) {
    const order = a.bytes[aOffset + i] - b.bytes[bOffset + i]
    if (order !== 0) return order
  }
  return aLength - bLength
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

/** Copies between regions, which may be the same one. Allocates nothing. */
export function moveBytes(
  source: Region,
  sourceOffset: number,
  target: Region,
  targetOffset: number,
  length: number,
): void {
  copyBytes(source.bytes, sourceOffset, target.bytes, targetOffset, length)
}

/**
 * Puts `length` bytes of `source` at the start of `target`, where `oldLength` bytes stand, and tells how the new bytes order
 * against the old ones. Equal beginnings are not written. The target has room. Allocates nothing.
 */
export function replaceBytes(
  source: Region,
  offset: number,
  length: number,
  target: Region,
  oldLength: number,
): number {
  const from = source.view
  const to = target.view
  const common = length < oldLength ? length : oldLength
  let order = 0
  let i = 0
  for (; i + 4 <= common; i += 4) {
    const word = from.getUint32(offset + i)
    order = word - to.getUint32(i)
    if (order !== 0) break
  }
  for (; order === 0 && i < common; i++) order = source.bytes[offset + i] - target.bytes[i]
  if (order === 0) order = length - oldLength
  else i &= ~3
  for (; i + 4 <= length; i += 4) to.setUint32(i, from.getUint32(offset + i))
  for (; i < length; i++) target.bytes[i] = source.bytes[offset + i]
  return order
}

/** Sets `length` bytes to zero. */
export function zeroBytes(target: Region, offset: number, length: number): void {
  target.bytes.fill(0, offset, offset + length)
}

/** Gives the number of bytes `text` takes when encoded. Throws EINVAL for a lone surrogate. */
export function textSize(text: string): number {
  let size = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x80) size += 1
    else if (code < 0x800) size += 2
    else if (code < 0xd800 || code > 0xdfff) size += 3
    else {
      const next = i + 1 < text.length ? text.charCodeAt(i + 1) : 0
      if (code > 0xdbff || next < 0xdc00 || next > 0xdfff) {
        throw failure("EINVAL", `the string has a lone surrogate at index ${i}: it has no UTF-8 form`)
      }
      size += 4
      i++
    }
  }
  return size
}

/** Encodes `text` as UTF-8 into `target`, which must have room for textSize(text) bytes from `offset`. */
export function encodeText(text: string, target: Uint8Array, offset: number): void {
  let at = offset
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i)
    if (code < 0x80) {
      target[at++] = code
      continue
    }
    if (code < 0x800) {
      target[at++] = 0xc0 | (code >> 6)
    } else {
      if (code >= 0xd800 && code <= 0xdfff) {
        code = 0x10000 + ((code & 0x3ff) << 10) + (text.charCodeAt(++i) & 0x3ff)
        target[at++] = 0xf0 | (code >> 18)
        target[at++] = 0x80 | ((code >> 12) & 0x3f)
      } else {
        target[at++] = 0xe0 | (code >> 12)
      }
      target[at++] = 0x80 | ((code >> 6) & 0x3f)
    }
    target[at++] = 0x80 | (code & 0x3f)
  }
}

/** Tells whether bytes [start, end) are all 0xff, as flash reads that was erased. */
export function isErased(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0xff) return false
  return true
}
