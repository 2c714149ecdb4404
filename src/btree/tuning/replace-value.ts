/** Giving a record a value of another size, in place where that goes: fewer bytes are written, and no record moves. */

import { fetchPage } from "../../page/cache.ts"
import { markDirty } from "../../page/dirty.ts"
import { copyBytes } from "../../platform.ts"
import { BIG_DATA, DATA_SIZE, HEADER, ITEM_FLAGS, ITEM_HEADER, NEXT, OVERFLOW, REFERENCE } from "../layout.ts"
import { itemAt, setWord, wordAt } from "../page.ts"
import type { BTree } from "../tree.ts"
import { leaveHole } from "./fill-hole.ts"

/**
 * Puts `value` into the record where the last search ended when it fits where the old one is: a shorter one inline, or one that
 * takes as many overflow pages. False when it does not.
 */
export function replaceValue(this: BTree, value: Uint8Array): boolean {
  const cache = this._cache
  const leaf = this._leaf
  const length = value.length
  const at = itemAt(leaf, this._index)
  const keySize = wordAt(leaf, at)
  const dataSize = wordAt(leaf, at + DATA_SIZE)
  const item = at - leaf._base
  const body = at + ITEM_HEADER + keySize
  const big = keySize + length > this._inline
  if ((leaf._bytes[at + ITEM_FLAGS] & BIG_DATA) !== 0) {
    const room = this._pagesize - HEADER
    const old = wordAt(leaf, body + 4)
    if (!big || Math.ceil(old / room) !== Math.ceil(length / room)) return false
    let pgno = wordAt(leaf, body)
    setWord(leaf, body + 4, length)
    if (old !== length) markDirty(cache, leaf, body - leaf._base + 4, body - leaf._base + REFERENCE)
    for (let done = 0; done < length; done += room) {
      const frame = fetchPage(cache, pgno, OVERFLOW)
      const part = length - done < room ? length - done : room
      copyBytes(value, done, frame._bytes, frame._base + HEADER, part)
      markDirty(cache, frame, HEADER, HEADER + part)
      pgno = wordAt(frame, frame._base + NEXT)
    }
    return true
  }
  if (big || length > dataSize) return false
  const used = (ITEM_HEADER + keySize + length + 3) & ~3
  const rest = ((ITEM_HEADER + keySize + dataSize + 3) & ~3) - used
  leaf._bytes.set(value, body)
  setWord(leaf, at + DATA_SIZE, length)
  if (length > 0) markDirty(cache, leaf, body - leaf._base, body - leaf._base + length)
  markDirty(cache, leaf, item + DATA_SIZE, item + ITEM_FLAGS)
  leaf._gaps += rest
  if (rest > 0) leaveHole(this, leaf, item + used, rest)
  return true
}
