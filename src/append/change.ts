/** Putting and deleting a record: the pages on its way get new numbers, root first, then the item goes in or out, and what is full is split. */

import { makeRoom } from "./commit.ts"
import { BIG, ENTRIES, ITEM_FLAGS, ITEM_HEADER, LEAF, LEAVES, LEVELS, OVERFLOWS, ROOT } from "./layout.ts"
import { mergeUp } from "./merge.ts"
import { chainLength, writeChain } from "./overflow.ts"
import { freeOf, insertItem, itemAt, keySizeAt, newPage, removeItem, wordAt } from "./page.ts"
import { search } from "./search.ts"
import { splitPage } from "./split.ts"
import { ACTIVE, BUSY, TO_KEY } from "./states.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { touchPath } from "./way.ts"

/** Gives the search key the value, or deletes it where that is null; search() has been called with it and gave `found`. */
export function changeRecord(
  tree: AppendTree,
  txn: Transaction,
  value: Uint8Array | null,
  found: boolean,
): void {
  const record = txn._record
  txn._state = BUSY
  makeRoom(tree, record)
  if (tree._depth < 0) {
    record[ROOT] = newPage(tree, txn, LEAF)._pgno
    record[LEAVES]++
    record[LEVELS] = 1
    search(tree, record[ROOT], TO_KEY)
  }
  touchPath(tree, txn)
  if (found) {
    const leaf = tree._leaf
    const at = itemAt(leaf, tree._index)
    if (leaf._bytes[at + ITEM_FLAGS] === BIG) record[OVERFLOWS] -= chainLength(tree, wordAt(leaf, at))
    removeItem(leaf, tree._index)
    record[ENTRIES]--
  }
  if (value === null) mergeUp(tree, record)
  else addRecord(tree, txn, record, value)
  txn._changes++
  txn._state = ACTIVE
}

/** Puts the search key with its value at _index of _leaf, where it is not. */
function addRecord(tree: AppendTree, txn: Transaction, record: number[], value: Uint8Array): void {
  const size = value.length
  const flags = size >= tree._pagesize >> 2 ? BIG : 0
  const body = flags === BIG ? 4 : size
  let isIn = false
  // As in the original, the room is that for the whole key, whatever prefix the page saves.
  while (!isIn && ITEM_HEADER + tree._key._length + body + 2 > freeOf(tree._leaf)) {
    isIn = splitPage(tree, txn, size, flags, body)
    if (!isIn) {
      search(tree, record[ROOT], TO_KEY)
      touchPath(tree, txn)
    }
  }
  const leaf = tree._leaf
  if (!isIn) insertItem(tree, leaf, tree._index, tree._key, tree._prefix, size, flags, body)
  record[ENTRIES]++
  const at = itemAt(leaf, tree._index)
  const target = at + ITEM_HEADER + keySizeAt(leaf, at)
  // Overflow pages come behind the pages of splits.
  if (flags === BIG) {
    leaf._pin = tree._cache._call
    leaf._view.setUint32(target, writeChain(tree, txn, value), true)
  } else {
    leaf._bytes.set(value, target)
  }
}
