/**
 * The way from a root to a leaf. On it the bounds of the page reached are kept: the nearest separators around it, in full. The prefix that
 * its keys lack is what the two bounds have in common, and empty on the edges of the tree (spec section 6).
 */
import { corrupt } from "../errors.ts"
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { commonLength, compareStored } from "./keys.ts"
import { DEPTH_MAX, INTERNAL, ITEM_HEADER, LEAF, NONE } from "./layout.ts"
import { itemAt, keySizeAt, takeFullKey, wordAt } from "./page.ts"
import { TO_KEY } from "./states.ts"
import type { AppendTree } from "./tree.ts"

/**
 * Goes down from `root`. Leaves the leaf in _leaf and in _index the first item that is not below the search key; the way in _path, _slots and
 * _depth; bounds and prefix as narrow() does. Gives whether the item has the search key.
 * An empty tree has no leaf: _depth is -1. Reads depth pages at most; allocates nothing once buffers have grown.
 */
export function search(tree: AppendTree, root: number, mode: number): boolean {
  const cache = tree._cache
  let pgno = root
  let depth = 0
  tree._depth = -1
  tree._index = 0
  clearBounds(tree)
  if (root === NONE) return false
  for (;;) {
    const frame = fetchPage(cache, pgno, INTERNAL | LEAF)
    const isLeaf = frame._kind === LEAF
    tree._path[depth] = pgno
    // Separator i is the smallest key that may be below item i.
    const found = findItem(tree, frame, isLeaf ? 0 : 1)
    if (isLeaf) {
      tree._leaf = frame
      tree._depth = depth
      return found
    }
    if (depth === DEPTH_MAX) corrupt(pgno, 0, `more than ${DEPTH_MAX} levels`)
    const slot = found && mode === TO_KEY ? tree._index : tree._index - 1
    tree._slots[depth] = slot
    narrow(tree, frame, slot, slot + 1)
    pgno = wordAt(frame, itemAt(frame, slot))
    depth++
  }
}

/** Sets _index to the first item from `from` on whose key is not below the search key; tells whether it is that key. */
function findItem(tree: AppendTree, frame: Frame, from: number): boolean {
  const key = tree._key
  const prefix = tree._prefix
  let low = from
  let high = frame._count
  let found = false
  while (low < high) {
    const middle = (low + high) >> 1
    const at = itemAt(frame, middle)
    const order = compareStored(tree, frame, at + ITEM_HEADER, keySizeAt(frame, at), key, prefix)
    if (order < 0) {
      low = middle + 1
    } else {
      high = middle
      if (order === 0) found = true
    }
  }
  tree._index = low
  return found
}

/** Begins at a root: no bounds (_length is -1), no prefix. */
export function clearBounds(tree: AppendTree): void {
  tree._low._length = tree._high._length = -1
  tree._prefix = 0
}

/** Makes the bounds, and the prefix, those of items [slot, end) of an internal page that has the bounds of now. */
export function narrow(tree: AppendTree, frame: Frame, slot: number, end: number): void {
  const low = tree._low
  const high = tree._high
  const prefix = tree._prefix
  // Both begin with the page's prefix already.
  if (slot > 0) takeFullKey(tree, frame, slot, low, prefix, low)
  if (end < frame._count) takeFullKey(tree, frame, end, high, prefix, high)
  tree._prefix = commonLength(low, high)
}

/** Makes bounds and prefix those of the page at `level` of the way in _path. Reads `level` pages, all in the cache as a rule. */
export function boundsAt(tree: AppendTree, level: number): void {
  clearBounds(tree)
  for (let i = 0; i < level; i++)
    narrow(tree, fetchPage(tree._cache, tree._path[i], INTERNAL), tree._slots[i], tree._slots[i] + 1)
}
