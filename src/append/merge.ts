/**
 * Merging pages that deletes have left nearly empty. A page is merged with its neighbour where the whole fits, with room to spare, and is
 * left as it is where it does not; so separators hardly ever move, from which the original's defects D2 to D4 come. Only a leaf without records, or an internal page with one
 * child, which the original's reader cannot take, gets an item of its neighbour's: both pages are then built anew for the separator that comes between them.
 */
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { commonLength } from "./keys.ts"
import { HEADER, INTERNAL, INTERNALS, LEAF, LEAVES, LEVELS, NONE, ROOT } from "./layout.ts"
import { borrowItem } from "./opening/index.ts"
import {
  cleanPage,
  copyPage,
  freeOf,
  insertItem,
  itemAt,
  moveItem,
  removeItem,
  takeFullKey,
  wordAt,
} from "./page.ts"
import { boundsAt, narrow } from "./search.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { pageAt } from "./way.ts"

/**
 * Merges what is nearly empty on the way, from the leaf up, and makes the tree lower where that leaves a root of no use. True where a page was an only child, which has
 * no neighbour, and something above it has been merged or has borrowed: it may have one now.
 */
export function mergeUp(tree: AppendTree, txn: Transaction): boolean {
  const record = txn._record
  const room = tree._pagesize - HEADER
  let level = tree._depth
  let isAlone = false
  let again = false
  while (level > 0) {
    const frame = pageAt(tree, level)
    // Below a quarter, as in the original.
    let isMerged = (room - freeOf(frame)) * 4 < room
    if (isMerged) {
      if (pageAt(tree, level - 1)._count < 2) isAlone = true
      else {
        again = isAlone
        isMerged = mergePage(tree, txn, level, frame)
      }
    }
    level = isMerged ? level - 1 : 0
  }
  // A root without items is no tree; an internal one with one item has its child for a root.
  while (record[ROOT] !== NONE) {
    const root = fetchPage(tree._cache, record[ROOT], INTERNAL | LEAF)
    const isLeaf = root._kind === LEAF
    if (root._count > (isLeaf ? 0 : 1)) break
    record[LEVELS]--
    record[isLeaf ? LEAVES : INTERNALS]--
    record[ROOT] = isLeaf ? NONE : wordAt(root, itemAt(root, 0))
  }
  return again
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
  boundsAt(tree, level - 1)
  takeFullKey(tree, parent, from + 1, tree._low, tree._prefix, separator)
  narrow(tree, parent, from, from + 2)
  const wasLeft = commonLength(tree._low, separator)
  const wasRight = commonLength(separator, tree._high)
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
  const merged = cleanPage(tree, 0, frame._kind)
  for (let i = 0; i < left._count; i++) moveItem(tree, merged, left, i, separator, wasLeft, now)
  for (let i = 0; i < right._count; i++) {
    if (i < bare) {
      const child = wordAt(right, itemAt(right, 0))
      insertItem(tree, merged, merged._count, separator, now, child, 0, 0)
    } else moveItem(tree, merged, right, i, separator, wasRight, now)
  }
  copyPage(tree, merged, frame)
  other._pin = 0
  removeItem(parent, from + 1)
  parent._view.setUint32(itemAt(parent, from), frame._pgno, true)
  txn._record[isLeaf ? LEAVES : INTERNALS]--
  return true
}
