/**
 * Espruino's platform.ts: strings of bytes are compared and copied by native calls, since a loop costs 2 to 3 microseconds a byte
 * where a call costs 5 in all. A char code is a byte. A slab is one frame, because an array needs its variables in one piece.
 */
import type { Region } from "../../src/bytes.ts"
import type { Natives } from "./natives.ts"

declare const E: Natives

/** Frames made at a time. */
export const SLAB_FRAMES = 1
/** Page size in bytes of a new database when neither the caller nor the stream names one. */
export const DEFAULT_PAGESIZE = 512
/** The fewest frames a cache works with. */
export const CACHE_FRAMES_MIN = 5

/** Orders two byte strings as unsigned bytes, a prefix before what it begins. Allocates two views and two short strings. */
export function compareBytes(
  a: Region,
  aOffset: number,
  aLength: number,
  b: Region,
  bOffset: number,
  bLength: number,
): number {
  const left = E.toString(a.bytes.subarray(aOffset, aOffset + aLength))
  const right = E.toString(b.bytes.subarray(bOffset, bOffset + bLength))
  return left < right ? -1 : left === right ? 0 : 1
}

/** Copies `length` bytes; right for overlapping parts of one array too. Allocates a view when it is more than a few. */
export function copyBytes(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  if (length > 2 || source === target) {
    target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset)
  } else {
    for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i]
  }
}

/** Copies between regions, which may be the same one. */
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
 * against the old ones. The target has room.
 */
export function replaceBytes(
  source: Region,
  offset: number,
  length: number,
  target: Region,
  oldLength: number,
): number {
  const order = compareBytes(source, offset, length, target, 0, oldLength)
  copyBytes(source.bytes, offset, target.bytes, 0, length)
  return order
}

/** Sets `length` bytes to zero. */
export function zeroBytes(target: Region, offset: number, length: number): void {
  target.bytes.fill(0, offset, offset + length)
}

/** Gives the number of bytes that `text` takes: one a char code. */
export function textSize(text: string): number {
  return text.length
}

/** Puts the char codes of `text` into `target` from `offset`. */
export function encodeText(text: string, target: Uint8Array, offset: number): void {
  // An array takes a string here as it takes another array.
  target.set(text as unknown as ArrayLike<number>, offset)
}
