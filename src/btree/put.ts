/** Storing one record (spec section 4). The search key is in tree._key. */
import { markDirty } from "../page/dirty.ts"
import { copyBytes, TUNING } from "../platform.ts"
import { BIG_DATA, BIG_KEY, DATA_SIZE, ITEM_FLAGS, ITEM_HEADER, REFERENCE } from "./layout.ts"
import { writeChain } from "./overflow.ts"
import { itemAt, setWord, wordAt } from "./page.ts"
import { removeRecords } from "./remove.ts"
import { place, raise } from "./split.ts"
import type { BTree } from "./tree.ts"

/**
 * Stores `value` under the search key where the last search ended: in a new record, or, to `overwrite`, in the one there. That one is
 * changed in place where the size is the same (or where tuning/ can do more), and then its bytes alone change; else it moves on its
 * page. Chains are written first; then the leaf, and its parents when it has to split.
 */
export function storeRecord(tree: BTree, value: Uint8Array, overwrite: boolean): unknown {
  const key = tree._key
  const index = tree._index
  const keyLength = key._length
  const dataLength = value.length
  let leaf = tree._leaf
  if (overwrite) {
    const old = itemAt(leaf, index)
    if ((leaf._bytes[old + ITEM_FLAGS] & BIG_DATA) === 0 && wordAt(leaf, old + DATA_SIZE) === dataLength) {
      const body = old + ITEM_HEADER + wordAt(leaf, old)
      leaf._bytes.set(value, body)
      if (dataLength > 0) markDirty(tree._cache, leaf, body - leaf._base, body - leaf._base + dataLength)
      return
    }
    if (TUNING && tree._replaceValue !== undefined && tree._replaceValue(value)) return
    removeRecords(tree, index, index + 1, true)
  }
  let keyChain = 0
  let dataChain = 0
  let keySize = keyLength
  let dataSize = dataLength
  leaf._pin = tree._cache._call
  if (keyLength + dataLength > tree._inline) {
    const limit = tree._inline
    const bigKey = keyLength > limit
    const bigData = (bigKey ? REFERENCE : keyLength) + dataLength > limit
    // A key just below the limit leaves no room for the reference to its data.
    if (bigKey || (bigData && keyLength + REFERENCE > limit)) {
      keyChain = writeChain(tree, key._bytes, keyLength)
      keySize = REFERENCE
    }
    if (bigData) {
      dataChain = writeChain(tree, value, dataLength)
      dataSize = REFERENCE
    }
  }
  let at = place(tree, leaf, index, ITEM_HEADER + keySize + dataSize, keyChain !== 0)
  leaf = tree._leaf
  setWord(leaf, at, keySize)
  setWord(leaf, at + DATA_SIZE, dataSize)
  leaf._bytes[at + ITEM_FLAGS] = (keyChain !== 0 ? BIG_KEY : 0) | (dataChain !== 0 ? BIG_DATA : 0)
  at += ITEM_HEADER
  if (keyChain !== 0) {
    setWord(leaf, at, keyChain)
    setWord(leaf, at + 4, keyLength)
  } else {
    copyBytes(key._bytes, 0, leaf._bytes, at, keySize)
  }
  at += keySize
  if (dataChain !== 0) {
    setWord(leaf, at, dataChain)
    setWord(leaf, at + 4, dataLength)
  } else {
    leaf._bytes.set(value, at)
  }
  tree._changes++
  // A tail call, for which XS keeps nothing of this one on its stack.
  if (tree._right !== null) return raise(tree)
}
