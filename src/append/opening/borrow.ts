/** What keeps leaves from being empty and children from being alone where merging does not fit: seldom needed. */
import type { Frame } from "../../page/pool.ts"
import { ITEM_HEADER, LEAF } from "../layout.ts"
import { freeOf, insertItem, itemAt, removeItem, wordAt } from "../page.ts"
import { boundsAt } from "../search.ts"
import { distribute, findSeparator, splitPage } from "../split.ts"
import type { Transaction } from "../transaction.ts"
import type { AppendTree } from "../tree.ts"
import { pageAt, touchPage } from "../way.ts"

/**
 * Moves one item of `donor`, the neighbour, to `poor`, which has none or a single child, and puts the separator that is then between the two into their
 * parent. Called with bounds and _separator as mergePage() has them, and the donor's prefix. Below an internal page no bound moves.
 */
export function borrowItem(
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
  findSeparator(tree, source, slot, between, cut, isLeaf, separator)
  distribute(tree, source, left, right, slot, between, cut, separator, isLeaf, word, 0, 0)
  removeItem(parent, from + 1)
  if (ITEM_HEADER + separator._length + 2 > freeOf(parent)) {
    splitPage(tree, txn, level - 1, from + 1, separator, right._pgno, 0, 0)
  } else {
    boundsAt(tree, level - 1)
    insertItem(tree, parent, from + 1, separator, tree._prefix, right._pgno, 0, 0)
  }
}
