/** Deleting records and the pages they leave empty (spec section 6). Pages are never merged; only empty ones go. */
import { type Bytes, growBuffer } from "../bytes.ts"
import { dropPages, FRESH, fetchPage } from "../page/cache.ts"
import { markDirty } from "../page/dirty.ts"
import { begin, enter, finish, takeKey } from "./handle.ts"
import {
  BIG_DATA,
  BIG_KEY,
  FLAGS,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  LEAF,
  LOWER,
  META_ROOM,
  NEXT,
  PREV,
  ROOT,
} from "./layout.ts"
import { freeChain, freePage } from "./overflow.ts"
import { closeSlots, formatPage, itemAt, itemCount, refill, setLink } from "./page.ts"
import { neighbour, nextLeaf, search, TO_FIRST } from "./search.ts"
import type { BTree } from "./tree.ts"

/**
 * Deletes the records [from, to) of the leaf that the last search ended on, with the chains they own; and, unless it is to `stay`, the
 * leaf when it is empty then, with every page above it that had no other child.
 */
export function removeRecords(tree: BTree, from: number, to: number, stay: boolean): void {
  const cache = tree._cache
  let page = tree._leaf
  page._pin = cache._call
  for (let i = from; i < to; i++) {
    const at = itemAt(page, i)
    const flags = page._bytes[at + ITEM_FLAGS]
    if ((flags & BIG_KEY) !== 0) freeChain(tree, page, at + ITEM_HEADER)
    if ((flags & BIG_DATA) !== 0) {
      freeChain(tree, page, at + ITEM_HEADER + page._view.getUint32(at + KEY_SIZE, true))
    }
  }
  closeSlots(tree, page, from, to)
  if (stay || itemCount(page) > 0) return
  for (let level = tree._depth - 1; level >= 0; level--) {
    page._pin = cache._call
    const before = neighbour(tree, page, PREV)
    if (before !== null) before._pin = cache._call
    const after = neighbour(tree, page, NEXT)
    if (before !== null) setLink(tree, before, NEXT, after === null ? 0 : after._pgno)
    if (after !== null) setLink(tree, after, PREV, before === null ? 0 : before._pgno)
    if (before !== null) before._pin = 0
    page._pin = 0
    freePage(tree, page._pgno)
    page = fetchPage(cache, tree._path[level], INTERNAL)
    const index = tree._slots[level]
    const at = itemAt(page, index)
    if ((page._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
      page._pin = cache._call
      freeChain(tree, page, at + ITEM_HEADER)
    }
    if (itemCount(page) > 1) {
      closeSlots(tree, page, index, index + 1)
      return
    }
  }
  if (page._kind === INTERNAL) {
    refill(tree, page, page, 0, 0)
    formatPage(tree, page, LEAF, 0, 0)
    markDirty(cache, page, FLAGS, LOWER)
  }
}

/** BTree.deleteRange. One descent a leaf; records are looked at only for chains to free. */
export function deleteRange(this: BTree, start?: Bytes | null, end?: Bytes | null): number {
  const bias = this._duplicates ? -1 : 0
  const fromStart = start === undefined || start === null
  let endPage = 0
  let endIndex = 0
  enter(this, true)
  if (end !== undefined && end !== null) {
    takeKey(this, end)
    search(this, bias)
    endPage = this._leaf._pgno
    endIndex = this._index
  }
  if (!fromStart) {
    const endKey = this._key
    const endLength = this._keyLength
    this._key = growBuffer(this._big, META_ROOM)
    this._big = endKey
    takeKey(this, start)
    if (endPage !== 0 && this._order(this._key, 0, this._keyLength, endKey, 0, endLength) >= 0) return 0
  }
  let count = 0
  for (;;) {
    // Lets go of the leaf before.
    this._cache._call++
    search(this, fromStart ? TO_FIRST : bias)
    if (this._leaf._pgno !== endPage && this._index === itemCount(this._leaf) && !nextLeaf(this)) break
    const last = this._leaf._pgno === endPage
    const limit = last ? endIndex : itemCount(this._leaf)
    if (this._index < limit) {
      begin(this)
      count += limit - this._index
      removeRecords(this, this._index, limit, false)
    }
    if (last || limit === 0) break
  }
  if (count > 0) this._changes++
  finish(this)
  return count
}

/** Makes the tree what a new one is, in memory: an empty leaf at the root, and nothing else. */
export function reset(tree: BTree): void {
  dropPages(tree._cache)
  tree._pages = 2
  tree._cutShort = false
  tree._free = 0
  tree._metaDirty = true
  formatPage(tree, fetchPage(tree._cache, ROOT, FRESH), LEAF, 0, 0)
}
