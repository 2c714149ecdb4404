/** Inserting and overwriting one record (spec section 4). The search key is in tree._key. */
import { markDirty, pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes, moveBytes } from "../platform.ts"
import {
  aligned,
  BIG_DATA,
  BIG_KEY,
  DATA_SIZE,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  REFERENCE,
  ROOT,
} from "./layout.ts"
import { chainPages, freeChain, rewriteChain, writeChain } from "./overflow.ts"
import { closeSlots, itemAt, leaveHole, makeRoom, openSlot } from "./page.ts"
import { raise, splitPage } from "./split.ts"
import type { BTree } from "./tree.ts"

/**
 * Inserts the search key with `value` at tree._leaf, tree._index, where the last search ended. Chains are written first; then the
 * leaf, and its parents when it has to split.
 */
export function insertRecord(tree: BTree, value: Uint8Array): void {
  const leaf = tree._leaf
  const index = tree._index
  pin(tree._cache, leaf)
  tree._keyChain = 0
  tree._dataChain = 0
  if (needsChain(tree, value.length, true))
    tree._keyChain = writeChain(tree, tree._key.bytes, 0, tree._keyLength)
  if (needsChain(tree, value.length, false)) tree._dataChain = writeChain(tree, value, 0, value.length)
  unpin(tree._cache, leaf)
  placeRecord(tree, leaf, index, value)
}

/** Tells whether the key (or else the data) of a record with the search key goes to overflow pages (spec section 4.1). */
function needsChain(tree: BTree, dataLength: number, ofKey: boolean): boolean {
  const keyLength = tree._keyLength
  const limit = tree._inline
  if (keyLength + dataLength <= limit) return false
  const bigKey = keyLength > limit
  const bigData = (bigKey ? REFERENCE : keyLength) + dataLength > limit
  // A key just below the limit leaves no room for the reference to its data.
  if (ofKey) return bigKey || (bigData && keyLength + REFERENCE > limit)
  return bigData
}

/** Writes the record, whose chains are in tree._keyChain and tree._dataChain (0: inline), to the leaf. */
function placeRecord(tree: BTree, leaf: Frame, index: number, value: Uint8Array): void {
  const keySize = tree._keyChain !== 0 ? REFERENCE : tree._keyLength
  const dataSize = tree._dataChain !== 0 ? REFERENCE : value.length
  const used = ITEM_HEADER + keySize + dataSize
  if (makeRoom(tree, leaf, used)) {
    writeRecord(tree, leaf, openSlot(tree, leaf, index, used), value)
    return
  }
  const splitRoot = leaf.pgno === ROOT
  const target = splitPage(tree, leaf, index, used, tree._keyChain !== 0)
  writeRecord(tree, target, openSlot(tree, target, tree._index, used), value)
  raise(tree, splitRoot)
}

function writeRecord(tree: BTree, frame: Frame, at: number, value: Uint8Array): void {
  const view = frame.view
  const little = tree._little
  const keySize = tree._keyChain !== 0 ? REFERENCE : tree._keyLength
  view.setUint32(at + KEY_SIZE, keySize, little)
  view.setUint32(at + DATA_SIZE, tree._dataChain !== 0 ? REFERENCE : value.length, little)
  frame.bytes[at + ITEM_FLAGS] = (tree._keyChain !== 0 ? BIG_KEY : 0) | (tree._dataChain !== 0 ? BIG_DATA : 0)
  const body = at + ITEM_HEADER
  if (tree._keyChain !== 0) {
    view.setUint32(body, tree._keyChain, little)
    view.setUint32(body + 4, tree._keyLength, little)
  } else {
    moveBytes(tree._key, 0, frame, body, keySize)
  }
  if (tree._dataChain !== 0) {
    view.setUint32(body + keySize, tree._dataChain, little)
    view.setUint32(body + keySize + 4, value.length, little)
  } else {
    copyBytes(value, 0, frame.bytes, body + keySize, value.length)
  }
}

/**
 * Gives the value of the record at tree._leaf, tree._index a new content, as close to in place as it goes: same size, the value
 * bytes alone change; smaller, its length too; else the record moves on its page. Tells whether any record changed its place.
 */
export function overwriteRecord(tree: BTree, value: Uint8Array): boolean {
  const leaf = tree._leaf
  const index = tree._index
  const view = leaf.view
  const at = itemAt(tree, leaf, index)
  const flags = leaf.bytes[at + ITEM_FLAGS]
  const keySize = view.getUint32(at + KEY_SIZE, tree._little)
  const dataSize = view.getUint32(at + DATA_SIZE, tree._little)
  const body = at + ITEM_HEADER + keySize
  const offset = body - leaf.base
  const bigData = needsChain(tree, value.length, false)
  const sameKey = needsChain(tree, value.length, true) === ((flags & BIG_KEY) !== 0)
  if (sameKey && bigData && (flags & BIG_DATA) !== 0) {
    const first = view.getUint32(body, tree._little)
    const length = view.getUint32(body + 4, tree._little)
    if (chainPages(tree, length) === chainPages(tree, value.length)) {
      if (length !== value.length) {
        view.setUint32(body + 4, value.length, tree._little)
        markDirty(tree._cache, leaf, offset + 4, offset + REFERENCE)
      }
      rewriteChain(tree, first, value.length, value)
      return false
    }
  } else if (sameKey && !bigData && (flags & BIG_DATA) === 0 && value.length <= dataSize) {
    if (value.length !== dataSize) {
      view.setUint32(at + DATA_SIZE, value.length, tree._little)
      markDirty(tree._cache, leaf, at - leaf.base + DATA_SIZE, at - leaf.base + ITEM_FLAGS)
    }
    copyBytes(value, 0, leaf.bytes, body, value.length)
    if (value.length > 0) markDirty(tree._cache, leaf, offset, offset + value.length)
    const end = aligned(ITEM_HEADER + keySize + value.length)
    const rest = aligned(ITEM_HEADER + keySize + dataSize) - end
    leaf.gaps += rest
    if (rest > 0) leaveHole(tree, leaf, at - leaf.base + end, rest)
    return false
  }
  dropRecords(tree, leaf, index, index + 1)
  insertRecord(tree, value)
  return true
}

/** Takes the records [from, to) off the leaf, with the chains they own. */
export function dropRecords(tree: BTree, leaf: Frame, from: number, to: number): void {
  pin(tree._cache, leaf)
  for (let i = from; i < to; i++) {
    const at = itemAt(tree, leaf, i)
    const flags = leaf.bytes[at + ITEM_FLAGS]
    if ((flags & BIG_KEY) !== 0) freeReference(tree, leaf, at + ITEM_HEADER)
    if ((flags & BIG_DATA) !== 0) {
      freeReference(tree, leaf, at + ITEM_HEADER + leaf.view.getUint32(at + KEY_SIZE, tree._little))
    }
  }
  unpin(tree._cache, leaf)
  closeSlots(tree, leaf, from, to)
}

/** Frees the chain that the reference at buffer offset `at` points to. */
export function freeReference(tree: BTree, frame: Frame, at: number): void {
  freeChain(tree, frame.view.getUint32(at, tree._little), frame.view.getUint32(at + 4, tree._little))
}
