/** The pages between the root and a leaf, as a transaction changes them: copied to new numbers, root first. */
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { INTERNAL, LEAF, ROOT } from "./layout.ts"
import { copyPage, itemAt, newPage } from "./page.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"

/** Gives the page at `level` of the way, pinned. */
export function pageAt(tree: AppendTree, level: number): Frame {
  const frame = fetchPage(tree._cache, tree._path[level], INTERNAL | LEAF)
  frame._pin = tree._cache._call
  return frame
}

/**
 * Copies the pages of the way that are in the stream to new numbers, root first, and leaves the leaf's new frame in _leaf. This is the only way
 * in which a page is ever changed: not one byte of the stream is written twice, so that whoever copies the file while it is written gets a commit.
 * A page of the transaction that had to leave the cache is copied once more. What is copied stays pinned for the call.
 */
export function touchPath(tree: AppendTree, txn: Transaction): void {
  let parent: Frame | null = null
  for (let level = 0; level <= tree._depth; level++) {
    parent = touchPage(tree, txn, pageAt(tree, level), parent, level > 0 ? tree._slots[level - 1] : 0)
    tree._path[level] = parent._pgno
  }
  tree._leaf = parent as Frame
}

/** Gives a page that may be changed, pinned: `frame`, or where that is in the stream a copy, to which item `slot` of its parent then refers. */
export function touchPage(
  tree: AppendTree,
  txn: Transaction,
  frame: Frame,
  parent: Frame | null,
  slot: number,
): Frame {
  if (frame._dirtyEnd > 0) return frame
  const copy = newPage(tree, txn, frame._kind)
  // The copy's number is in place: copyPage leaves it.
  copyPage(tree, frame, copy)
  frame._pin = 0
  if (parent === null) txn._record[ROOT] = copy._pgno
  else parent._view.setUint32(itemAt(parent, slot), copy._pgno, true)
  return copy
}
