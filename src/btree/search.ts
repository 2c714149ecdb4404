/** From a key to a leaf and an index, with the path of pages above it. Iterative; allocates nothing. */
import { keep } from "../bytes.ts"
import { corrupt } from "../errors.ts"
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { compareBytes, WORDS } from "../platform.ts"
import {
  BIG_KEY,
  CHILD,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  NEXT,
  PREV,
  REFERENCE,
  ROOT,
} from "./layout.ts"
import { walkChain } from "./overflow.ts"
import { wordAt } from "./page.ts"
import type { BTree } from "./tree.ts"

/** Levels a descent goes down before it calls the file damaged; 1.85 itself remembers 50. */
const DEPTH_MAX = 1000

/** For search: to the first record, or behind the last one, whatever the search key. */
export const TO_FIRST = -2
export const TO_LAST = 2

/**
 * Descends to the leaf where the tree's search key is or belongs. Sets tree._leaf, tree._index and the path, and tells whether an
 * equal key was met on that leaf. `bias` says where to go among equals: 0 to the one met, with duplicates to the tree._nth of
 * them; -1 before the first, +1 after the last (both keep the path true, spec section 16). Reads one page a level when they are not
 * cached.
 */
export function search(tree: BTree, bias: number): boolean {
  if (tree._duplicates && bias === 0) return tree._findEqual(tree._nth)
  const key = tree._key
  const keyView = WORDS ? key._view : null
  const length = key._length
  const words = WORDS && tree._order === compareBytes
  // Bytes, in whole words, that the key shares with the nearest smaller and the nearest larger one met so far. All keys between
  // the two share them too, here and on the levels below.
  let below = 0
  let above = 0
  let pgno = ROOT
  let depth = 0
  for (;;) {
    const frame = fetchPage(tree._cache, pgno, INTERNAL | LEAF)
    const view = frame._view
    const base = frame._base
    const slots = base + HEADER
    const internal = frame._kind === INTERNAL
    let found = false
    // The first item of an internal page stands for every smaller key: it is never looked at.
    let low = internal ? 1 : 0
    let high = frame._count
    if (bias === TO_FIRST) high = low
    else if (bias === TO_LAST) low = high
    while (low < high) {
      const middle = (low + high) >> 1
      const at = base + view.getUint16(slots + middle * 2, true)
      let size = view.getUint32(at, true)
      let order = 0
      let same = 0
      if (size === REFERENCE && (frame._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
        size = itemKey(tree, frame, at)
        order = tree._order(key, 0, length, tree._from, tree._fromAt, size)
      } else if (words) {
        const body = at + ITEM_HEADER
        const common = size < length ? size : length
        same = below < above ? below : above
        while (same + 4 <= common) {
          order = (keyView as DataView).getUint32(same) - view.getUint32(body + same)
          if (order !== 0) break
          same += 4
        }
        for (let i = same; order === 0 && i < common; i++) order = key._bytes[i] - frame._bytes[body + i]
        if (order === 0) order = length - size
      } else {
        order = tree._order(key, 0, length, frame, at + ITEM_HEADER, size)
      }
      if (order === 0) {
        found = true
        if (bias === 0) {
          below = same
          low = internal ? middle + 1 : middle
          break
        }
        order = bias
      }
      if (order > 0) {
        low = middle + 1
        below = same
      } else {
        high = middle
        above = same
      }
    }
    if (!internal) {
      tree._leaf = frame
      tree._index = low
      tree._depth = depth
      return found
    }
    low--
    tree._path[depth] = pgno
    tree._slots[depth] = low
    if (++depth > DEPTH_MAX) corrupt(pgno, 0, `over ${DEPTH_MAX} levels`)
    pgno = view.getUint32(base + view.getUint16(slots + low * 2, true) + CHILD, true)
  }
}

/** Finds the key of the item at `at`: in tree._from at tree._fromAt, where a big key is read into tree._big. Gives its length. */
export function itemKey(tree: BTree, frame: Frame, at: number): number {
  const body = at + ITEM_HEADER
  let length = frame._view.getUint32(at, true)
  tree._from = frame
  tree._fromAt = body
  if (length === REFERENCE && (frame._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
    length = wordAt(frame, body + 4)
    const big = keep(tree._big, null, 0, length)
    frame._pin = tree._cache._call
    walkChain(tree, frame, body, big._bytes, 0, length)
    tree._big = big
    tree._from = big
    tree._fromAt = 0
  }
  return length
}

/** Goes from a page to its right (NEXT) or left (PREV) neighbour; null at the end. The neighbour must link back. */
export function neighbour(tree: BTree, frame: Frame, link: number): Frame | null {
  const own = frame._pgno
  const pgno = wordAt(frame, frame._base + link)
  if (pgno === 0) return null
  const beyond = pgno === own || pgno >= tree._pages ? null : fetchPage(tree._cache, pgno, frame._kind)
  const back = NEXT + PREV - link
  if (beyond === null || wordAt(beyond, beyond._base + back) !== own) {
    corrupt(own, link, `neighbour ${pgno} does not link back`)
  }
  return beyond
}
