/**
 * Several values for one key. Equal keys keep the order of their puts; searches go to the left of all equals and reach the right
 * neighbour along the path, so that the path is always true (spec section 16, defect Q8). A cursor is (key, n-th equal).
 */
import { corruption } from "../../errors.ts"
import { type Cursor, ON } from "../cursor.ts"
import { takeKey } from "../handle.ts"
import { itemAt, itemCount } from "../page.ts"
import { itemKey, nextLeaf, search } from "../search.ts"
import type { BTree } from "../tree.ts"

/**
 * Goes to the `ordinal`-th record with the search key and tells whether it is there; if not, to the place after the last one.
 * Sets tree._ordinal to how many equal records stand before that place.
 */
export function findEqual(this: BTree, ordinal: number): boolean {
  search(this, -1)
  this._ordinal = 0
  do {
    const leaf = this._leaf
    const count = itemCount(leaf)
    for (; this._index < count; this._index++) {
      leaf._pin = this._cache._call
      const length = itemKey(this, leaf, itemAt(leaf, this._index))
      if (this._order(this._key, 0, this._keyLength, this._from, this._fromAt, length) !== 0) return false
      if (this._ordinal === ordinal) return true
      this._ordinal++
    }
    leaf._pin = 0
  } while (nextLeaf(this))
  return false
}

/** Gives which of its equals the record is that a cursor has just reached (`order`: from where, `same`: with the same key). */
export function ordinalOf(this: BTree, cursor: Cursor, order: number, same: boolean): number {
  const on = cursor._state === ON
  if (order > 0) return same ? cursor._ordinal + (on ? 1 : 0) : 0
  if (order < 0 && same && on) return cursor._ordinal - 1
  takeKey(this, cursor._key._bytes.subarray(0, cursor._keyLength))
  search(this, -1)
  let ordinal = 0
  while (this._leaf._pgno !== cursor._page) {
    ordinal += itemCount(this._leaf) - this._index
    if (!nextLeaf(this)) throw corruption(cursor._page, 0, "a leaf that the tree does not lead to")
  }
  return ordinal + cursor._index - this._index
}
