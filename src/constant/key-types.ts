/** The key type of whole numbers of 32 bits, and the order of keys; keys/ has the other types, which Espruino has in a module of their own. */
import { refuse } from "../errors.ts"
import { GUESS } from "../platform.ts"
import { U32 } from "./layout.ts"
import type { AnyKeyType, KeyType } from "./types.ts"

/** Whole numbers from 0 to 4294967295, in their order. */
export const uint32: KeyType<number> = {
  size: 4,
  compare: (a, aOffset, b, bOffset) => a.getUint32(aOffset, true) - b.getUint32(bOffset, true),
  encode: (key, into, at) => {
    if (!(typeof key === "number" && key >= 0 && key < U32 && key % 1 === 0))
      refuse("EINVAL", `the key is ${key}, not 0 to 4294967295`)
    into.setUint32(at, key, true)
  },
  decode: (from, at) => from.getUint32(at, true),
  toNumber: GUESS ? (from, at) => from.getUint32(at, true) : undefined,
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
