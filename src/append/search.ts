/**
 * The way from a root to a leaf. On it the bounds of the page reached are kept: the nearest separators around it, in full. The prefix that
 * its keys lack is what the two bounds have in common, and empty on the edges of the tree (spec section 6).
 */
import type { Kept } from "../bytes.ts"
import { corrupt } from "../errors.ts"
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { commonLength, compareStored, turnKey } from "./keys.ts"
import { DEPTH_MAX, INTERNAL, ITEM_HEADER, KEY_MAX, LEAF, NONE } from "./layout.ts"
import { itemAt, keySizeAt, wordAt } from "./page.ts"
import type { AppendTree } from "./tree.ts"

/** What is searched: the search key; the place behind all smaller keys, which may be the end of a leaf; the first, the last key. */
export const TO_KEY = 0
export const TO_BELOW = 1
export const TO_FIRST = 2
export const TO_LAST = 3

/**
 * Goes down from `root`. Leaves the leaf in _leaf and in _index the first item that is not below the search key (0 for TO_FIRST, the count
 * for TO_LAST); the way in _path, _slots and _depth; bounds and prefix as narrow() does. Gives whether the item has the search key.
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
    tree._path[depth] = pgno
    if (frame._kind === LEAF) {
      tree._leaf = frame
      tree._depth = depth
      if (mode < TO_FIRST) return findItem(tree, frame, 0)
      if (mode === TO_LAST) tree._index = frame._count
      return false
    }
    if (depth === DEPTH_MAX) corrupt(pgno, 0, `more than ${DEPTH_MAX} levels`)
    let slot = mode === TO_LAST ? frame._count - 1 : 0
    if (mode < TO_FIRST) {
      // Separator i is the smallest key that may be below item i.
      const found = findItem(tree, frame, 1)
      slot = found && mode === TO_KEY ? tree._index : tree._index - 1
    }
    tree._slots[depth] = slot
    narrow(tree, frame, slot)
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

/** Begins at a root: no bounds, no prefix. */
export function clearBounds(tree: AppendTree): void {
  tree._hasLow = tree._hasHigh = false
  tree._prefix = 0
}

/** Makes the bounds, and the prefix, those of item `slot` of an internal page that has the bounds of now. */
export function narrow(tree: AppendTree, frame: Frame, slot: number): void {
  const low = slot > 0
  const high = slot + 1 < frame._count
  const prefix = tree._prefix
  if (low) extend(tree, tree._low, frame, slot, prefix)
  if (high) extend(tree, tree._high, frame, slot + 1, prefix)
  tree._hasLow = tree._hasLow || low
  tree._hasHigh = tree._hasHigh || high
  tree._prefix = tree._hasLow && tree._hasHigh ? commonLength(tree._low, tree._high) : 0
}

/** Puts the stored bytes of separator `slot` behind the page's prefix, with which a bound of now begins. */
export function extend(tree: AppendTree, bound: Kept, frame: Frame, slot: number, prefix: number): void {
  const at = itemAt(frame, slot)
  const stored = keySizeAt(frame, at)
  const length = prefix + stored
  if (length > KEY_MAX) corrupt(frame._pgno, at - frame._base, `a separator of ${length} bytes`)
  turnKey(tree, frame._bytes, at + ITEM_HEADER, bound._bytes, prefix, stored)
  bound._length = length
}

/** Makes bounds and prefix those of the page at `level` of the way in _path. Reads `level` pages, all in the cache as a rule. */
export function boundsAt(tree: AppendTree, level: number): void {
  clearBounds(tree)
  for (let i = 0; i < level; i++)
    narrow(tree, fetchPage(tree._cache, tree._path[i], INTERNAL), tree._slots[i])
}
