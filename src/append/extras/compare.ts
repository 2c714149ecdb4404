/** The order of keys. */
import { type Bytes, keep } from "../../bytes.ts"
import { takeKey } from "../keys.ts"
import { compareKeys } from "../order.ts"
import type { AppendTree } from "../tree.ts"

export function compare(this: AppendTree, a: Bytes, b: Bytes): number {
  this._refuseClosed()
  takeKey(this, a)
  const third = keep(this._third, this._key._bytes, 0, this._key._length)
  takeKey(this, b)
  return compareKeys(third, this._key)
}
