/**
 * Where a cursor stands: a copy of its record, and a position (leaf, index) that is good while nothing has changed; after a change it finds its
 * place again by the key.
 */
import { keep } from "../../bytes.ts"
import { corrupt } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { copyBytes } from "../../platform.ts"
import { turnKey } from "../keys.ts"
import { BIG, HEADER, ITEM_FLAGS, ITEM_HEADER, LEAF, ROOT } from "../layout.ts"
import { pageLimit } from "../limits.ts"
import { compareKeys } from "../order.ts"
import { itemAt, keySizeAt, takeFullKey, wordAt } from "../page.ts"
import { search } from "../search.ts"
import { GONE, NOWHERE, ON, TO_BELOW, TO_KEY } from "../states.ts"
import type { Transaction } from "../transaction.ts"
import type { AppendCursor } from "./cursor.ts"

/** Gives the root of the tree that the cursor is on. */
export function rootOf(cursor: AppendCursor): number {
  return (cursor._view as Transaction)._record[ROOT]
}

/** Begins a call that places the cursor: on the newest commit, where it is not a transaction's. */
export function place(cursor: AppendCursor): void {
  if (cursor._txn === null) {
    cursor._view = cursor._tree.snapshot()
    cursor._changes = -1
  }
  ;(cursor._view as Transaction)._enter(false)
}

/** Begins a call, and finds the cursor's place again where it must; tells whether it is on its record. */
export function settle(cursor: AppendCursor): boolean {
  const tree = cursor._tree
  if (cursor._state === NOWHERE) {
    tree._refuseClosed()
    return false
  }
  const view = cursor._view as Transaction
  view._enter(false)
  if (cursor._changes !== view._changes) {
    tree._key = keep(tree._key, cursor._key._bytes, 0, cursor._key._length)
    cursor._state = search(tree, view._record[ROOT], TO_KEY) ? ON : GONE
    cursor._changes = view._changes
    cursor._index = tree._index
    cursor._prefix = tree._prefix
    cursor._page = 0
    if (tree._depth >= 0) {
      cursor._leaf = tree._leaf
      cursor._page = tree._leaf._pgno
    }
  } else if (cursor._page !== 0) {
    if (cursor._leaf._pgno !== cursor._page || cursor._leaf._kind !== LEAF)
      cursor._leaf = fetchPage(tree._cache, cursor._page, LEAF)
    else cursor._leaf._used = ++tree._cache._clock
  }
  tree._leaf = cursor._leaf
  tree._index = cursor._index
  return cursor._state === ON
}

/** Searches, and makes item _index + `more` of the leaf found the one to land on; false where the tree is empty. */
export function find(cursor: AppendCursor, mode: number, more: number): boolean {
  const tree = cursor._tree
  search(tree, rootOf(cursor), mode)
  tree._index += more
  return tree._depth >= 0
}

/** Goes from item `index` of a leaf in the direction of `order`, to the next leaf where it has none. */
export function goTo(cursor: AppendCursor, leaf: Frame, index: number, order: number): boolean {
  const tree = cursor._tree
  // In an empty tree there is no leaf.
  if (cursor._page === 0) return false
  if (index >= 0 && index < leaf._count) {
    tree._leaf = leaf
    tree._index = index
    tree._prefix = cursor._prefix
    return show(cursor, order)
  }
  tree._key = keep(tree._key, cursor._key._bytes, 0, cursor._key._length)
  if (!find(cursor, TO_KEY, 0)) return false
  // Where the leaf ends; land() goes on from there.
  tree._index = order > 0 ? tree._leaf._count : -1
  return land(cursor, order)
}

/**
 * Shows item _index of _leaf, or goes on to the nearest leaf that has one: its edge is the bound that search() has left. False at the
 * end of the tree. More leaves in one direction than the file has pages are a circle.
 */
export function land(cursor: AppendCursor, order: number): boolean {
  const tree = cursor._tree
  if (order === 0 || order !== cursor._way) cursor._hops = 0
  cursor._way = order
  while (tree._index < 0 || tree._index >= tree._leaf._count) {
    const down = tree._index < 0
    const edge = down ? tree._low : tree._high
    if (edge._length < 0) return false
    if (++cursor._hops > pageLimit(tree)) corrupt(tree._leaf._pgno, 0, "more leaves than the file has pages")
    tree._key = keep(tree._key, edge._bytes, 0, edge._length)
    search(tree, rootOf(cursor), down ? TO_BELOW : TO_KEY)
    if (down) tree._index = tree._leaf._count - 1
  }
  return show(cursor, order)
}

/** Stands on item _index of _leaf and keeps it. A key on the wrong side of the one before is ECORRUPT. */
function show(cursor: AppendCursor, order: number): boolean {
  const tree = cursor._tree
  const leaf = tree._leaf
  const index = tree._index
  const at = itemAt(leaf, index)
  const prefix = tree._prefix
  const third = tree._third
  // The prefix is that of the cursor's own key where it stays on the leaf, else that of the bounds.
  const from =
    order !== 0 && cursor._page === leaf._pgno && cursor._prefix === prefix ? cursor._key : tree._low
  takeFullKey(tree, leaf, index, from, prefix, third)
  const length = third._length
  if (length === 0) corrupt(leaf._pgno, at - leaf._base, "a key of 0 bytes")
  if (order !== 0) {
    const step = compareKeys(third, cursor._key)
    if (step === 0 || step > 0 !== order > 0) corrupt(leaf._pgno, HEADER + index * 2, "a key out of order")
  }
  cursor._key = keep(cursor._key, third._bytes, 0, length)
  const isBig = leaf._bytes[at + ITEM_FLAGS] === BIG
  const size = isBig ? 0 : wordAt(leaf, at)
  cursor._shown = keep(cursor._shown, null, 0, length + size)
  const bytes = cursor._shown._bytes
  turnKey(tree, third._bytes, 0, bytes, 0, length)
  copyBytes(leaf._bytes, at + ITEM_HEADER + keySizeAt(leaf, at), bytes, length, size)
  cursor.bytes = bytes
  cursor.keyLength = cursor.valueOffset = length
  cursor.valueLength = isBig ? -1 : size
  cursor._leaf = leaf
  cursor._page = leaf._pgno
  cursor._index = index
  cursor._prefix = prefix
  cursor._changes = (cursor._view as Transaction)._changes
  cursor._state = ON
  return true
}
