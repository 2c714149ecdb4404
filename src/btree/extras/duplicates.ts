/**
 * Several values for one key. Equal keys keep the order of their puts; searches go to the left of all equals and reach the right
 * neighbour along the path, so that the path is always true (spec section 16, defect Q8). A cursor is (key, n-th equal).
 */
import { keep } from "../../bytes.ts"
import { corrupt } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Cursor } from "../cursor.ts"
import { CHILD, INTERNAL, LEAF } from "../layout.ts"
import { itemAt } from "../page.ts"
import { itemKey, search } from "../search.ts"
import { ON } from "../states.ts"
import type { BTree } from "../tree.ts"

/**
 * Goes to the first record of the leaf after the path's leaf, along the path, which stays true; false, staying there, at the end of the
 * tree.
 */
function nextLeaf(tree: BTree): boolean {
  const cache = tree._cache
  const own = tree._leaf._pgno
  let level = tree._depth - 1
  // Up to the first page with an item to the right of the path, then down to the left.
  while (level >= 0 && ++tree._slots[level] >= fetchPage(cache, tree._path[level], INTERNAL)._count) {
    tree._slots[level]--
    level--
  }
  if (level < 0) {
    // The pages above may have displaced the leaf.
    tree._leaf = fetchPage(cache, own, LEAF)
    return false
  }
  let frame = fetchPage(cache, tree._path[level], INTERNAL)
  while (frame._kind === INTERNAL) {
    const child = frame._view.getUint32(itemAt(frame, tree._slots[level]) + CHILD, true)
    if (++level > tree._pages) corrupt(child, 0, "a circle of pages")
    tree._path[level] = child
    tree._slots[level] = 0
    frame = fetchPage(cache, child, INTERNAL | LEAF)
  }
  tree._leaf = frame
  tree._index = 0
  tree._depth = level
  return true
}

/**
 * Goes to the `ordinal`-th record with the search key and tells whether it is there; if not, to the place after the last one.
 * Sets tree._nth to how many equal records stand before that place.
 */
export function findEqual(this: BTree, ordinal: number): boolean {
  search(this, -1)
  this._nth = 0
  do {
    const leaf = this._leaf
    const count = leaf._count
    for (; this._index < count; this._index++) {
      leaf._pin = this._cache._call
      const length = itemKey(this, leaf, itemAt(leaf, this._index))
      if (this._order(this._key, 0, this._key._length, this._from, this._fromAt, length) !== 0) return false
      if (this._nth === ordinal) return true
      this._nth++
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
  this._key = keep(this._key, cursor._key._bytes, 0, cursor._key._length)
  search(this, -1)
  let ordinal = 0
  while (this._leaf._pgno !== cursor._page) {
    ordinal += this._leaf._count - this._index
    if (!nextLeaf(this)) corrupt(cursor._page, 0, "a leaf that the tree does not lead to")
  }
  return ordinal + cursor._index - this._index
}
