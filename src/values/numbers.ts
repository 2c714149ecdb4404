/**
 * Numbers as keys: bytes that compare as the numbers do, the most significant first. Each encoder allocates its bytes and a view. Decoders
 * take the bytes from `offset` (0) on, so that keys may be put together of several.
 */
import { refuse } from "../errors.ts"

/** Gives four bytes for a whole number from 0 to 2^32 - 1. */
export function u32be(number: number): Uint8Array {
  if (!(number >= 0 && number <= 0xffffffff && number % 1 === 0))
    refuse("EINVAL", `${number} is no unsigned 32-bit number`)
  return fourBytes(number)
}

export function decodeU32be(bytes: Uint8Array, offset?: number): number {
  return viewOf(bytes, offset, 4).getUint32(0)
}

/** Gives four bytes for a whole number from -2^31 to 2^31 - 1: negative ones first. */
export function i32(number: number): Uint8Array {
  if ((number | 0) !== number) refuse("EINVAL", `${number} is no signed 32-bit number`)
  return fourBytes(number + 0x80000000)
}

export function decodeI32(bytes: Uint8Array, offset?: number): number {
  return viewOf(bytes, offset, 4).getUint32(0) - 0x80000000
}

/** Gives eight bytes for any number but NaN; -0 is 0. The bits of a double, all of a negative one turned round, else the sign alone. */
export function f64(number: number): Uint8Array {
  if (!(number >= 0 || number < 0)) refuse("EINVAL", `${number} has no place among numbers`)
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setFloat64(0, number + 0)
  turn(bytes, bytes[0] >= 0x80)
  return bytes
}

export function decodeF64(bytes: Uint8Array, offset?: number): number {
  const view = viewOf(bytes, offset, 8)
  const copy = new Uint8Array(8)
  for (let i = 0; i < 8; i++) copy[i] = view.getUint8(i)
  turn(copy, copy[0] < 0x80)
  return new DataView(copy.buffer).getFloat64(0)
}

function turn(bytes: Uint8Array, isNegative: boolean): void {
  bytes[0] ^= 0x80
  if (isNegative) {
    bytes[0] ^= 0x7f
    for (let i = 1; i < 8; i++) bytes[i] ^= 0xff
  }
}

function fourBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, number)
  return bytes
}

function viewOf(bytes: Uint8Array, offset: number | undefined, length: number): DataView {
  const at = offset === undefined ? 0 : offset
  if (!(at >= 0 && at + length <= bytes.length && at % 1 === 0)) {
    refuse("EINVAL", `${length} bytes from ${at} on are not in ${bytes.length}`)
  }
  return new DataView(bytes.buffer, bytes.byteOffset + at, length)
}
