/** Inserting and overwriting one record (spec section 4). The search key is in tree._key. */
import { markDirty } from "../page/dirty.ts"
import { copyBytes } from "../platform.ts"
import {
  aligned,
  BIG_DATA,
  BIG_KEY,
  DATA_SIZE,
  HEADER,
  ITEM_FLAGS,
  ITEM_HEADER,
  REFERENCE,
} from "./layout.ts"
import { rewriteChain, writeChain } from "./overflow.ts"
import { itemAt, leaveHole, openSlot } from "./page.ts"
import { removeRecords } from "./remove.ts"
import { raise, splitPage } from "./split.ts"
import type { BTree } from "./tree.ts"

/** Gives which parts of a record go to overflow pages, as item flags (spec section 4.1). */
function bigParts(limit: number, keyLength: number, dataLength: number): number {
  if (keyLength + dataLength <= limit) return 0
  const bigKey = keyLength > limit
  const bigData = (bigKey ? REFERENCE : keyLength) + dataLength > limit
  // A key just below the limit leaves no room for the reference to its data.
  return (bigKey || (bigData && keyLength + REFERENCE > limit) ? BIG_KEY : 0) | (bigData ? BIG_DATA : 0)
}

/**
 * Inserts the search key with `value` where the last search ended. Chains are written first; then the leaf, and its parents when it
 * has to split.
 */
export function insertRecord(tree: BTree, value: Uint8Array): void {
  let leaf = tree._leaf
  const index = tree._index
  const keyLength = tree._keyLength
  const dataLength = value.length
  const flags = bigParts(tree._inline, keyLength, dataLength)
  leaf._pin = tree._cache._call
  const keyChain = (flags & BIG_KEY) !== 0 ? writeChain(tree, tree._key._bytes, keyLength) : 0
  const dataChain = (flags & BIG_DATA) !== 0 ? writeChain(tree, value, dataLength) : 0
  const keySize = keyChain !== 0 ? REFERENCE : keyLength
  const dataSize = dataChain !== 0 ? REFERENCE : dataLength
  const used = ITEM_HEADER + keySize + dataSize
  let at = openSlot(tree, leaf, index, used)
  const split = at < 0
  if (split) {
    leaf = splitPage(tree, leaf, index, used, keyChain !== 0)
    at = openSlot(tree, leaf, tree._index, used)
  }
  const view = leaf._view
  view.setUint32(at, keySize, true)
  view.setUint32(at + DATA_SIZE, dataSize, true)
  leaf._bytes[at + ITEM_FLAGS] = flags
  at += ITEM_HEADER
  if (keyChain !== 0) {
    view.setUint32(at, keyChain, true)
    view.setUint32(at + 4, keyLength, true)
  } else {
    copyBytes(tree._key._bytes, 0, leaf._bytes, at, keySize)
  }
  at += keySize
  if (dataChain !== 0) {
    view.setUint32(at, dataChain, true)
    view.setUint32(at + 4, dataLength, true)
  } else {
    leaf._bytes.set(value, at)
  }
  if (split) raise(tree)
}

/**
 * Gives the value of the record where the last search ended a new content, as close to in place as it goes: same size, the value
 * bytes alone change; smaller, its length too; else the record moves on its page. Tells whether any record changed its place.
 */
export function overwriteRecord(tree: BTree, value: Uint8Array): boolean {
  const cache = tree._cache
  const leaf = tree._leaf
  const view = leaf._view
  const at = itemAt(leaf, tree._index)
  const offset = at - leaf._base
  const flags = leaf._bytes[at + ITEM_FLAGS]
  const keySize = view.getUint32(at, true)
  const dataSize = view.getUint32(at + DATA_SIZE, true)
  const body = ITEM_HEADER + keySize
  const length = value.length
  if (flags === bigParts(tree._inline, tree._keyLength, length)) {
    if ((flags & BIG_DATA) !== 0) {
      const room = tree._pagesize - HEADER
      const first = view.getUint32(at + body, true)
      const old = view.getUint32(at + body + 4, true)
      if (Math.ceil(old / room) === Math.ceil(length / room)) {
        if (old !== length) {
          view.setUint32(at + body + 4, length, true)
          markDirty(cache, leaf, offset + body + 4, offset + body + REFERENCE)
        }
        rewriteChain(tree, first, length, value)
        return false
      }
    } else if (length <= dataSize) {
      leaf._bytes.set(value, at + body)
      if (length > 0) markDirty(cache, leaf, offset + body, offset + body + length)
      if (length !== dataSize) {
        view.setUint32(at + DATA_SIZE, length, true)
        markDirty(cache, leaf, offset + DATA_SIZE, offset + ITEM_FLAGS)
        const end = aligned(body + length)
        const rest = aligned(body + dataSize) - end
        leaf._gaps += rest
        if (rest > 0) leaveHole(tree, leaf, offset + end, rest)
      }
      return false
    }
  }
  removeRecords(tree, tree._index, tree._index + 1, true)
  insertRecord(tree, value)
  return true
}
