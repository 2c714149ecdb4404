/** The options of open() that the core hands on: another order of keys or of bytes, and page checks. */

import type { Kept } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { itemAt } from "../page.ts"
import { itemKey } from "../search.ts"
import type { BTree } from "../tree.ts"
import type { OpenOptions } from "../types.ts"
import { swapOrder } from "./swapped.ts"

/** Checks the options and takes them over into the handle; null: the file is in the other byte order. EINVAL. */
export function adopt(this: BTree, given: OpenOptions | null): void {
  if (given === null) {
    swapOrder(this)
    return
  }
  const compare = given.compare
  const prefix = given.prefix
  const lorder = given.lorder
  if (compare !== undefined) {
    if (typeof compare !== "function") refuse("EINVAL", "compare must be a function")
    this._order = (a, aOffset, aLength, b, bOffset, bLength) =>
      compare(a._bytes.subarray(aOffset, aOffset + aLength), b._bytes.subarray(bOffset, bOffset + bLength))
    // How far that order looks is not known.
    this._shorten = (_left, size) => size
  }
  if (prefix !== undefined) {
    if (typeof prefix !== "function") refuse("EINVAL", "prefix must be a function")
    this._shorten = (left, size) => {
      const length = itemKey(this, left, itemAt(left, left._count - 1))
      const last = this._from._bytes.subarray(this._fromAt, this._fromAt + length)
      const short = prefix(last, (this._separator as Kept)._bytes.subarray(0, size))
      return short > 0 && short <= size ? short : size
    }
  }
  if (lorder !== undefined && lorder !== 0 && lorder !== 1234 && lorder !== 4321) {
    refuse("EINVAL", `lorder ${lorder}: 0, 1234 (little-endian) or 4321 (big-endian) is expected`)
  }
  if (lorder === 4321 && this._stream.size() === 0) swapOrder(this)
  this._checks = given.checksums === "adopt" ? 2 : given.checksums === true ? 1 : 0
}
