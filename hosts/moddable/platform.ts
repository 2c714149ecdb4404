/**
 * What differs on XS from src/platform.ts: a move by the engine costs about 1,000 machine instructions whatever its length, a byte in
 * byte code 1,200, a view of a part 2,700 and four slots, and a character of a string two slots (counted with cachegrind, SDK 8.2).
 * Memory comes in small pieces.
 */
import { encodeText as portableEncodeText } from "../../src/platform.ts"

export * from "../../src/platform.ts"

/** Frames made at a time: an allocation that fails is a restart of the board, so it asks for little. */
export const SLAB_FRAMES = 4
/** Page size in bytes of a new database when neither the caller nor the stream names one. */
export const DEFAULT_PAGESIZE = 512

/** Why a part of btree is not there: a mod has the core of it. */
export const BTREE_EXTRAS = "not in the mod: it needs flashtree/btree preloaded in the host"

/** Copies `length` bytes; right for overlapping parts of one array too. Allocates a view, unless all of `source` is copied. */
export function copyBytes(
  source: Uint8Array,
  sourceOffset: number,
  target: Uint8Array,
  targetOffset: number,
  length: number,
): void {
  if (source === target) target.copyWithin(targetOffset, sourceOffset, sourceOffset + length)
  else if (length === source.length && sourceOffset === 0) target.set(source, targetOffset)
  else if (length > 12) target.set(source.subarray(sourceOffset, sourceOffset + length), targetOffset)
  else for (let i = 0; i < length; i++) target[targetOffset + i] = source[sourceOffset + i]
}

interface XsArrayBuffer {
  fromString(text: string): ArrayBuffer
}

interface XsText {
  /** Missing in older engines. */
  isWellFormed?(): boolean
}

/** The first byte of a surrogate, and of the characters U+D000 to U+D7FF. */
const SURROGATE = 0xed

/**
 * Gives the UTF-8 bytes of `text`, in an array of just their number. Throws EINVAL for a lone surrogate. Allocates 9 slots and the
 * bytes.
 */
export function encodeText(text: string): Uint8Array {
  const bytes = new Uint8Array((ArrayBuffer as unknown as XsArrayBuffer).fromString(text))
  // Where strings keep surrogate pairs apart, or nothing tells, each byte is looked at.
  const told = (String as unknown as { fromArrayBuffer?: unknown }).fromArrayBuffer !== undefined
  const wellFormed = (text as unknown as XsText).isWellFormed
  const sound = told && wellFormed !== undefined ? wellFormed.call(text) : bytes.indexOf(SURROGATE) < 0
  return sound ? bytes : portableEncodeText(text)
}
