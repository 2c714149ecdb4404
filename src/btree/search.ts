/** From a key to a leaf and an index, with the path of pages above it. Iterative; allocates nothing. */
import { keep } from "../bytes.ts"
import { corrupt } from "../errors.ts"
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { compareBytes, WORDS } from "../platform.ts"
import type { Cursor } from "./cursor.ts"
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
import { itemAt, wordAt } from "./page.ts"
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
  const cache = tree._cache
  const key = tree._key
  const keyView = key._view
  const length = key._length
  // The first three bytes, for what is shorter than a word; -1 where whole keys have to be compared.
  const head = WORDS && length >= 4 && tree._order === compareBytes ? keyView.getUint32(0) >>> 8 : -1
  const short = head < 0 ? 0 : 4
  // Bytes, in whole words, that the key shares with the nearest smaller and the nearest larger one met so far. All keys between
  // the two share them too, here and on the levels below.
  let below = 0
  let above = 0
  let pgno = ROOT
  let depth = 0
  let same = 0
  let found = false
  let at: number
  let size: number
  let order: number
  let middle: number
  let last: number
  let low: number
  let high: number
  for (;;) {
    // What fetchPage does for a page that is in its bucket's first place, without the call.
    let frame: Frame | null = null
    if (WORDS) frame = cache._buckets[pgno & cache._mask]
    if (WORDS && frame !== null && frame._pgno === pgno && (frame._kind & (INTERNAL | LEAF)) !== 0) {
      cache.hits++
      frame._used = ++cache._clock
    } else {
      frame = fetchPage(cache, pgno, INTERNAL | LEAF)
    }
    const view = frame._view
    const base = frame._base
    const slots = base + HEADER
    const internal = frame._kind === INTERNAL
    found = false
    // Offsets of slots. The first item of an internal page stands for every smaller key: it is never looked at.
    low = internal ? slots + 2 : slots
    high = slots + frame._count * 2
    if (bias !== 0) {
      if (bias === TO_FIRST) high = low
      else if (bias === TO_LAST) low = high
    }
    while (low < high) {
      middle = ((low + high) >> 2) << 1
      at = base + view.getUint16(middle, true)
      size = view.getUint32(at, true)
      if (WORDS && size < short) {
        // Most separators: one word has the item's flags, 0 here, and its key. It shares no whole word, nor did a nearest key before.
        size = (3 - size) << 3
        if (head >>> size < (view.getUint32(at + ITEM_FLAGS) & 0xffffff) >>> size) high = middle
        else low = middle + 2
        continue
      }
      if (size === REFERENCE && (frame._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
        size = itemKey(tree, frame, at)
        order = tree._order(key, 0, length, tree._from, tree._fromAt, size)
        same = 0
      } else if (head >= 0) {
        at += ITEM_HEADER
        last = (size < length ? size : length) - 4
        same = below < above ? below : above
        order = 0
        while (same <= last) {
          order = keyView.getUint32(same) - view.getUint32(at + same)
          if (order !== 0) break
          same += 4
        }
        if (order === 0) {
          order =
            same < last + 4
              ? compareBytes(key, same, length - same, frame, at + same, size - same)
              : length - size
        }
      } else {
        order = tree._order(key, 0, length, frame, at + ITEM_HEADER, size)
      }
      if (order === 0) {
        found = true
        if (bias === 0) {
          below = same
          low = internal ? middle + 2 : middle
          break
        }
        order = bias
      }
      if (order < 0) {
        high = middle
        above = same
      } else {
        low = middle + 2
        below = same
      }
    }
    if (!internal) {
      tree._leaf = frame
      tree._index = (low - slots) >> 1
      tree._depth = depth
      return found
    }
    low -= 2
    tree._path[depth] = pgno
    tree._slots[depth] = (low - slots) >> 1
    if (++depth > DEPTH_MAX) corrupt(pgno, 0, `over ${DEPTH_MAX} levels`)
    pgno = view.getUint32(base + view.getUint16(low, true) + CHILD, true)
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

/** Gives the cursor tree._ahead a copy of its key, which it has on its page; afterwards none is ahead. */
export function keepKey(tree: BTree): void {
  const cursor = tree._ahead as Cursor
  const leaf = fetchPage(tree._cache, cursor._page, LEAF)
  const at = itemAt(leaf, cursor._index)
  cursor._key = keep(cursor._key, leaf._bytes, at + ITEM_HEADER, wordAt(leaf, at))
  tree._ahead = null
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
