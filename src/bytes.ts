/** Byte strings as the API takes them, and the two-view buffers that the engines keep them in. */
import { failure } from "./errors.ts"
import { copyBytes, encodeText, textSize } from "./platform.ts"

/** What is accepted wherever a key or a value is given; a string means its bytes as platform.ts encodes them. */
export type Bytes = Uint8Array | ArrayBuffer | string

/** One ArrayBuffer seen both ways: bytes to copy, a view to read words. Frames are regions too, from their base on. */
export interface Region {
  bytes: Uint8Array
  view: DataView
}

/** Gives a new zeroed region of `size` bytes; ENOMEM where the engine says that there is no memory. */
export function makeRegion(size: number): Region {
  let bytes: Uint8Array
  try {
    bytes = new Uint8Array(size)
  } catch (cause) {
    throw failure("ENOMEM", `no memory for a buffer of ${size} bytes`, cause)
  }
  return { bytes: bytes, view: new DataView(bytes.buffer, bytes.byteOffset, size) }
}

/** Gives `region` when it holds `size` bytes, else a larger one (the old contents are not kept). Buffers only grow. */
export function growRegion(region: Region, size: number): Region {
  if (region.bytes.length >= size) return region
  let room = region.bytes.length
  while (room < size) room *= 2
  return makeRegion(room)
}

/** Gives a fresh copy of a part of `source`. */
export function copyOut(source: Uint8Array, offset: number, length: number): Uint8Array {
  const result = new Uint8Array(length)
  copyBytes(source, offset, result, 0, length)
  return result
}

/** Gives the bytes that `value` means: itself, a view of an ArrayBuffer, or a fresh encoding of a string. EINVAL for the rest. */
export function toBytes(value: Bytes, what: string): Uint8Array {
  if (value instanceof Uint8Array) return value
  if (typeof value === "string") {
    const result = new Uint8Array(textSize(value))
    encodeText(value, result, 0)
    return result
  }
  if (value instanceof ArrayBuffer) return new Uint8Array(value)
  throw failure(
    "EINVAL",
    `a ${what} must be a Uint8Array, an ArrayBuffer or a string, not ${describe(value)}`,
  )
}

/** Gives the offset (0 when left out) at which a result is to go into `target`. EINVAL when it is not a place in a Uint8Array. */
export function checkTarget(target: Uint8Array, offset: number | undefined): number {
  if (!(target instanceof Uint8Array))
    throw failure("EINVAL", `the target must be a Uint8Array, not ${describe(target)}`)
  const at = offset === undefined ? 0 : offset
  if (!(at >= 0 && at <= target.length && at % 1 === 0)) {
    throw failure("EINVAL", `offset ${at} in a target of ${target.length} bytes`)
  }
  return at
}

function describe(value: unknown): string {
  return value === null ? "null" : typeof value
}
