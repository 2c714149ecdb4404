/** The key that a parent gets for a new right page (spec section 5.4): as short as the order allows. */
import { growRegion } from "../bytes.ts"
import { markDirty } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { moveBytes } from "../platform.ts"
import { aligned, BIG_KEY, CHILD, INTERNAL, ITEM_FLAGS, ITEM_HEADER, KEY_SIZE, REFERENCE } from "./layout.ts"
import { writeChain } from "./overflow.ts"
import { itemAt, itemCount } from "./page.ts"
import { loadBigKey } from "./search.ts"
import type { BTree } from "./tree.ts"

/**
 * Puts the separator of two neighbours, both pinned, into tree._separator and gives the bytes of its internal item. `whole`: an
 * inline key is not shortened (1.85 does so at the left edge of a level). A key too long for the page gets a chain of its own:
 * 1.85 shares the leaf's, and can then never free it (defect Q13).
 */
export function makeSeparator(tree: BTree, left: Frame, right: Frame, whole: boolean): number {
  const at = itemAt(tree, right, 0)
  if (right.kind === INTERNAL) {
    const size = right.view.getUint32(at + KEY_SIZE, tree._little)
    copySeparator(tree, right, at + ITEM_HEADER, size)
    tree._separatorBig = (right.bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0
    if (tree._separatorBig) disownKey(tree, right, at)
    return ITEM_HEADER + size
  }
  let size = right.view.getUint32(at + KEY_SIZE, tree._little)
  const big = (right.bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0
  if (big) {
    size = loadBigKey(tree, right, at)
    copySeparator(tree, tree._big, 0, size)
  } else {
    copySeparator(tree, right, at + ITEM_HEADER, size)
  }
  if (big || !whole) {
    const short = shortestSeparator(tree, left, size)
    if (big || aligned(ITEM_HEADER + short) < aligned(ITEM_HEADER + size)) size = short
  }
  tree._separatorSize = size
  tree._separatorBig = size > tree._inline
  if (tree._separatorBig) {
    const pgno = writeChain(tree, tree._separator.bytes, 0, size)
    tree._separator.view.setUint32(0, pgno, tree._little)
    tree._separator.view.setUint32(4, size, tree._little)
    tree._separatorSize = REFERENCE
  }
  return ITEM_HEADER + tree._separatorSize
}

function copySeparator(
  tree: BTree,
  source: { bytes: Uint8Array; view: DataView },
  offset: number,
  size: number,
): void {
  tree._separator = growRegion(tree._separator, size)
  moveBytes(source, offset, tree._separator, 0, size)
  tree._separatorSize = size
}

/** The parent takes over the chain; the first key of an internal page is never looked at, so it may be empty. */
function disownKey(tree: BTree, frame: Frame, at: number): void {
  const offset = at - frame.base
  frame.view.setUint32(at + KEY_SIZE, 0, tree._little)
  frame.bytes[at + ITEM_FLAGS] = 0
  frame.gaps += aligned(ITEM_HEADER + REFERENCE) - aligned(ITEM_HEADER)
  markDirty(tree._cache, frame, offset, offset + ITEM_HEADER)
}

/** Gives how many bytes of the key in tree._separator tell it from the last key of the left page. */
function shortestSeparator(tree: BTree, left: Frame, size: number): number {
  if (tree._compare !== null && tree._prefix === null) return size
  const last = itemAt(tree, left, itemCount(tree, left) - 1)
  let bytes = left.bytes
  let offset = last + ITEM_HEADER
  let lastSize = left.view.getUint32(last + KEY_SIZE, tree._little)
  if ((left.bytes[last + ITEM_FLAGS] & BIG_KEY) !== 0) {
    // The key itself, not its reference (defect Q5).
    lastSize = loadBigKey(tree, left, last)
    bytes = tree._big.bytes
    offset = 0
  }
  const separator = tree._separator.bytes
  if (tree._prefix !== null) {
    const short = tree._prefix(bytes.subarray(offset, offset + lastSize), separator.subarray(0, size))
    return short > 0 && short <= size ? short : size
  }
  const common = size < lastSize ? size : lastSize
  for (let i = 0; i < common; i++) {
    if (separator[i] !== bytes[offset + i]) return i + 1
  }
  return lastSize < size ? lastSize + 1 : lastSize
}

/** Writes the separator as an item at buffer offset `at` of an internal page. */
export function writeSeparator(tree: BTree, frame: Frame, at: number, child: number): void {
  frame.view.setUint32(at + KEY_SIZE, tree._separatorSize, tree._little)
  frame.view.setUint32(at + CHILD, child, tree._little)
  frame.bytes[at + ITEM_FLAGS] = tree._separatorBig ? BIG_KEY : 0
  moveBytes(tree._separator, 0, frame, at + ITEM_HEADER, tree._separatorSize)
}
