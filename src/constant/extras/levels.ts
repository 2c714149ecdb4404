/** The shape of a tree, which follows from the number of items alone: all nodes are full but the last one of each level. */
import { innerSlots, leafSlots } from "../layout.ts"

export interface Levels {
  _items: number
  _pagesize: number
  _keySize: number
  /** Keys of a full leaf and of a full inner node. */
  _leafSlots: number
  _innerSlots: number
  /** Nodes of each level, the leaves first; [0] for an empty tree. */
  _counts: number[]
  /** Nodes in all. */
  _pages: number
}

/** Gives the shape of a tree of so many items. */
export function levelsOf(items: number, pagesize: number, keySize: number): Levels {
  const slots = leafSlots(pagesize, keySize)
  const inner = innerSlots(pagesize, keySize)
  const counts = [Math.ceil(items / slots)]
  let pages = counts[0]
  for (let count = pages; count > 1; ) {
    count = Math.ceil(count / (inner + 1))
    counts.push(count)
    pages += count
  }
  return {
    _items: items,
    _pagesize: pagesize,
    _keySize: keySize,
    _leafSlots: slots,
    _innerSlots: inner,
    _counts: counts,
    _pages: pages,
  }
}

/** Gives the node number within the tree at which a level begins: the root is 0, the leaves come last. */
export function startOf(levels: Levels, level: number): number {
  let start = 0
  for (let above = levels._counts.length - 1; above > level; above--) start += levels._counts[above]
  return start
}

/** Gives how many children a node has. */
export function childrenOf(levels: Levels, level: number, node: number): number {
  const most = levels._innerSlots + 1
  const left = levels._counts[level - 1] - node * most
  return left < most ? left : most
}

/** Gives the leaf whose last key is the highest below a node. */
export function lastLeafOf(levels: Levels, level: number, node: number): number {
  let end = node + 1
  for (let below = level; below > 0; below--) end *= levels._innerSlots + 1
  return (end < levels._counts[0] ? end : levels._counts[0]) - 1
}

/** Gives the index behind the last key of a leaf. */
export function endOfLeaf(levels: Levels, leaf: number): number {
  const end = (leaf + 1) * levels._leafSlots
  return end < levels._items ? end : levels._items
}
