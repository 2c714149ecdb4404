/**
 * Big-endian files. In memory a page always has little-endian integers: they are turned around between the stream and the cache.
 *
 * Files of that order that 1.85 wrote on a little-endian machine are scrambled (defect Q12): for data on overflow pages behind an inline
 * key it swapped the words at key offsets 4 and 8 instead of the reference. The header does not tell such a file from a sound
 * one; a reference that leads outside the file does. It is set right in memory, and the handle is made read-only.
 */

import {
  BIG_DATA,
  BIG_KEY,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  LOWER,
  META_ROOM,
  REFERENCE,
  TYPE_MASK,
  UPPER,
} from "../layout.ts"
import type { BTree } from "../tree.ts"

/** Puts the layer that turns integers around between the stream and the cache, and turns the meta data in the key buffer. */
export function swapOrder(tree: BTree): void {
  const stream = tree._stream
  /** The page, or the part of the meta page, that `buffer` holds around `start`. */
  const turn = (buffer: Uint8Array, position: number, start: number, length: number, little: boolean) => {
    if (position < META_ROOM) turnWords(new DataView(buffer.buffer, buffer.byteOffset + start), 0, length)
    else turnPage(tree, buffer, start - (position % tree._pagesize), little)
  }
  tree._cache._stream = {
    read(buffer, position, start, length) {
      const got = stream.read(buffer, position, start, length)
      turn(buffer, position, start as number, length as number, false)
      return got
    },
    write(buffer, position, start, length) {
      turn(buffer, position, start as number, length as number, true)
      try {
        stream.write(buffer, position, start, length)
      } finally {
        turn(buffer, position, start as number, length as number, false)
      }
    },
  }
  turnWords(tree._key._view, 0, META_ROOM)
}

/** Turns the words of `view` in [from, from + length), as far as it goes. */
export function turnWords(view: DataView, from: number, length: number): void {
  for (let at = from; at < from + length && at + 4 <= view.byteLength; at += 4) {
    view.setUint32(at, view.getUint32(at), true)
  }
}

/** Turns all integers of the page at `base`, which are `little`-endian now. A damaged page stays within its bounds. */
export function turnPage(tree: BTree, buffer: Uint8Array, base: number, little: boolean): void {
  const pagesize = tree._pagesize
  const view = new DataView(buffer.buffer, buffer.byteOffset + base, pagesize)
  const type = view.getUint32(FLAGS, little) & TYPE_MASK
  const lower = view.getUint16(LOWER, little)
  turnWords(view, 0, LOWER)
  if (type !== INTERNAL && type !== LEAF) return
  view.setUint16(LOWER, lower, !little)
  view.setUint16(UPPER, view.getUint16(UPPER, little), !little)
  for (let slot = HEADER; slot < lower && slot + 2 <= pagesize; slot += 2) {
    const at = view.getUint16(slot, little)
    view.setUint16(slot, at, !little)
    if (at + ITEM_HEADER > pagesize) continue
    const key = at + ITEM_HEADER
    const data = key + view.getUint32(at, little)
    const flags = view.getUint8(at + ITEM_FLAGS)
    turnWords(view, at, ITEM_FLAGS)
    if ((flags & BIG_KEY) !== 0) turnWords(view, key, REFERENCE)
    if (type === LEAF && (flags & BIG_DATA) !== 0) {
      if (little || (flags & BIG_KEY) !== 0 || !mend(tree, view, key, data)) turnWords(view, data, REFERENCE)
    }
  }
}

/** Sets a scrambled item right whose reference, at `data`, is little-endian by mistake; false when it is not such a one. */
function mend(tree: BTree, view: DataView, key: number, data: number): boolean {
  const isPossible = (little: boolean) => {
    const pgno = view.getUint32(data, little)
    const most = (tree._pages - 2) * (tree._pagesize - HEADER)
    return pgno >= 2 && pgno < tree._pages && view.getUint32(data + 4, little) <= most
  }
  if (data + REFERENCE > tree._pagesize || key + 12 > tree._pagesize || isPossible(false)) return false
  turnWords(view, key + 4, 8)
  if (!isPossible(true)) {
    turnWords(view, key + 4, 8)
    return false
  }
  if (tree._readonly === "") {
    tree._readonly =
      "read-only: Berkeley DB 1.85 has scrambled this file in swapped byte order: dump it and load a new one"
  }
  return true
}
