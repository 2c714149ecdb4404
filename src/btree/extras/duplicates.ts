/**
 * Several values for one key. Equal keys keep the order of their puts; searches go to the left of all equals and reach the right
 * neighbour along the path, so that the path is always true (spec section 16, defect Q8). A cursor is (key, n-th equal).
 */
import { corruption } from "../../errors.ts"
import { type Cursor, ON } from "../cursor.ts"
import { itemAt, itemCount } from "../page.ts"
import { removeRecords } from "../remove.ts"
import { compareItem, nextLeafOnPath, search } from "../search.ts"
import type { BTree } from "../tree.ts"

/**
 * Goes to the `ordinal`-th record with the search key and tells whether it is there; if not, to the place after the last one.
 * Sets tree._ordinal to how many equal records stand before that place.
 */
export function findEqual(tree: BTree, ordinal: number): boolean {
  search(tree, -1)
  tree._ordinal = 0
  for (;;) {
    const leaf = tree._leaf
    const count = itemCount(tree, leaf)
    while (tree._index < count) {
      if (compareItem(tree, leaf, itemAt(tree, leaf, tree._index)) !== 0) return false
      if (tree._ordinal === ordinal) return true
      tree._ordinal++
      tree._index++
    }
    if (!nextLeafOnPath(tree)) return false
  }
}

/** Deletes all records with the search key, a page at a time. */
export function deleteEquals(tree: BTree): void {
  while (findEqual(tree, 0)) {
    const leaf = tree._leaf
    const count = itemCount(tree, leaf)
    let past = tree._index + 1
    while (past < count && compareItem(tree, leaf, itemAt(tree, leaf, past)) === 0) past++
    removeRecords(tree, tree._index, past)
  }
}

/** Gives which of its equals the record is that a cursor has just reached (`order`: from where, `same`: with the same key). */
export function ordinalOf(tree: BTree, cursor: Cursor, order: number, same: boolean): number {
  const on = cursor._state === ON
  if (order > 0) return same ? cursor._ordinal + (on ? 1 : 0) : 0
  if (order < 0 && same && on) return cursor._ordinal - 1
  cursor._useKey()
  search(tree, -1)
  let ordinal = 0
  while (tree._leaf.pgno !== cursor._page) {
    ordinal += itemCount(tree, tree._leaf) - tree._index
    if (!nextLeafOnPath(tree)) throw corruption(cursor._page, 0, "a leaf that the tree does not lead to")
  }
  return ordinal + cursor._index - tree._index
}
