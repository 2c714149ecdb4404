/** Names: their hash and their order. */
import { crc32Of } from "../../checksum.ts"
import { ORDER_KEY } from "./layout.ts"

/** Gives the key that a name has unless another one has it. */
export function hashOf(name: Uint8Array): number {
  const hash = crc32Of(name, 0, name.length)
  return hash === ORDER_KEY ? 0 : hash
}

/** Orders two names as unsigned bytes, a prefix before what it begins. */
export function compareNames(a: Uint8Array, b: Uint8Array): number {
  const common = a.length < b.length ? a.length : b.length
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] - b[i]
  return a.length - b.length
}
