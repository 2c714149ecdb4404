/**
 * Espruino's platform.ts: strings of bytes are compared and copied by native calls, since a loop costs 2 to 3 microseconds a byte
 * where a call costs 5 in all. A char code is a byte.
 */
import type { Region } from "../../src/bytes.ts"
import { refuse } from "../../src/errors.ts"
import type { Natives } from "./natives.ts"

declare const E: Natives

/** Frames made at a time: two share a DataView, which takes nine variables; an array needs its variables in one piece, so no more do. */
export const SLAB_FRAMES: number = 2
/** Page size in bytes of a new database when neither the caller nor the stream names one. */
export const DEFAULT_PAGESIZE = 512
/** The fewest frames a cache works with. */
export const CACHE_FRAMES_MIN = 5

/** Pages up to this many bytes have their records in a flash volume's memory as a whole; all that there are: larger ones would need more code. */
export const WINDOW_PAGE_MAX: number = 32768
/** Flash volumes cannot be on flash whose erased blocks do not read 0xff, as encrypted flash. */
export const OPAQUE_FLASH: boolean = false
/** Flash volumes do not know the check of records that is quicker in byte code than CRC-32. */
export const SUM32: boolean = false
/** Every comparison is a native one. */
export const WORDS = false

/** A native search through a few numbers finds a page. */
export const PAGE_HASH = false

/** The modules have no room for it. */
export const TUNING = false

/** Why a part of btree is not there. */
export const BTREE_EXTRAS = 'needs require("btree-extras")(btree)'

/** A search in place only halves: the reckoning would take as long as a read. */
export const GUESS: boolean = false

/** Orders two byte strings as unsigned bytes, a prefix before what it begins. Allocates two views and two short strings. */
export function compareBytes(
  a: Region,
  aOffset: number,
  aLength: number,
  b: Region,
  bOffset: number,
  bLength: number,
): number {
  const left = E.toString(a._bytes.subarray(aOffset, aOffset + aLength))
  const right = E.toString(b._bytes.subarray(bOffset, bOffset + bLength))
  return left < right ? -1 : left === right ? 0 : 1
}

/**
 * Gives `size` bytes of zeros. ENOMEM where less than that and 50 variables are free: when memory runs out Espruino throws nothing, and the
 * program is interrupted where it stands.
 */
export function allocate(size: number): Uint8Array<ArrayBuffer> {
  const memory = (process as unknown as { memory(gc: boolean): { free: number } }).memory(false)
  if (memory.free * 12 < size + 600) refuse("ENOMEM", `no memory for ${size} bytes`)
  return new Uint8Array(size)
}

/**
 * Copies `length` bytes; right for overlapping parts of one array too. Allocates a view. Arrays are not compared
 * here: Espruino's `===` makes a text of all the bytes of both, a thousand variables for a page.
 */
export function copyBytes(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset)
}

/** Gives the char codes of `text` as bytes. */
export function encodeText(text: string): Uint8Array {
  return E.toUint8Array(text)
}

/** Tells whether bytes [start, end) are all 0xff, as flash reads that was erased. */
export function isErased(bytes: Uint8Array, start: number, end: number): boolean {
  return E.sum(bytes.subarray(start, end)) === 255 * (end - start)
}
