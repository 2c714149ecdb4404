/**
 * What differs on XS from src/platform.ts: a move by the engine costs about 1,000 machine instructions whatever its length, a byte in
 * byte code 1,200, and a view of a part 2,700 and four slots (counted with cachegrind, SDK 8.2). Memory comes in small pieces.
 */
import type { Region } from "../../src/bytes.ts"
import { encodeText as portableEncodeText, textSize as portableTextSize } from "../../src/platform.ts"

export * from "../../src/platform.ts"

/** Frames made at a time: an allocation that fails is a restart of the board, so it asks for little. */
export const SLAB_FRAMES = 4
/** Page size in bytes of a new database when neither the caller nor the stream names one. */
export const DEFAULT_PAGESIZE = 512

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

/** Copies between regions, which may be the same one. Allocates nothing up to 48 bytes. */
export function moveBytes(
  source: Region,
  sourceOffset: number,
  target: Region,
  targetOffset: number,
  length: number,
): void {
  if (source.bytes === target.bytes || length > 48) {
    copyBytes(source.bytes, sourceOffset, target.bytes, targetOffset, length)
    return
  }
  const from = source.view
  const to = target.view
  let i = 0
  for (; i + 4 <= length; i += 4) to.setUint32(targetOffset + i, from.getUint32(sourceOffset + i))
  for (; i < length; i++) target.bytes[targetOffset + i] = source.bytes[sourceOffset + i]
}

/** Sets `length` bytes to zero: the first few one by one, then by copies of what is zero already. */
export function zeroBytes(target: Region, offset: number, length: number): void {
  const bytes = target.bytes
  let done = Math.min(length, 8)
  for (let i = 0; i < done; i++) bytes[offset + i] = 0
  while (done < length) {
    const more = Math.min(done, length - done)
    bytes.copyWithin(offset + done, offset, offset + more)
    done += more
  }
}

interface XsArrayBuffer {
  fromString(text: string): ArrayBuffer
}

interface XsString {
  /** Where strings are UTF-8 inside; absent where surrogate pairs are kept as two units of three bytes. */
  fromArrayBuffer?: unknown
}

/** The first byte of a surrogate, and of the characters U+D000 to U+D7FF. */
const SURROGATE = 0xed

/** Gives the number of bytes `text` takes when encoded. Throws EINVAL for a lone surrogate. Allocates about 9 slots and a copy. */
export function textSize(text: string): number {
  const bytes = (ArrayBuffer as unknown as XsArrayBuffer).fromString(text)
  const utf8 = (String as unknown as XsString).fromArrayBuffer !== undefined
  const sound = utf8
    ? (text as unknown as { isWellFormed(): boolean }).isWellFormed()
    : new Uint8Array(bytes).indexOf(SURROGATE) < 0
  return sound ? bytes.byteLength : portableTextSize(text)
}

/** Encodes `text` as UTF-8 into `target`, which must have room for textSize(text) bytes from `offset`. */
export function encodeText(text: string, target: Uint8Array, offset: number): void {
  const bytes = new Uint8Array((ArrayBuffer as unknown as XsArrayBuffer).fromString(text))
  const utf8 = (String as unknown as XsString).fromArrayBuffer !== undefined
  if (utf8 || bytes.indexOf(SURROGATE) < 0) target.set(bytes, offset)
  else portableEncodeText(text, target, offset)
}
