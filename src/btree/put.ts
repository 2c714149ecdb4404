/** Inserting and overwriting one record (spec section 4). The search key is in tree._key. */
import { markDirty } from "../page/dirty.ts"
import { copyBytes } from "../platform.ts"
import { BIG_DATA, BIG_KEY, DATA_SIZE, HEADER, ITEM_FLAGS, ITEM_HEADER, REFERENCE } from "./layout.ts"
import { WRITE, walkChain, writeChain } from "./overflow.ts"
import { itemAt, leaveHole, openSlot } from "./page.ts"
import { removeRecords } from "./remove.ts"
import { raise, splitPage } from "./split.ts"
import type { BTree } from "./tree.ts"

/**
 * Inserts the search key with `value` where the last search ended. Chains are written first; then the leaf, and its parents when it
 * has to split.
 */
export function insertRecord(tree: BTree, value: Uint8Array): void {
  const limit = tree._inline
  const keyLength = tree._key._length
  const dataLength = value.length
  let leaf = tree._leaf
  let keyChain = 0
  let dataChain = 0
  let keySize = keyLength
  let dataSize = dataLength
  leaf._pin = tree._cache._call
  if (keyLength + dataLength > limit) {
    const bigKey = keyLength > limit
    const bigData = (bigKey ? REFERENCE : keyLength) + dataLength > limit
    // A key just below the limit leaves no room for the reference to its data.
    if (bigKey || (bigData && keyLength + REFERENCE > limit)) {
      keyChain = writeChain(tree, tree._key._bytes, keyLength)
      keySize = REFERENCE
    }
    if (bigData) {
      dataChain = writeChain(tree, value, dataLength)
      dataSize = REFERENCE
    }
  }
  const used = ITEM_HEADER + keySize + dataSize
  let at = openSlot(tree, leaf, tree._index, used)
  const split = at < 0
  if (split) {
    leaf = splitPage(tree, leaf, tree._index, used, keyChain !== 0)
    at = openSlot(tree, leaf, tree._index, used)
  }
  const view = leaf._view
  view.setUint32(at, keySize, true)
  view.setUint32(at + DATA_SIZE, dataSize, true)
  leaf._bytes[at + ITEM_FLAGS] = (keyChain !== 0 ? BIG_KEY : 0) | (dataChain !== 0 ? BIG_DATA : 0)
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
 * bytes alone change; smaller, its length too; else the record moves on its page.
 */
export function overwriteRecord(tree: BTree, value: Uint8Array): void {
  const cache = tree._cache
  const leaf = tree._leaf
  const view = leaf._view
  const length = value.length
  const at = itemAt(leaf, tree._index)
  const keySize = view.getUint32(at, true)
  const dataSize = view.getUint32(at + DATA_SIZE, true)
  const body = at + ITEM_HEADER + keySize
  const offset = body - leaf._base
  const big = keySize + length > tree._inline
  if ((leaf._bytes[at + ITEM_FLAGS] & BIG_DATA) !== 0) {
    const room = tree._pagesize - HEADER
    const old = view.getUint32(body + 4, true)
    if (big && Math.ceil(old / room) === Math.ceil(length / room)) {
      view.setUint32(body + 4, length, true)
      if (old !== length) markDirty(cache, leaf, offset + 4, offset + REFERENCE)
      walkChain(tree, leaf, body, WRITE, value, 0, length)
      return
    }
  } else if (!big && length <= dataSize) {
    leaf._bytes.set(value, body)
    if (length > 0) markDirty(cache, leaf, offset, offset + length)
    if (length < dataSize) {
      const item = at - leaf._base
      const used = (ITEM_HEADER + keySize + length + 3) & ~3
      const rest = ((ITEM_HEADER + keySize + dataSize + 3) & ~3) - used
      view.setUint32(at + DATA_SIZE, length, true)
      markDirty(cache, leaf, item + DATA_SIZE, item + ITEM_FLAGS)
      leaf._gaps += rest
      if (rest > 0) leaveHole(tree, leaf, item + used, rest)
    }
    return
  }
  removeRecords(tree, tree._index, tree._index + 1, true)
  insertRecord(tree, value)
  tree._changes++
}
