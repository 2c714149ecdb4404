/**
 * Splitting a full page, and every full one above it. Where the original's rule (half of the items, by count) gives two halves that fit, it
 * is kept, so that the same insertions make the same file; elsewhere the original loses records (spec section 11, D1), and the cut goes by bytes.
 */
import { type Kept, keep } from "../bytes.ts"
import type { Frame } from "../page/pool.ts"
import { commonLength } from "./keys.ts"
import { HEADER, INTERNAL, INTERNALS, ITEM_HEADER, LEAF, LEAVES, LEVELS, ROOT } from "./layout.ts"
import {
  cleanPage,
  copyPage,
  emptyPage,
  freeOf,
  insertItem,
  itemAt,
  itemSize,
  keySizeAt,
  moveItem,
  newPage,
  takeFullKey,
} from "./page.ts"
import { boundsAt } from "./search.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { pageAt } from "./way.ts"

/**
 * Splits the page at `level` of the way, which has no room for an item at `slot` with a key, a word, flags and a body of `size` bytes, and puts
 * separators into the pages above, which are split where they are full. The item goes in as well: of a leaf _leaf and _index then say where, and
 * the result is true. False where it fits beside the others in neither half, which can be in leaves below 1.6 KB: they are parted there, and it is to be tried again.
 */
export function splitPage(
  tree: AppendTree,
  txn: Transaction,
  level: number,
  slot: number,
  key: Kept,
  word: number,
  flags: number,
  size: number,
): boolean {
  let isIn = true
  for (;;) {
    boundsAt(tree, level)
    if (level === 0) {
      growRoot(tree, txn)
      level = 1
    }
    const left = pageAt(tree, level)
    const isLeaf = left._kind === LEAF
    const count = left._count
    let cut = chooseCut(tree, left, slot, key, isLeaf, size)
    if (cut < 0) {
      isIn = false
      cut = slot
      slot = count + 1
    }
    const right = newPage(tree, txn, left._kind)
    txn._record[isLeaf ? LEAVES : INTERNALS]++
    // The item that goes up may be the one that comes in: the two buffers take turns.
    const separator = key === tree._separator ? tree._otherSeparator : tree._separator
    findSeparator(tree, left, slot, key, cut, isLeaf, separator)
    distribute(tree, left, left, right, slot, key, cut, separator, isLeaf, word, isLeaf ? flags : 0, size)
    level--
    slot = tree._slots[level] + 1
    key = separator
    word = right._pgno
    size = 0
    // Only the new item's page has to stay, for its value.
    left._pin = right._pin = 0
    tree._leaf._pin = tree._cache._call
    const parent = pageAt(tree, level)
    if (ITEM_HEADER + key._length + 2 <= freeOf(parent)) {
      boundsAt(tree, level)
      insertItem(tree, parent, slot, key, tree._prefix, word, 0, 0)
      return isIn
    }
  }
}

/** Puts a new root above the one of now. */
function growRoot(tree: AppendTree, txn: Transaction): void {
  const root = newPage(tree, txn, INTERNAL)
  const child = tree._path[0]
  tree._third._length = 0
  insertItem(tree, root, 0, tree._third, 0, child, 0, 0)
  tree._depth++
  for (let i = tree._depth; i > 0; i--) {
    tree._path[i] = tree._path[i - 1]
    tree._slots[i] = tree._slots[i - 1]
  }
  tree._path[0] = root._pgno
  tree._slots[0] = 0
  txn._record[ROOT] = root._pgno
  txn._record[LEVELS]++
  txn._record[INTERNALS]++
}

/**
 * Gives how many items stay on the left, counted with the new one at `slot`; -1 where no cut makes two pages that fit. Sizes are those with
 * the prefix of now: halves never have a shorter one.
 */
function chooseCut(
  tree: AppendTree,
  frame: Frame,
  slot: number,
  key: Kept,
  isLeaf: boolean,
  body: number,
): number {
  const room = tree._pagesize - HEADER
  const ownKey = key._length - tree._prefix
  const own = ITEM_HEADER + ownKey + body + 2
  const count = frame._count
  const total = room - freeOf(frame) + own
  const half = (count >> 1) + 1
  // The original's: half of the old items and one stay, and the new one with them if its place is before.
  const original = slot < half ? half + 1 : half
  let best = -1
  let least = 4 * room
  let left = 0
  for (let cut = 1; cut <= count; cut++) {
    const before = cut - 1 < slot ? cut - 1 : cut - 2
    left += cut - 1 === slot ? own : itemSize(frame, itemAt(frame, before)) + 2
    const first = cut < slot ? cut : cut - 1
    // The first key of an internal page goes up and is not stored.
    const bare = isLeaf ? 0 : cut === slot ? ownKey : keySizeAt(frame, itemAt(frame, first))
    const right = total - left - bare
    if (left <= room && right <= room) {
      // The original's reader wants two children of an internal page, though its own splits of four may leave one. Of three children one is alone.
      const isPoor = !isLeaf && (cut < 2 || cut === count)
      if (cut === original && (!isPoor || count < 3)) {
        best = cut
        break
      }
      let uneven = left < right ? right - left : left - right
      if (isPoor) uneven += 2 * room
      if (uneven < least) {
        least = uneven
        best = cut
      }
    }
  }
  return best
}

/** Gives the full key of an item, counted with the new one at `slot`; valid until the next call. */
function keyOf(tree: AppendTree, frame: Frame, slot: number, key: Kept, index: number): Kept {
  if (index === slot) return key
  // The new key belongs between the bounds of the page, so it begins as all others.
  takeFullKey(tree, frame, index < slot ? index : index - 1, key, tree._prefix, tree._third)
  return tree._third
}

/**
 * Puts what tells the two halves apart into `separator`: of leaves the shortest beginning of the first key on the right that is above the
 * last one on the left (prefix B-trees: Bayer and Unterauer, 1977), of internal pages the whole key.
 */
export function findSeparator(
  tree: AppendTree,
  frame: Frame,
  slot: number,
  key: Kept,
  cut: number,
  isLeaf: boolean,
  separator: Kept,
): void {
  const first = keyOf(tree, frame, slot, key, cut)
  keep(separator, first._bytes, 0, first._length)
  if (isLeaf) separator._length = commonLength(keyOf(tree, frame, slot, key, cut - 1), separator) + 1
}

/**
 * Parts the items of `source`, which is one of the two pages, and the new one at `slot`, between `left` and `right`; each gets the prefix that its new
 * bounds give: those of now, and the separator. A slot behind the end of the page is for no item.
 */
export function distribute(
  tree: AppendTree,
  source: Frame,
  left: Frame,
  right: Frame,
  slot: number,
  key: Kept,
  cut: number,
  separator: Kept,
  isLeaf: boolean,
  word: number,
  flags: number,
  body: number,
): void {
  const was = tree._prefix
  const items = cleanPage(tree, 0, source._kind)
  const count = source._count + (slot <= source._count ? 1 : 0)
  let target = left
  let now = commonLength(tree._low, separator)
  copyPage(tree, source, items)
  emptyPage(tree, left)
  emptyPage(tree, right)
  for (let index = 0; index < count; index++) {
    if (index === cut) {
      target = right
      now = commonLength(separator, tree._high)
    }
    if (index === slot) {
      if (isLeaf) {
        tree._leaf = target
        tree._index = target._count
      }
      const lacks = isLeaf || target._count > 0 ? now : key._length
      insertItem(tree, target, target._count, key, lacks, word, flags, body)
    } else {
      moveItem(tree, target, items, index < slot ? index : index - 1, separator, was, now)
    }
  }
}
