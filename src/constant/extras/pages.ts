/** Nodes built in a page of zeros. */
import { BASE, CHILDREN, COUNT, INNER_KEYS, LEAF_KEYS, setUint64 } from "../layout.ts"
import type { Declared } from "./declared.ts"
import { childrenOf, endOfLeaf, type Levels, lastLeafOf, startOf } from "./levels.ts"

/**
 * Builds a leaf. Leaves are built in turn: the values of each begin where those of the one before end.
 */
export function buildLeaf(view: DataView, declared: Declared, levels: Levels, leaf: number): void {
  const size = levels._keySize
  const first = leaf * levels._leafSlots
  const count = endOfLeaf(levels, leaf) - first
  const offsets = LEAF_KEYS + size * levels._leafSlots
  view.setUint16(COUNT, count, true)
  if (leaf === 0) declared._base = 0
  setUint64(view, BASE, declared._base)
  let offset = 0
  for (let i = 0; i < count; i++) {
    const record = declared._viewOf(first + i)
    declared._copyKey(record, declared._at, view, LEAF_KEYS + i * size)
    offset += declared._sizeOf(first + i)
    view.setUint32(offsets + 4 * (i + 1), offset, true)
  }
  declared._base += offset
}

/** Builds an inner node: key i is the highest one below child i; the last child needs none. */
export function buildInner(
  view: DataView,
  declared: Declared,
  levels: Levels,
  level: number,
  node: number,
): void {
  const count = childrenOf(levels, level, node) - 1
  const firstChild = node * (levels._innerSlots + 1)
  view.setUint16(0, level, true)
  view.setUint16(COUNT, count, true)
  view.setUint32(CHILDREN, (startOf(levels, level - 1) + firstChild) * levels._pagesize, true)
  for (let i = 0; i < count; i++) {
    const index = endOfLeaf(levels, lastLeafOf(levels, level - 1, firstChild + i)) - 1
    const record = declared._viewOf(index)
    declared._copyKey(record, declared._at, view, INNER_KEYS + i * levels._keySize)
  }
}
