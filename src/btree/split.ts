/**
 * Splitting a full page and telling its parents (spec section 5). The core cuts where the halves are most even; tuning/ cuts pages where
 * 1.85 cuts them.
 */
import { type Kept, keep } from "../bytes.ts"
import { fetchPage } from "../page/cache.ts"
import { markDirty } from "../page/dirty.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes, TUNING } from "../platform.ts"
import {
  BIG_KEY,
  CHILD,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  NEXT,
  PREV,
  REFERENCE,
  ROOT,
} from "./layout.ts"
import { allocatePage, writeChain } from "./overflow.ts"
import {
  formatPage,
  itemAt,
  itemSize,
  openSlot,
  refill,
  setBounds,
  setLink,
  setWord,
  wordAt,
} from "./page.ts"
import { itemKey, neighbour } from "./search.ts"
import type { BTree } from "./tree.ts"

/**
 * Makes room for an item of `used` bytes (`big`: its key is a reference) at slot `index` of `page` and gives the offset to write it at, in
 * tree._leaf. When that takes a split, tree._left and tree._right are its halves, both pinned; else tree._right is null.
 */
export function place(tree: BTree, page: Frame, index: number, used: number, big: boolean): number {
  tree._leaf = page
  tree._index = index
  tree._right = null
  for (;;) {
    const at = openSlot(tree, tree._leaf, tree._index, used)
    if (at >= 0) return at
    tree._leaf = splitPage(tree, tree._leaf, tree._index, used, big)
  }
}

/**
 * Splits `page`, which has no room for an item of `used` bytes (`big`: its key is a reference) at `index`. Sets tree._left and
 * tree._right, both pinned, and gives the one of them with room at tree._index. The old root keeps its number and must be
 * rebuilt over the two (raise does).
 */
function splitPage(tree: BTree, page: Frame, index: number, used: number, big: boolean): Frame {
  page._pin = tree._cache._call
  const left = page._pgno === ROOT ? allocatePage(tree) : page
  const right = allocatePage(tree)
  const after = neighbour(tree, page, NEXT)
  tree._left = left
  tree._right = right
  formatPage(tree, right, page._kind, left._pgno, after === null ? 0 : after._pgno)
  setBounds(tree, right, 0, tree._pagesize)
  if (left === page) setLink(tree, left, NEXT, right._pgno)
  else formatPage(tree, left, page._kind, 0, right._pgno)
  let target = right
  tree._index = 0
  // Ascending input leaves full pages behind.
  if (after !== null || left !== page || index < page._count) {
    if (after !== null) setLink(tree, after, PREV, right._pgno)
    const size = (used + 3) & ~3
    let cut = evenCut(tree, page, index, size)
    if (TUNING && tree._chooseCut !== undefined) cut = tree._chooseCut(page, index, size, big, cut)
    const kept = index < cut ? cut - 1 : cut
    refill(tree, right, page, kept, page._count)
    refill(tree, left, page, 0, kept)
    tree._index = index
    if (index < cut) target = left
    else tree._index -= cut
  }
  return target
}

/** Gives how many of the page's items and the new one, of `size` bytes at `index`, make the left half, most even in bytes. */
function evenCut(tree: BTree, page: Frame, index: number, size: number): number {
  const count = page._count
  const total = tree._pagesize - page._upper - page._gaps + count * 2 + size + 2
  let cut = 0
  let smallest = total
  let taken = 0
  for (let position = 0; position < count; position++) {
    const old = position > index ? position - 1 : position
    taken += (position === index ? size : itemSize(tree, page, itemAt(page, old))) + 2
    const larger = taken > total - taken ? taken : total - taken
    if (larger < smallest) {
      smallest = larger
      cut = position + 1
    }
  }
  return cut
}

/**
 * Puts the right page of the split just made into the parent, splitting upwards as far as needed; a split root gets its two
 * children. Takes tree._left, tree._right and the path of the last search.
 */
export function raise(tree: BTree): void {
  const cache = tree._cache
  let level = tree._depth
  while (tree._right !== null) {
    const left = tree._left
    const right = tree._right
    // Frames that are let go may hold other pages soon.
    const child = right._pgno
    const isRoot = level === 0
    let parent = fetchPage(cache, isRoot ? ROOT : tree._path[--level], INTERNAL | LEAF)
    const index = isRoot ? 1 : tree._slots[level] + 1
    parent._pin = cache._call
    // At the left edge of a level 1.85 leaves the key whole.
    const whole =
      TUNING && tree._chooseCut !== undefined && index === 1 && wordAt(parent, parent._base + PREV) === 0
    const size = makeSeparator(tree, left, right, whole)
    left._pin = 0
    right._pin = 0
    parent._pin = 0
    if (isRoot) {
      // Two items, the first with an empty key (spec section 5.3).
      refill(tree, parent, left, 0, 0)
      formatPage(tree, parent, INTERNAL, 0, 0)
      setWord(parent, place(tree, parent, 0, ITEM_HEADER, false) + CHILD, left._pgno)
    }
    const at = place(tree, parent, index, ITEM_HEADER + size, tree._separatorBig)
    parent = tree._leaf
    setWord(parent, at, size)
    setWord(parent, at + CHILD, child)
    parent._bytes[at + ITEM_FLAGS] = tree._separatorBig ? BIG_KEY : 0
    copyBytes((tree._separator as Kept)._bytes, 0, parent._bytes, at + ITEM_HEADER, size)
  }
}

/**
 * Puts the key that a parent gets for `right`, the page after `left` (both pinned), into tree._separator and gives its size: as short
 * as the order allows (spec section 5.4), but for an inline key that is to stay `whole`. A key too long for the page gets a chain of
 * its own: 1.85 shares the leaf's, and can then never free it (defect Q13).
 */
function makeSeparator(tree: BTree, left: Frame, right: Frame, whole: boolean): number {
  const at = itemAt(right, 0)
  const big = (right._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0
  let size = wordAt(right, at)
  tree._separatorBig = big
  if (right._kind === INTERNAL) {
    tree._separator = keep(tree._separator, right._bytes, at + ITEM_HEADER, size)
    if (big) {
      // The parent takes over the chain; the first key of an internal page is never looked at, so it may be empty.
      setWord(right, at, 0)
      right._bytes[at + ITEM_FLAGS] = 0
      right._gaps += REFERENCE
      markDirty(tree._cache, right, at - right._base, at - right._base + ITEM_HEADER)
    }
    return size
  }
  size = itemKey(tree, right, at)
  const separator = keep(tree._separator, tree._from._bytes, tree._fromAt, size)
  tree._separator = separator
  if (big || !whole) {
    let short = 0
    if (tree._shorten !== undefined) {
      short = tree._shorten(left, size)
    } else {
      // The key itself, not the reference to a big one (defect Q5).
      const length = itemKey(tree, left, itemAt(left, left._count - 1))
      const last = tree._from._bytes
      const common = size < length ? size : length
      while (short < common && separator._bytes[short] === last[tree._fromAt + short]) short++
      if (short < size) short++
    }
    // What takes no less room is not shortened.
    if (big || (ITEM_HEADER + short + 3) >> 2 < (ITEM_HEADER + size + 3) >> 2) size = short
  }
  tree._separatorBig = size > tree._inline
  if (tree._separatorBig) {
    const pgno = writeChain(tree, separator._bytes, size)
    separator._view.setUint32(0, pgno, true)
    separator._view.setUint32(4, size, true)
    size = REFERENCE
  }
  return size
}
