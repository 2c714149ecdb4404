/**
 * Deleting a record. A page that is nearly empty is merged with its neighbour where the whole fits, with room to spare, and is left as it is where it
 * does not; so separators hardly ever move, from which the original's defects D2 to D4 come. Only a leaf without records, or an internal page with one
 * child, which the original's reader cannot take, gets an item of its neighbour's: both pages are then built anew for the separator that comes between them.
 */
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { commonLength, turnKey } from "./keys.ts"
import { FLAGS, HEADER, INTERNAL, ITEM_HEADER, LEAF, NONE } from "./layout.ts"
import {
  copyPage,
  emptyPage,
  freeOf,
  insertItem,
  itemAt,
  keySizeAt,
  moveItem,
  removeItem,
  scratchPage,
  wordAt,
} from "./page.ts"
import { boundsAt, extend, search, TO_KEY } from "./search.ts"
import { distribute, findSeparator, splitPage } from "./split.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { forgetChain, pageAt, touchPage, touchPath } from "./way.ts"

/** Deletes the item that search() found. */
export function removeRecord(tree: AppendTree, txn: Transaction): void {
  touchPath(tree, txn)
  forgetChain(tree, txn, tree._leaf, tree._index)
  removeItem(tree._leaf, tree._index)
  txn._entries--
  while (balance(tree, txn) && tree._leaf._count === 0) {
    search(tree, txn._root, TO_KEY)
    touchPath(tree, txn)
  }
  shrinkRoot(tree, txn)
}

/**
 * Merges what is nearly empty on the way, from the leaf up. True where a page was an only child, which has no neighbour, and something above it
 * has been merged or has borrowed: it may have one now.
 */
function balance(tree: AppendTree, txn: Transaction): boolean {
  const room = tree._pagesize - HEADER
  let isAlone = false
  let again = false
  for (let level = tree._depth; level > 0; level--) {
    const frame = pageAt(tree, level)
    // Below a quarter, as in the original.
    if ((room - freeOf(frame)) * 4 >= room) return again
    if (pageAt(tree, level - 1)._count < 2) isAlone = true
    else {
      again = isAlone
      if (!mergePage(tree, txn, level, frame)) return again
    }
  }
  return again
}

/** A root without items is no tree; an internal one with one item has its child for a root. */
function shrinkRoot(tree: AppendTree, txn: Transaction): void {
  for (;;) {
    const root = fetchPage(tree._cache, txn._root, INTERNAL | LEAF)
    if (root._kind === LEAF ? root._count > 0 : root._count > 1) return
    txn._depth--
    if (root._kind === LEAF) {
      txn._root = NONE
      txn._leaves--
      return
    }
    txn._root = wordAt(root, itemAt(root, 0))
    txn._internals--
  }
}

/**
 * Merges the page at `level` of the way, which the transaction has made, with its left neighbour, or the right one of the first; false when the
 * two do not fit. The bounds of the pages below stay what they are: between two internal pages their separator becomes a key.
 */
