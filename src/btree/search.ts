/** From a key to a leaf and an index, with the path of pages above it. Iterative; allocates nothing. */
import type { Region } from "../bytes.ts"
import { growRegion } from "../bytes.ts"
import { corruption } from "../errors.ts"
import { fetchPage, pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { compareBytes } from "../platform.ts"
import {
  BIG_KEY,
  CHILD,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  LOWER,
  NEXT,
  ROOT,
} from "./layout.ts"
import { readChain } from "./overflow.ts"
import { itemAt, itemCount } from "./page.ts"
import type { BTree } from "./tree.ts"

/** Levels a descent goes down before it calls the file damaged; 1.85 itself remembers 50. */
export const DEPTH_MAX = 1000

/**
 * Descends to the leaf where the tree's search key is or belongs. Sets tree._leaf, tree._index and the path, and tells whether an
 * equal key was met on that leaf. `bias` says where to go among equals: 0 to the one met, -1 before the first, +1 after the last
 * (duplicates; both keep the path true, spec section 16). Reads one page a level when they are not cached.
 */
export function search(tree: BTree, bias: number): boolean {
  const little = tree._little
  const key = tree._key
  const length = tree._keyLength
  // The first four key bytes decide most probes; a custom order or a short key goes the long way.
  const head = tree._compare === null && length >= 4 ? key.view.getUint32(0) : -1
  let pgno = ROOT
  let depth = 0
  for (;;) {
    const frame = fetchPage(tree._cache, pgno, INTERNAL | LEAF)
    const view = frame.view
    const bytes = frame.bytes
    const base = frame.base
    const internal = frame.kind === INTERNAL
    let found = false
    let high = (view.getUint16(base + LOWER, little) - HEADER) >> 1
    // The first item of an internal page stands for every smaller key: it is never looked at.
    let low = internal ? 1 : 0
    while (low < high) {
      const middle = (low + high) >> 1
      const at = base + view.getUint16(base + HEADER + middle * 2, little)
      let order: number
      if (head >= 0 && (bytes[at + ITEM_FLAGS] & BIG_KEY) === 0) {
        const size = view.getUint32(at, little)
        if (size >= 4) {
          order = head - view.getUint32(at + ITEM_HEADER)
          if (order === 0) order = compareBytes(key, 4, length - 4, frame, at + ITEM_HEADER + 4, size - 4)
        } else {
          order = compareBytes(key, 0, length, frame, at + ITEM_HEADER, size)
        }
      } else {
        order = compareItem(tree, frame, at)
      }
      if (order === 0) {
        found = true
        if (bias === 0) {
          low = internal ? middle + 1 : middle
          break
        }
        order = bias
      }
      if (order > 0) low = middle + 1
      else high = middle
    }
    if (!internal) {
      tree._leaf = frame
      tree._index = low
      tree._depth = depth
      return found
    }
    low = low > 0 ? low - 1 : 0
    tree._path[depth] = pgno
    tree._slots[depth] = low
    depth = deeper(pgno, depth)
    pgno = view.getUint32(itemAt(tree, frame, low) + CHILD, little)
  }
}

/** Descends to the first leaf and index 0, or to the last leaf and its item count. */
export function searchEdge(tree: BTree, last: boolean): void {
  descend(tree, ROOT, 0, last)
}

/** Goes to the first item of the leaf after the path's leaf, along the path; false, staying there, at the end of the tree. */
export function nextLeafOnPath(tree: BTree): boolean {
  const pgno = tree._leaf.pgno
  let level = tree._depth - 1
  while (level >= 0) {
    const frame = fetchPage(tree._cache, tree._path[level], INTERNAL)
    const index = tree._slots[level] + 1
    if (index < itemCount(tree, frame)) {
      tree._slots[level] = index
      descend(tree, childAt(tree, frame, index), level + 1, false)
      return true
    }
    level--
  }
  // The pages above may have displaced the leaf.
  tree._leaf = fetchPage(tree._cache, pgno, LEAF)
  return false
}

function descend(tree: BTree, from: number, level: number, last: boolean): void {
  let pgno = from
  let depth = level
  for (;;) {
    const frame = fetchPage(tree._cache, pgno, INTERNAL | LEAF)
    const count = itemCount(tree, frame)
    if (frame.kind === LEAF) {
      tree._leaf = frame
      tree._index = last ? count : 0
      tree._depth = depth
      return
    }
    const index = last ? count - 1 : 0
    tree._path[depth] = pgno
    tree._slots[depth] = index
    depth = deeper(pgno, depth)
    pgno = childAt(tree, frame, index)
  }
}

function deeper(pgno: number, depth: number): number {
  if (depth >= DEPTH_MAX)
    throw corruption(pgno, 0, `the tree is deeper than ${DEPTH_MAX} levels, or runs in a circle`)
  return depth + 1
}

/** Gives the child page of item `index` of an internal page. */
export function childAt(tree: BTree, frame: Frame, index: number): number {
  return frame.view.getUint32(itemAt(tree, frame, index) + CHILD, tree._little)
}

/** Goes from the leaf in `frame` to its right (NEXT) or left (PREV) neighbour; null at the end. The neighbour must link back. */
export function neighbourLeaf(tree: BTree, frame: Frame, link: number, back: number): Frame | null {
  const own = frame.pgno
  const pgno = frame.view.getUint32(frame.base + link, tree._little)
  if (pgno === 0) return null
  if (pgno === own || pgno >= tree._pages) throw corruption(own, link, `the neighbour is page ${pgno}`)
  const neighbour = fetchPage(tree._cache, pgno, LEAF)
  const linked = neighbour.view.getUint32(neighbour.base + back, tree._little)
  if (linked !== own) {
    throw corruption(
      pgno,
      back,
      `${link === NEXT ? "left" : "right"} neighbour is page ${linked} instead of ${own}`,
    )
  }
  return neighbour
}

/** Orders the tree's search key against the key of the item at buffer offset `at`; a big key is loaded into tree._big. */
export function compareItem(tree: BTree, frame: Frame, at: number): number {
  if ((frame.bytes[at + ITEM_FLAGS] & BIG_KEY) === 0) {
    const size = frame.view.getUint32(at, tree._little)
    return compareKeys(tree, tree._key, 0, tree._keyLength, frame, at + ITEM_HEADER, size)
  }
  const size = loadBigKey(tree, frame, at)
  return compareKeys(tree, tree._key, 0, tree._keyLength, tree._big, 0, size)
}

/** Loads the big key of the item at buffer offset `at` into tree._big and gives its length. The frame stays. */
export function loadBigKey(tree: BTree, frame: Frame, at: number): number {
  const pgno = frame.view.getUint32(at + ITEM_HEADER, tree._little)
  const length = frame.view.getUint32(at + ITEM_HEADER + 4, tree._little)
  tree._big = growRegion(tree._big, length)
  pin(tree._cache, frame)
  readChain(tree, pgno, length, tree._big.bytes, 0, length)
  unpin(tree._cache, frame)
  return length
}

/** Orders two keys by the tree's order. */
export function compareKeys(
  tree: BTree,
  a: Region,
  aOffset: number,
  aLength: number,
  b: Region,
  bOffset: number,
  bLength: number,
): number {
  if (tree._compare === null) return compareBytes(a, aOffset, aLength, b, bOffset, bLength)
  return tree._compare(
    a.bytes.subarray(aOffset, aOffset + aLength),
    b.bytes.subarray(bOffset, bOffset + bLength),
  )
}
