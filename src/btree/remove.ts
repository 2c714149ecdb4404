/** Deleting records and the pages they leave empty (spec section 6). Pages are never merged; only empty ones go. */

import { corruption } from "../errors.ts"
import { dropPages, fetchPage, markDirty, pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { begin, createRoot } from "./handle.ts"
import { BIG_KEY, FLAGS, INTERNAL, ITEM_FLAGS, ITEM_HEADER, LEAF, NEXT, PREV, ROOT } from "./layout.ts"
import { closeSlots, emptyPage, itemAt, itemCount, setLink } from "./page.ts"
import { dropRecords, freeReference } from "./put.ts"
import { compareItem, compareKeys, nextLeafOnPath, search, searchEdge } from "./search.ts"
import { freePage } from "./space.ts"
import type { BTree } from "./tree.ts"

/** Deletes the records [from, to) of the leaf that the last search ended on, and the leaf with them when it is empty then. */
export function removeRecords(tree: BTree, from: number, to: number): void {
  const leaf = tree._leaf
  dropRecords(tree, leaf, from, to)
  if (itemCount(tree, leaf) === 0 && leaf.pgno !== ROOT) removePage(tree, leaf)
}

/** Takes the empty leaf out of the tree, and every page above it that had no other child; the path leads there. */
function removePage(tree: BTree, leaf: Frame): void {
  const cache = tree._cache
  let page = leaf
  for (let level = tree._depth - 1; level >= 0; level--) {
    const pgno = page.pgno
    unlinkPage(tree, page)
    freePage(tree, pgno)
    const parent = fetchPage(cache, tree._path[level], INTERNAL)
    const index = tree._slots[level]
    const at = itemAt(tree, parent, index)
    if ((parent.bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
      pin(cache, parent)
      freeReference(tree, parent, at + ITEM_HEADER)
      unpin(cache, parent)
    }
    if (itemCount(tree, parent) > 1) {
      closeSlots(tree, parent, index, index + 1)
      return
    }
    if (parent.pgno === ROOT) {
      emptyPage(tree, parent)
      parent.view.setUint32(parent.base + FLAGS, LEAF, tree._little)
      parent.kind = LEAF
      markDirty(cache, parent, FLAGS, FLAGS + 4)
      return
    }
    page = parent
  }
}

/** Joins the page's neighbours on its level. */
function unlinkPage(tree: BTree, page: Frame): void {
  const view = page.view
  const own = page.pgno
  const kind = page.kind
  const prev = view.getUint32(page.base + PREV, tree._little)
  const next = view.getUint32(page.base + NEXT, tree._little)
  relink(tree, own, prev, NEXT, next, kind)
  relink(tree, own, next, PREV, prev, kind)
}

function relink(tree: BTree, own: number, pgno: number, link: number, target: number, kind: number): void {
  if (pgno === 0) return
  if (pgno >= tree._pages || pgno === own)
    throw corruption(own, link === NEXT ? PREV : NEXT, `the neighbour is page ${pgno}`)
  const frame = fetchPage(tree._cache, pgno, kind)
  const linked = frame.view.getUint32(frame.base + link, tree._little)
  if (linked !== own) throw corruption(pgno, link, `the neighbour is page ${linked} instead of ${own}`)
  setLink(tree, frame, link, target)
}

/**
 * Deletes every record from the search key (or the first record) up to tree._end (or the last), exclusive; gives how many. One
 * descent a leaf; records are looked at only for chains to free.
 */
export function removeRange(tree: BTree, fromStart: boolean, toEnd: boolean): number {
  let count = 0
  for (;;) {
    if (fromStart) searchEdge(tree, false)
    else search(tree, tree._duplicates ? -1 : 0)
    if (tree._index === itemCount(tree, tree._leaf) && !nextLeafOnPath(tree)) return count
    const items = itemCount(tree, tree._leaf)
    const limit = toEnd ? items : endIndex(tree)
    if (limit > tree._index) {
      begin(tree)
      count += limit - tree._index
      removeRecords(tree, tree._index, limit)
    }
    if (limit < items || items === 0) return count
  }
}

/** Gives the index of the first record on the leaf that is not below tree._end. */
function endIndex(tree: BTree): number {
  const leaf = tree._leaf
  swapKeyAndEnd(tree)
  pin(tree._cache, leaf)
  let low = tree._index
  let high = itemCount(tree, leaf)
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareItem(tree, leaf, itemAt(tree, leaf, middle)) > 0) low = middle + 1
    else high = middle
  }
  unpin(tree._cache, leaf)
  swapKeyAndEnd(tree)
  return low
}

/** Makes the range's end the search key, or back again. */
export function swapKeyAndEnd(tree: BTree): void {
  const key = tree._key
  const length = tree._keyLength
  tree._key = tree._end
  tree._keyLength = tree._endLength
  tree._end = key
  tree._endLength = length
}

/** Tells whether the search key is below tree._end. */
export function rangeIsEmpty(tree: BTree): boolean {
  return compareKeys(tree, tree._key, 0, tree._keyLength, tree._end, 0, tree._endLength) >= 0
}

/** Makes the tree what a new one is, in memory; the flush that follows cuts the stream. */
export function removeEverything(tree: BTree): void {
  const cache = tree._cache
  const spilled = cache.spilled
  dropPages(cache)
  cache.spilled = spilled
  createRoot(tree)
  tree._trim = true
}
