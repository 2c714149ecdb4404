/**
 * Splitting a full page and telling its parents (spec section 5). Pages are cut where 1.85 cuts them; internal pages only while that
 * is about even: with long separators 1.85 makes trees as deep as they are long (defect Q9).
 */
import { assert } from "../assert.ts"
import { corruption } from "../errors.ts"
import { fetchPage, markDirty, pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import {
  aligned,
  BIG_KEY,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  LEAF,
  LOWER,
  NEXT,
  PREV,
  ROOT,
} from "./layout.ts"
import {
  copyToScratch,
  emptyPage,
  formatPage,
  itemAt,
  itemCount,
  itemSize,
  makeRoom,
  openSlot,
  setLink,
  takeItems,
  upperBound,
} from "./page.ts"
import { makeSeparator, writeSeparator } from "./separator.ts"
import { allocatePage } from "./space.ts"
import type { BTree } from "./tree.ts"

/**
 * Splits `page`, which has no room for an item of `used` bytes (`big`: its key is a reference) at `index`. Sets tree._left and
 * tree._right, both pinned, and gives the one of them with room at tree._index. The old root keeps its number and must be
 * rebuilt over the two (raise does).
 */
export function splitPage(tree: BTree, page: Frame, index: number, used: number, big: boolean): Frame {
  const cache = tree._cache
  const count = itemCount(tree, page)
  const next = page.view.getUint32(page.base + NEXT, tree._little)
  const kind = page.kind
  pin(cache, page)
  let left = page
  if (page.pgno === ROOT) {
    left = allocatePage(tree)
    pin(cache, left)
  }
  const right = allocatePage(tree)
  pin(cache, right)
  formatPage(tree, right, kind, left.pgno, next)
  if (left !== page) {
    formatPage(tree, left, kind, 0, right.pgno)
    unpin(cache, page)
  } else {
    setLink(tree, left, NEXT, right.pgno)
  }
  tree._left = left
  tree._right = right
  if (left === page && next === 0 && index === count) {
    // Ascending input leaves full pages behind.
    tree._index = 0
    return right
  }
  if (next !== 0) {
    const after = fetchPage(cache, next, kind)
    if (after.view.getUint32(after.base + PREV, tree._little) !== page.pgno) {
      throw corruption(next, PREV, `the left neighbour is not page ${page.pgno}`)
    }
    setLink(tree, after, PREV, right.pgno)
  }
  const source = copyToScratch(tree, page)
  const cut = chooseCut(tree, source, count, index, aligned(used), big)
  const kept = index < cut ? cut - 1 : cut
  emptyPage(tree, left)
  takeItems(tree, source, 0, kept, left)
  takeItems(tree, source, kept, count, right)
  tree._index = index < cut ? index : index - cut
  return index < cut ? left : right
}

/**
 * Gives how many of the `count` old items and the new one (of `size` bytes, at `skip`) go to the left page: as many as 1.85 would
 * put there, unless they do not fit, or an internal page would be much less even than it could be.
 */
function chooseCut(
  tree: BTree,
  page: Frame,
  count: number,
  skip: number,
  size: number,
  big: boolean,
): number {
  const full = tree._pagesize - HEADER
  const total = tree._pagesize - upperBound(tree, page) - page.gaps + count * 2 + size + 2
  const cut = cutLikeBerkeley(tree, page, count, skip, size, big, full)
  const larger = tree._cutUsed > total - tree._cutUsed ? tree._cutUsed : total - tree._cutUsed
  // Items longer than the inline limit, of other writers, may not fit that way.
  const fits = cut > 0 && larger <= full
  if (fits && page.kind === LEAF) return cut
  let best = 0
  let smallest = total
  let used = 0
  for (let even = 1; even <= count; even++) {
    used += itemSizeAt(tree, page, even - 1, skip, size) + 2
    const most = used > total - used ? used : total - used
    if (most < smallest) {
      smallest = most
      best = even
    }
  }
  if (fits && larger - smallest <= full >> 3) return cut
  assert(best > 0 && smallest <= full, "a page and one more item fit on two pages")
  return best
}

/** Gives the size of the item at `position` of the sequence in which the new item stands at `skip`. */
function itemSizeAt(tree: BTree, page: Frame, position: number, skip: number, size: number): number {
  if (position === skip) return size
  return itemSize(tree, page, itemAt(tree, page, position < skip ? position : position - 1))
}

/** 1.85's rule (spec section 5.2). Sets tree._cutUsed to the bytes that go left. */
function cutLikeBerkeley(
  tree: BTree,
  page: Frame,
  count: number,
  skip: number,
  size: number,
  big: boolean,
  full: number,
): number {
  const half = full >> 1
  let used = 0
  let bigs = 0
  let taken = 0
  let position = 0
  while (taken < count) {
    const isNew = position === skip
    const bytes = itemSizeAt(tree, page, position, skip, size) + 2
    if ((skip <= position && used + bytes >= full) || taken === count - 1) break
    const isBig = isNew ? big : (page.bytes[itemAt(tree, page, taken) + ITEM_FLAGS] & BIG_KEY) !== 0
    if (!isNew) taken++
    used += bytes
    position++
    if (used >= half) {
      // Prefers not to cut right after a big key, three times at most.
      if (!isBig || bigs === 3) break
      bigs++
    }
  }
  tree._cutUsed = used
  return position
}

/**
 * Puts the right page of the split just made into the parent, splitting upwards as far as needed; a split root gets its two
 * children. Takes tree._left, tree._right and the path of the last search.
 */
export function raise(tree: BTree, splitRoot: boolean): void {
  const cache = tree._cache
  let level = tree._depth
  let root = splitRoot
  for (;;) {
    const left = tree._left
    const right = tree._right
    if (root) {
      makeSeparator(tree, left, right, true)
      unpin(cache, left)
      unpin(cache, right)
      rebuildRoot(tree, left.pgno, right.pgno)
      return
    }
    level--
    const parent = fetchPage(cache, tree._path[level], INTERNAL)
    const index = tree._slots[level] + 1
    pin(cache, parent)
    const whole = index === 1 && parent.view.getUint32(parent.base + PREV, tree._little) === 0
    const used = makeSeparator(tree, left, right, whole)
    unpin(cache, left)
    unpin(cache, right)
    unpin(cache, parent)
    const child = right.pgno
    if (makeRoom(tree, parent, used)) {
      writeSeparator(tree, parent, openSlot(tree, parent, index, used), child)
      return
    }
    root = parent.pgno === ROOT
    const target = splitPage(tree, parent, index, used, tree._separatorBig)
    writeSeparator(tree, target, openSlot(tree, target, tree._index, used), child)
  }
}

/** Makes the root an internal page with two items, the first with an empty key (spec section 5.3). */
function rebuildRoot(tree: BTree, left: number, right: number): void {
  const root = fetchPage(tree._cache, ROOT, INTERNAL | LEAF)
  emptyPage(tree, root)
  formatPage(tree, root, INTERNAL, 0, 0)
  markDirty(tree._cache, root, FLAGS, LOWER)
  const size = tree._separatorSize
  const big = tree._separatorBig
  tree._separatorSize = 0
  tree._separatorBig = false
  writeSeparator(tree, root, openSlot(tree, root, 0, 9), left)
  tree._separatorSize = size
  tree._separatorBig = big
  writeSeparator(tree, root, openSlot(tree, root, 1, 9 + size), right)
}
