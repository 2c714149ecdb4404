/** Byte strings as the API takes them, and the two-view buffers that the engines keep them in. */
import { refuse } from "./errors.ts"
import { allocate, copyBytes, encodeText } from "./platform.ts"

/** What is accepted wherever a key or a value is given; a string means its bytes as platform.ts encodes them. */
export type Bytes = Uint8Array | ArrayBuffer | string

/** One ArrayBuffer seen both ways: bytes to copy, a view to read words. Frames are regions too, from their base on. */
export interface Region {
  _bytes: Uint8Array
  _view: DataView
}

/** A region of one's own: bytes [0, _length) of it are in use, of the _size that it has. */
export interface Kept extends Region {
  _size: number
  _length: number
}

/**
 * Puts bytes [offset, offset + length) of `source` into `kept`, or only makes room for them where `source` is null, and gives it: or a
 * new one with more than twice the room where it was too small (null: one of just that room). Kept bytes grow, and seldom. ENOMEM.
 */
export function keep(kept: Kept | null, source: Uint8Array | null, offset: number, length: number): Kept {
  let result = kept
  if (result === null || result._size < length) {
    let room = result === null ? length : result._size
    while (room < length) room = room * 2 + 16
    const bytes = allocate(room)
    result = { _bytes: bytes, _view: new DataView(bytes.buffer), _length: 0, _size: room }
  }
  if (source !== null) {
    if (offset === 0 && length === source.length) result._bytes.set(source)
    else copyBytes(source, offset, result._bytes, 0, length)
  }
  result._length = length
  return result
}

/** Gives the bytes that `value` means: itself, a view of an ArrayBuffer, or a fresh encoding of a string. EINVAL for the rest. */
export function toBytes(value: Bytes, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === "string") return encodeText(value)
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  refuse("EINVAL", `the ${what} is ${typeof value}, not Uint8Array, ArrayBuffer or string`)
}

/**
 * Gives how many of `length` bytes fit into `target` from `offset`. EINVAL when that is not a place in a Uint8Array.
 */
export function roomIn(target: Uint8Array, offset: number, length: number): number {
  if (!(target instanceof Uint8Array) || !(offset >= 0 && offset <= target.length && offset % 1 === 0)) {
    refuse("EINVAL", `no offset ${offset} in the target`)
  }
  const room = target.length - offset
  return length < room ? length : room
}
