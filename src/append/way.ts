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
    let frame = pageAt(tree, level)
    if (frame._dirtyEnd === 0) {
      const pgno = txn._next
      // Made with the number in place: copyPage leaves it.
      const copy = newPage(tree, txn, frame._kind)
      copyPage(tree, frame, copy)
      frame._pin = 0
      frame = copy
      tree._path[level] = pgno
      if (parent === null) {
        txn._record[ROOT] = pgno
      } else {
        parent._view.setUint32(itemAt(parent, tree._slots[level - 1]), pgno, true)
      }
    }
    parent = frame
  }
  tree._leaf = parent as Frame
}
