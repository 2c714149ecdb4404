/** Whole numbers of 64 bits as keys. */
import { refuse } from "../../errors.ts"
import { U32 } from "../layout.ts"
import type { KeyType } from "../types.ts"

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
