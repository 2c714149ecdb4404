/** The key types that the original's own files have: whole numbers of 32 and 64 bits, and bytes. */
import { type Bytes, toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { U32 } from "./layout.ts"
import type { AnyKeyType, KeyType } from "./types.ts"

/** Whole numbers from 0 to 4294967295, in their order. */
export const uint32: KeyType<number> = {
  size: 4,
  compare: (a, aOffset, b, bOffset) => a.getUint32(aOffset, true) - b.getUint32(bOffset, true),
  encode: (key, into, at) => {
    if (!(typeof key === "number" && key >= 0 && key < U32 && key % 1 === 0))
      refuse("EINVAL", `the key is ${key}, expected a whole number from 0 to 4294967295`)
    into.setUint32(at, key, true)
  },
  decode: (from, at) => from.getUint32(at, true),
  toNumber: (from, at) => from.getUint32(at, true),
}

/**
 * Whole numbers from 0 to 2^64 - 1, in their order. Keys are given as a bigint, or as a number up to 2^53 - 1, and come back as a bigint;
 * on an engine without these (Espruino) as a number.
 */
export const uint64: KeyType<bigint | number> = {
  size: 8,
  compare: (a, aOffset, b, bOffset) => {
    const order = a.getUint32(aOffset + 4, true) - b.getUint32(bOffset + 4, true)
    return order === 0 ? a.getUint32(aOffset, true) - b.getUint32(bOffset, true) : order
  },
  encode: (key, into, at) => {
    const isNumber = typeof key === "number"
    const limit = isNumber ? 9007199254740992 : U32 * U32
    if (!(isNumber ? key % 1 === 0 : typeof key === "bigint") || !(key >= 0 && key < limit))
      refuse("EINVAL", `the key is ${key}, expected a bigint from 0 to 2^64 - 1 or a whole number below 2^53`)
    if (!isNumber) into.setBigUint64(at, key, true)
    else {
      into.setUint32(at, key % U32, true)
      into.setUint32(at + 4, Math.floor(key / U32), true)
    }
  },
  decode: (from, at) =>
    typeof from.getBigUint64 === "function"
      ? from.getBigUint64(at, true)
      : from.getUint32(at + 4, true) * U32 + from.getUint32(at, true),
  toNumber: (from, at) => from.getUint32(at + 4, true) * U32 + from.getUint32(at, true),
}

/** Gives the key type of `size` bytes, in the order of unsigned bytes. Keys come back as fresh arrays. @throws EINVAL no size */
export function bytes(size: number): KeyType<Bytes> {
  if (!(size >= 1 && size <= 65535 && size % 1 === 0))
    refuse("EINVAL", `a key size of ${size}: 1 to 65535 is expected`)
  return {
    size: size,
    encode: (key, into, at) => {
      const given = toBytes(key, "key")
      if (given.length !== size) refuse("EINVAL", `the key has ${given.length} bytes, expected ${size}`)
      for (let i = 0; i < size; i++) into.setUint8(at + i, given[i])
    },
    decode: (from, at) => {
      const key = new Uint8Array(size)
      for (let i = 0; i < size; i++) key[i] = from.getUint8(at + i)
      return key
    },
  }
}

/** Orders two stored keys of a type. */
export function compareKeys(
  type: AnyKeyType,
  a: DataView,
  aOffset: number,
  b: DataView,
  bOffset: number,
): number {
  if (type.compare !== undefined) return type.compare(a, aOffset, b, bOffset)
  const size = type.size
  for (let i = 0; i < size; i++) {
    const order = a.getUint8(aOffset + i) - b.getUint8(bOffset + i)
    if (order !== 0) return order
  }
  return 0
}
