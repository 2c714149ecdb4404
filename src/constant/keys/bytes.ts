/** Bytes as keys. */
import { type Bytes, toBytes } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import type { KeyType } from "../types.ts"

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
