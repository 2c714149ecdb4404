/**
 * Splitting a full page and telling its parents (spec section 5). Pages are cut where 1.85 cuts them; internal pages only while that
 * is about even: with long separators 1.85 makes trees as deep as they are long (defect Q9).
 */
import { type Buffer, growBuffer, type Region } from "../bytes.ts"
import { fetchPage } from "../page/cache.ts"
import { markDirty } from "../page/dirty.ts"
import type { Frame } from "../page/pool.ts"
import { compareBytes, copyBytes } from "../platform.ts"
import {
  aligned,
  BIG_KEY,
  CHILD,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  LOWER,
  NEXT,
  PREV,
  REFERENCE,
  ROOT,
} from "./layout.ts"
import { allocatePage, writeChain } from "./overflow.ts"
import { formatPage, itemAt, itemCount, itemSize, openSlot, refill, setLink, upperBound } from "./page.ts"
import { itemKey, neighbour } from "./search.ts"
import type { BTree } from "./tree.ts"

/**
 * Splits `page`, which has no room for an item of `used` bytes (`big`: its key is a reference) at `index`. Sets tree._left and
 * tree._right, both pinned, and gives the one of them with room at tree._index. The old root keeps its number and must be
 * rebuilt over the two (raise does).
 */
export function splitPage(tree: BTree, page: Frame, index: number, used: number, big: boolean): Frame {
  const call = tree._cache._call
  const count = itemCount(page)
  const next = page._view.getUint32(page._base + NEXT, true)
  let left = page
  page._pin = call
  if (page._pgno === ROOT) {
    left = allocatePage(tree)
    left._pin = call
  }
  const right = allocatePage(tree)
  right._pin = call
  tree._left = left
  tree._right = right
  const after = left === page ? neighbour(tree, page, NEXT) : null
  formatPage(tree, right, page._kind, left._pgno, next)
  if (left !== page) formatPage(tree, left, page._kind, 0, right._pgno)
  else setLink(tree, left, NEXT, right._pgno)
  if (after !== null) {
    setLink(tree, after, PREV, right._pgno)
  } else if (left === page && index === count) {
    // Ascending input leaves full pages behind.
    tree._index = 0
    return right
  }
  const cut = chooseCut(tree, page, index, aligned(used), big)
  const kept = index < cut ? cut - 1 : cut
  refill(tree, right, page, kept, count)
  refill(tree, left, page, 0, kept)
  tree._index = index < cut ? index : index - cut
  return index < cut ? left : right
}

/**
 * Gives how many of the page's items and the new one (of `size` bytes, at `skip`) go to the left page: as many as 1.85 would put
 * there (spec section 5.2), unless they do not fit, or an internal page would be much less even than it could be.
 */
