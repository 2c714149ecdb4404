/**
 * Deleting a record. Separators are never moved or changed on the way (the original's defects D2 to D4 come from that): a page that is nearly
 * empty is merged with its neighbour where the whole fits, with room to spare, and is left as it is where it does not.
 */
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { commonLength, turnKey } from "./keys.ts"
import { HEADER, INTERNAL, ITEM_HEADER, LEAF, NONE } from "./layout.ts"
import {
  copyPage,
  freeOf,
  insertItem,
  itemAt,
  keySizeAt,
  moveItem,
  removeItem,
  scratchPage,
  setBounds,
  wordAt,
} from "./page.ts"
import { boundsAt, extend } from "./search.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { forgetChain, pageAt, touchPath } from "./way.ts"

/** Deletes the item that search() found. */
export function removeRecord(tree: AppendTree, txn: Transaction): void {
  touchPath(tree, txn)
  forgetChain(tree, txn, tree._leaf, tree._index)
  removeItem(tree._leaf, tree._index)
  txn._entries--
  const room = tree._pagesize - HEADER
  let level = tree._depth
  while (level > 0) {
    const frame = pageAt(tree, level)
    // Below a quarter, as in the original.
    if ((room - freeOf(frame)) * 4 >= room || !mergePage(tree, txn, level, frame)) break
    level--
  }
  shrinkRoot(tree, txn)
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
  if (parent._count < 2) return false
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
  const isEmpty = frame._count === 0
  if (size > (isEmpty ? room : room - (room >> 2))) return false
  const merged = scratchPage(tree)
  merged._kind = frame._kind
  merged._bytes.fill(0, merged._base, merged._base + tree._pagesize)
  merged._view.setUint32(merged._base + 4, frame._kind, true)
  setBounds(merged, 0, tree._pagesize)
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
