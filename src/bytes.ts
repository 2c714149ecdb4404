/** Byte strings as the API takes them, and the two-view buffers that the engines keep them in. */
import { failure } from "./errors.ts"
import { encodeText } from "./platform.ts"

/** What is accepted wherever a key or a value is given; a string means its bytes as platform.ts encodes them. */
export type Bytes = Uint8Array | ArrayBuffer | string

/** One ArrayBuffer seen both ways: bytes to copy, a view to read words. Frames are regions too, from their base on. */
export interface Region {
  _bytes: Uint8Array
  _view: DataView
}

/** A region of one's own, with its length in bytes. */
export interface Buffer extends Region {
  _size: number
}

/**
 * Gives `buffer` when it holds `size` bytes, else a new one with more than twice its room (the old contents are not kept), or of
 * `size` bytes where there was none. Buffers only grow, and seldom. ENOMEM where the engine says that there is no memory.
 */
export function growBuffer(buffer: Buffer | null, size: number): Buffer {
  if (buffer !== null && buffer._size >= size) return buffer
  let room = buffer === null ? size : buffer._size
  while (room < size) room = room * 2 + 16
  try {
    const bytes = new Uint8Array(room)
    return { _bytes: bytes, _view: new DataView(bytes.buffer, bytes.byteOffset, room), _size: room }
  } catch (cause) {
    throw failure("ENOMEM", `no memory for ${room} bytes`, cause)
  }
}

/** Gives the bytes that `value` means: itself, a view of an ArrayBuffer, or a fresh encoding of a string. EINVAL for the rest. */
export function toBytes(value: Bytes, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === "string") {
    const result = new Uint8Array(encodeText(value, null))
    encodeText(value, result)
    return result
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw failure("EINVAL", `the ${what} is ${typeof value}: a Uint8Array, ArrayBuffer or string is expected`)
}

/** Gives the offset (0 when left out) at which a result is to go into `target`. EINVAL when it is not a place in a Uint8Array. */
export function checkTarget(target: Uint8Array, offset: number | undefined): number {
  const at = offset === undefined ? 0 : offset
  if (!(target instanceof Uint8Array) || !(at >= 0 && at <= target.length && at % 1 === 0)) {
    throw failure("EINVAL", `offset ${at}: a place in a target Uint8Array is expected`)
  }
  return at
}
