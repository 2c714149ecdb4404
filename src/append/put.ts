/** Putting a record: the pages on its way get new numbers, root first, then the item goes in, and what is full is split. */
import { BIG, ITEM_FLAGS, ITEM_HEADER, LEAF } from "./layout.ts"
import { writeChain } from "./overflow.ts"
import { freeOf, insertItem, itemAt, keySizeAt, newPage, removeItem } from "./page.ts"
import { search, TO_KEY } from "./search.ts"
import { splitPage } from "./split.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { forgetChain, touchPath } from "./way.ts"

/** Gives the search key the value; search() has been called with it and gave `found`. */
export function storeRecord(tree: AppendTree, txn: Transaction, value: Uint8Array, found: boolean): void {
  const flags = value.length >= tree._pagesize >> 2 ? BIG : 0
  const body = flags === BIG ? 4 : value.length
  if (tree._depth < 0) {
    const root = newPage(tree, txn, LEAF)
    txn._root = root._pgno
    txn._leaves++
    txn._depth = 1
    search(tree, txn._root, TO_KEY)
  }
  touchPath(tree, txn)
  if (found) {
    forgetChain(tree, txn, tree._leaf, tree._index)
    removeItem(tree._leaf, tree._index)
  } else {
    txn._entries++
  }
  // As in the original, the room is that for the whole key, whatever prefix the page saves.
  while (ITEM_HEADER + tree._key._length + body + 2 > freeOf(tree._leaf)) {
    if (splitPage(tree, txn, tree._depth, tree._index, tree._key, value.length, flags, body)) {
      finish(tree, txn, value)
      return
    }
    search(tree, txn._root, TO_KEY)
    touchPath(tree, txn)
  }
  insertItem(tree, tree._leaf, tree._index, tree._key, tree._prefix, value.length, flags, body)
  finish(tree, txn, value)
}

/** Writes the value of the item just inserted, item _index of _leaf. Overflow pages come behind the pages of splits. */
function finish(tree: AppendTree, txn: Transaction, value: Uint8Array): void {
  const leaf = tree._leaf
  const at = itemAt(leaf, tree._index)
  const body = at + ITEM_HEADER + keySizeAt(leaf, at)
  if (leaf._bytes[at + ITEM_FLAGS] === BIG) {
    leaf._pin = tree._cache._call
    leaf._view.setUint32(body, writeChain(tree, txn, value), true)
  } else {
    leaf._bytes.set(value, body)
  }
}
