/** Deleting records and the pages they leave empty (spec section 6). Pages are never merged; only empty ones go. */
import { fetchPage } from "../page/cache.ts"
import { BIG_DATA, BIG_KEY, INTERNAL, ITEM_FLAGS, ITEM_HEADER, LEAF, NEXT, PREV } from "./layout.ts"
import { freePage, walkChain } from "./overflow.ts"
import { closeSlots, formatPage, itemAt, refill, setLink, wordAt } from "./page.ts"
import { neighbour } from "./search.ts"
import type { BTree } from "./tree.ts"

/**
 * Deletes the records [from, to) of the leaf that the last search ended on, with the chains they own; and, unless it is to `stay`, the
 * leaf when it is empty then, with every page above it that had no other child.
 */
export function removeRecords(tree: BTree, from: number, to: number, stay: boolean): void {
  const cache = tree._cache
  const call = cache._call
  let page = tree._leaf
  let first = from
  let past = to
  let level = tree._depth
  tree._changes++
  for (;;) {
    page._pin = call
    for (let i = first; i < past; i++) {
      const at = itemAt(page, i)
      const flags = page._bytes[at + ITEM_FLAGS]
      const key = at + ITEM_HEADER
      if ((flags & BIG_KEY) !== 0) walkChain(tree, page, key, null, 0, 0)
      if (page._kind === LEAF && (flags & BIG_DATA) !== 0) {
        walkChain(tree, page, key + wordAt(page, at), null, 0, 0)
      }
    }
    if (stay || level === 0 || page._count > past - first) break
    const before = neighbour(tree, page, PREV)
    if (before !== null) before._pin = call
    const after = neighbour(tree, page, NEXT)
    if (before !== null) {
      setLink(tree, before, NEXT, after === null ? 0 : after._pgno)
      before._pin = 0
    }
    if (after !== null) setLink(tree, after, PREV, before === null ? 0 : before._pgno)
    page._pin = 0
    freePage(tree, page._pgno)
    page = fetchPage(cache, tree._path[--level], INTERNAL)
    first = tree._slots[level]
    past = first + 1
  }
  if (page._kind === INTERNAL && page._count === 1) {
    // The root, which has lost its last child.
    refill(tree, page, page, 0, 0)
    formatPage(tree, page, LEAF, 0, 0)
  } else {
    closeSlots(tree, page, first, past)
  }
}