function chooseCut(tree: BTree, page: Frame, skip: number, size: number, big: boolean): number {
  const full = tree._pagesize - HEADER
  const count = itemCount(page)
  const total = tree._pagesize - upperBound(page) - page._gaps + count * 2 + size + 2
  let used = 0
  let cut = 0
  let cutUsed = 0
  let decided = false
  let bigs = 0
  let best = 0
  let smallest = total
  for (let position = 0; position < count; position++) {
    const isNew = position === skip
    const old = position > skip ? position - 1 : position
    const at = itemAt(page, old)
    const bytes = (isNew ? size : itemSize(tree, page, at)) + 2
    if ((skip <= position && used + bytes >= full) || old === count - 1) decided = true
    used += bytes
    if (!decided) {
      cut = position + 1
      cutUsed = used
      // 1.85 prefers not to cut right after a big key, three times at most.
      if (used >= full >> 1) {
        decided = bigs === 3 || !(isNew ? big : (page._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0)
        bigs++
      }
    }
    const larger = used > total - used ? used : total - used
    if (larger < smallest) {
      smallest = larger
      best = position + 1
    }
  }
  const larger = cutUsed > total - cutUsed ? cutUsed : total - cutUsed
  // Items longer than the inline limit, of other writers, may not fit that way.
  const fits = cut > 0 && larger <= full
  return fits && (page._kind === LEAF || larger - smallest <= full >> 3) ? cut : best
}

/**
 * Puts the right page of the split just made into the parent, splitting upwards as far as needed; a split root gets its two
 * children. Takes tree._left, tree._right and the path of the last search.
 */
export function raise(tree: BTree): void {
  const cache = tree._cache
  let level = tree._depth
  for (;;) {
    const left = tree._left
    const right = tree._right
    const child = right._pgno
    const isRoot = level === 0
    let parent = fetchPage(cache, isRoot ? ROOT : tree._path[--level], INTERNAL | LEAF)
    let index = isRoot ? 1 : tree._slots[level] + 1
    parent._pin = cache._call
    const whole = isRoot || (index === 1 && parent._view.getUint32(parent._base + PREV, true) === 0)
    makeSeparator(tree, left, right, whole)
    left._pin = 0
    right._pin = 0
    parent._pin = 0
    if (isRoot) {
      // Two items, the first with an empty key (spec section 5.3).
      refill(tree, parent, left, 0, 0)
      formatPage(tree, parent, INTERNAL, 0, 0)
      markDirty(cache, parent, FLAGS, LOWER)
      parent._view.setUint32(openSlot(tree, parent, 0, ITEM_HEADER) + CHILD, left._pgno, true)
    }
    const used = ITEM_HEADER + tree._separatorSize
    let at = openSlot(tree, parent, index, used)
    const split = at < 0
    if (split) {
      parent = splitPage(tree, parent, index, used, tree._separatorBig)
      index = tree._index
      at = openSlot(tree, parent, index, used)
    }
    parent._view.setUint32(at, tree._separatorSize, true)
    parent._view.setUint32(at + CHILD, child, true)
    parent._bytes[at + ITEM_FLAGS] = tree._separatorBig ? BIG_KEY : 0
    copyBytes((tree._separator as Buffer)._bytes, 0, parent._bytes, at + ITEM_HEADER, tree._separatorSize)
    if (!split) return
  }
}

/**
 * Puts the key that a parent gets for `right`, the page after `left` (both pinned), into tree._separator: as short as the order allows
 * (spec section 5.4). `whole`: an inline key is not shortened (1.85 does so at the left edge of a level). A key too long for the page
 * gets a chain of its own: 1.85 shares the leaf's, and can then never free it (defect Q13).
 */
function makeSeparator(tree: BTree, left: Frame, right: Frame, whole: boolean): void {
  const view = right._view
  const at = itemAt(right, 0)
  const big = (right._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0
  let size = view.getUint32(at, true)
  let source: Region = right
  let offset = at + ITEM_HEADER
  if (right._kind === LEAF) {
    size = itemKey(tree, right, at)
    source = tree._from
    offset = tree._fromAt
  }
  tree._separator = growBuffer(tree._separator, size)
  copyBytes(source._bytes, offset, tree._separator._bytes, 0, size)
  tree._separatorBig = big
  if (right._kind === INTERNAL) {
    if (big) {
      // The parent takes over the chain; the first key of an internal page is never looked at, so it may be empty.
      view.setUint32(at, 0, true)
      right._bytes[at + ITEM_FLAGS] = 0
      right._gaps += aligned(ITEM_HEADER + REFERENCE) - aligned(ITEM_HEADER)
      markDirty(tree._cache, right, at - right._base, at - right._base + ITEM_HEADER)
    }
  } else {
    if (big || !whole) {
      const short = tree._shorten(left, size)
      if (big || aligned(ITEM_HEADER + short) < aligned(ITEM_HEADER + size)) size = short
    }
    tree._separatorBig = size > tree._inline
    if (tree._separatorBig) {
      const pgno = writeChain(tree, tree._separator._bytes, size)
      tree._separator._view.setUint32(0, pgno, true)
      tree._separator._view.setUint32(4, size, true)
      size = REFERENCE
    }
  }
  tree._separatorSize = size
}

/** Gives how many bytes of the key in tree._separator, `size` long, tell it from the last key of the left page. */
export function shorten(this: BTree, left: Frame, size: number): number {
  if (this._order !== compareBytes) return size
  // The key itself, not the reference to a big one (defect Q5).
  const length = itemKey(this, left, itemAt(left, itemCount(left) - 1))
  const last = this._from._bytes
  const lastAt = this._fromAt
  const separator = (this._separator as Buffer)._bytes
  const common = size < length ? size : length
  let i = 0
  while (i < common && separator[i] === last[lastAt + i]) i++
  return i < size ? i + 1 : size
}
