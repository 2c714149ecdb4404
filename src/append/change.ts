/** Putting and deleting a record: the pages on its way get new numbers, root first, then the item goes in or out, and what is full is split. */

import { makeRoom } from "./commit.ts"
import { BIG, ENTRIES, ITEM_FLAGS, ITEM_HEADER, LEAF, LEAVES, LEVELS, OVERFLOWS, ROOT } from "./layout.ts"
import { chainLength } from "./limits.ts"
import { mergeUp } from "./merge.ts"
import { writeChain } from "./overflow.ts"
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
  let isThere = found
  let isDone = false
  while (!isDone) {
    touchPath(tree, txn)
    if (isThere) takeOff(tree, record)
    isThere = false
    if (value === null) {
      isDone = !mergeUp(tree, txn) || tree._leaf._count > 0
    } else {
      isDone = putOn(tree, txn, value)
    }
    if (!isDone) search(tree, record[ROOT], TO_KEY)
  }
  txn._changes++
  txn._state = ACTIVE
}

/** Takes item _index off _leaf; a chain of it is not of the tree any more. */
function takeOff(tree: AppendTree, record: number[]): void {
  const leaf = tree._leaf
  const at = itemAt(leaf, tree._index)
  const size = wordAt(leaf, at)
  if (leaf._bytes[at + ITEM_FLAGS] === BIG) record[OVERFLOWS] -= chainLength(tree, size)
  removeItem(leaf, tree._index)
  record[ENTRIES]--
}

/** Puts the search key with its value at _index of _leaf, where it is not; false where that is to be tried again, with other pages. */
function putOn(tree: AppendTree, txn: Transaction, value: Uint8Array): boolean {
  const size = value.length
  const flags = size >= tree._pagesize >> 2 ? BIG : 0
  const body = flags === BIG ? 4 : size
  let isIn = true
  // As in the original, the room is that for the whole key, whatever prefix the page saves.
  if (ITEM_HEADER + tree._key._length + body + 2 > freeOf(tree._leaf))
    isIn = splitPage(tree, txn, tree._depth, tree._index, tree._key, size, flags, body)
  else insertItem(tree, tree._leaf, tree._index, tree._key, tree._prefix, size, flags, body)
  if (isIn) {
    const leaf = tree._leaf
    const at = itemAt(leaf, tree._index)
    const target = at + ITEM_HEADER + keySizeAt(leaf, at)
    txn._record[ENTRIES]++
    if (flags === BIG) {
      // Overflow pages come behind the pages of splits.
      leaf._pin = tree._cache._call
      const first = writeChain(tree, txn, value)
      leaf._view.setUint32(target, first, true)
    } else {
      leaf._bytes.set(value, target)
    }
  }
  return isIn
}
