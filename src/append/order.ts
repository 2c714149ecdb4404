/** The order of keys in their canonical form. */
import type { Kept } from "../bytes.ts"
import { compareBytes } from "../platform.ts"

/** Orders two keys: negative, 0 or positive. */
export function compareKeys(a: Kept, b: Kept): number {
  return compareBytes(a, 0, a._length, b, 0, b._length)
}