function mergePage(tree: AppendTree, txn: Transaction, level: number, frame: Frame): boolean {
  const room = tree._pagesize - HEADER
  const parent = pageAt(tree, level - 1)
  const slot = tree._slots[level - 1]
  const from = slot > 0 ? slot - 1 : 0
  const isLeft = slot === from
  const pgno = wordAt(parent, itemAt(parent, isLeft ? from + 1 : from))
  const other = fetchPage(tree._cache, pgno, frame._kind)
  other._pin = tree._cache._call
  const left = isLeft ? frame : other
  const right = isLeft ? other : frame
  const separator = tree._separator
  pairBounds(tree, parent, level - 1, from)
  const wasLeft = tree._hasLow ? commonLength(tree._low, separator) : 0
  const wasRight = tree._hasHigh ? commonLength(separator, tree._high) : 0
  const now = tree._prefix
  const isLeaf = frame._kind === LEAF
  const bare = isLeaf ? 0 : 1
  const more = (left._count - bare) * (wasLeft - now) + (right._count - bare) * (wasRight - now)
  const size = 2 * room - freeOf(left) - freeOf(right) + more + bare * (separator._length - now)
  const isPoor = frame._count <= bare
  if (size > (isPoor ? room : room - (room >> 2))) {
    tree._prefix = isLeft ? wasRight : wasLeft
    // A neighbour is made poor only where that helps a leaf without records.
    if (isPoor && (isLeaf || other._count > 2 || tree._leaf._count === 0))
      borrowItem(tree, txn, level, frame, other, from)
    return false
  }
  const merged = scratchPage(tree)
  merged._kind = frame._kind
  merged._view.setUint32(merged._base + FLAGS, frame._kind, true)
  emptyPage(tree, merged)
  for (let i = 0; i < left._count; i++)
    moveItem(tree, merged, left, i, separator, wasLeft, now, !isLeaf && i === 0)
  for (let i = 0; i < right._count; i++) {
    if (i === 0 && !isLeaf) {
      const child = wordAt(right, itemAt(right, 0))
      insertItem(tree, merged, merged._count, separator, now, child, 0, 0)
    } else moveItem(tree, merged, right, i, separator, wasRight, now, false)
  }
  copyPage(tree, merged, frame)
  other._pin = 0
  removeItem(parent, from + 1)
  parent._view.setUint32(itemAt(parent, from), frame._pgno, true)
  if (isLeaf) txn._leaves--
  else txn._internals--
  return true
}

/**
 * Moves one item of `donor`, the neighbour, to `poor`, which has none or a single child, and puts the separator that is then between the two into their
 * parent. Called with bounds and _separator as pairBounds() leaves them, and the donor's prefix. Below an internal page no bound moves.
 */
function borrowItem(
  tree: AppendTree,
  txn: Transaction,
  level: number,
  poor: Frame,
  donor: Frame,
  from: number,
): void {
  const parent = pageAt(tree, level - 1)
  const isLeft = tree._slots[level - 1] === from
  const isLeaf = poor._kind === LEAF
  const source = touchPage(tree, txn, donor, parent, isLeft ? from + 1 : from)
  const left = isLeft ? poor : source
  const right = isLeft ? source : poor
  const between = tree._separator
  const separator = tree._otherSeparator
  let slot = source._count + 1
  let cut = isLeft ? 1 : source._count - 1
  let word = 0
  if (!isLeaf) {
    // What was between the two becomes the key of the right one's first child, which comes to the left page or has been on the right one.
    const own = wordAt(poor, itemAt(poor, 0))
    const first = itemAt(source, 0)
    slot = isLeft ? 1 : source._count
    word = isLeft ? wordAt(source, first) : own
    if (isLeft) {
      source._view.setUint32(first, own, true)
      cut = 2
    }
  }
  findSeparator(tree, source, slot, between, cut, separator)
  distribute(tree, source, left, right, slot, between, cut, separator, word, 0, 0)
  removeItem(parent, from + 1)
  if (ITEM_HEADER + separator._length + 2 > freeOf(parent)) {
    splitPage(tree, txn, level - 1, from + 1, separator, right._pgno, 0, 0)
  } else {
    boundsAt(tree, level - 1)
    insertItem(tree, parent, from + 1, separator, tree._prefix, right._pgno, 0, 0)
  }
}

/** Makes bounds and prefix those of items `from` and `from` + 1 of a page together, and _separator what is between them. */
function pairBounds(tree: AppendTree, parent: Frame, level: number, from: number): void {
  boundsAt(tree, level)
  const prefix = tree._prefix
  const separator = tree._separator
  const at = itemAt(parent, from + 1)
  const stored = keySizeAt(parent, at)
  copyBytes(tree._low._bytes, 0, separator._bytes, 0, prefix)
  turnKey(tree, parent._bytes, at + ITEM_HEADER, separator._bytes, prefix, stored)
  separator._length = prefix + stored
  if (from > 0) extend(tree, tree._low, parent, from, prefix)
  if (from + 2 < parent._count) extend(tree, tree._high, parent, from + 2, prefix)
  tree._hasLow = tree._hasLow || from > 0
  tree._hasHigh = tree._hasHigh || from + 2 < parent._count
  tree._prefix = tree._hasLow && tree._hasHigh ? commonLength(tree._low, tree._high) : 0
}
