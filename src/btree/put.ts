/** Inserting and overwriting one record (spec section 4). The search key is in tree._key. */
import { markDirty } from "../page/dirty.ts"
import { copyBytes } from "../platform.ts"
import { BIG_DATA, BIG_KEY, DATA_SIZE, ITEM_FLAGS, ITEM_HEADER, REFERENCE } from "./layout.ts"
import { writeChain } from "./overflow.ts"
import { itemAt, openSlot, setWord, wordAt } from "./page.ts"
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
  setWord(leaf, at, keySize)
  setWord(leaf, at + DATA_SIZE, dataSize)
  leaf._bytes[at + ITEM_FLAGS] = (keyChain !== 0 ? BIG_KEY : 0) | (dataChain !== 0 ? BIG_DATA : 0)
  at += ITEM_HEADER
  if (keyChain !== 0) {
    setWord(leaf, at, keyChain)
    setWord(leaf, at + 4, keyLength)
  } else {
    copyBytes(tree._key._bytes, 0, leaf._bytes, at, keySize)
  }
  at += keySize
  if (dataChain !== 0) {
    setWord(leaf, at, dataChain)
    setWord(leaf, at + 4, dataLength)
  } else {
    leaf._bytes.set(value, at)
  }
  if (split) raise(tree)
  tree._changes++
}

/**
 * Gives the value of the record where the last search ended a new content: in place when it has the same size (or where tuning/ can do
 * more), and then its bytes alone change; else the record moves on its page.
 */
export function overwriteRecord(tree: BTree, value: Uint8Array): void {
  const leaf = tree._leaf
  const index = tree._index
  const length = value.length
  const at = itemAt(leaf, index)
  const body = at + ITEM_HEADER + wordAt(leaf, at)
  if ((leaf._bytes[at + ITEM_FLAGS] & BIG_DATA) === 0 && wordAt(leaf, at + DATA_SIZE) === length) {
    leaf._bytes.set(value, body)
    if (length > 0) markDirty(tree._cache, leaf, body - leaf._base, body - leaf._base + length)
  } else if (tree._replaceValue === undefined || !tree._replaceValue(value)) {
    removeRecords(tree, index, index + 1, true)
    insertRecord(tree, value)
  }
}
