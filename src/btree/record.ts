/** Reading one record: in place for find() and cursors, or copied out. */
import { copyOut, growRegion } from "../bytes.ts"
import { pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes, moveBytes } from "../platform.ts"
import { BIG_DATA, BIG_KEY, DATA_SIZE, ITEM_FLAGS, ITEM_HEADER, KEY_SIZE } from "./layout.ts"
import { readChain } from "./overflow.ts"
import { itemAt } from "./page.ts"
import { loadBigKey } from "./search.ts"
import type { BTree } from "./tree.ts"

/** Where a record's bytes are: `bytes` is the handle's own memory and holds until the next call on the handle. */
export interface Shown {
  bytes: Uint8Array
  keyOffset: number
  keyLength: number
  valueOffset: number
  /** -1 when the value is on overflow pages: then copy it with getInto, value or valueInto. */
  valueLength: number
}

/** Points `target` at record `index` of the leaf. Allocates nothing; a key on overflow pages is read into a kept buffer. */
export function showRecord(tree: BTree, target: Shown, leaf: Frame, index: number): void {
  const view = leaf.view
  const at = itemAt(tree, leaf, index)
  const flags = leaf.bytes[at + ITEM_FLAGS]
  const keySize = view.getUint32(at + KEY_SIZE, tree._little)
  const dataSize = view.getUint32(at + DATA_SIZE, tree._little)
  const body = at + ITEM_HEADER
  target.valueLength = (flags & BIG_DATA) !== 0 ? -1 : dataSize
  if ((flags & BIG_KEY) === 0) {
    target.bytes = leaf.bytes
    target.keyOffset = body
    target.keyLength = keySize
    target.valueOffset = body + keySize
    return
  }
  const length = view.getUint32(body + 4, tree._little)
  tree._big = growRegion(tree._big, length + dataSize)
  pin(tree._cache, leaf)
  loadBigKey(tree, leaf, at)
  unpin(tree._cache, leaf)
  moveBytes(leaf, body + keySize, tree._big, length, dataSize)
  target.bytes = tree._big.bytes
  target.keyOffset = 0
  target.keyLength = length
  target.valueOffset = length
}

/** Gives the length in bytes of the value of record `index`. */
export function valueSize(tree: BTree, leaf: Frame, index: number): number {
  const at = itemAt(tree, leaf, index)
  const keySize = leaf.view.getUint32(at + KEY_SIZE, tree._little)
  if ((leaf.bytes[at + ITEM_FLAGS] & BIG_DATA) === 0) return leaf.view.getUint32(at + DATA_SIZE, tree._little)
  return leaf.view.getUint32(at + ITEM_HEADER + keySize + 4, tree._little)
}

/** Gives a fresh copy of the value of record `index`. */
export function copyValue(tree: BTree, leaf: Frame, index: number): Uint8Array {
  const at = itemAt(tree, leaf, index)
  const body = at + ITEM_HEADER + leaf.view.getUint32(at + KEY_SIZE, tree._little)
  const size = valueSize(tree, leaf, index)
  if ((leaf.bytes[at + ITEM_FLAGS] & BIG_DATA) === 0) return copyOut(leaf.bytes, body, size)
  const result = new Uint8Array(size)
  readChain(tree, leaf.view.getUint32(body, tree._little), size, result, 0, size)
  return result
}

/** Copies as much of the value of record `index` as fits into `target` from `offset`, and gives the value's whole length. */
export function copyValueInto(
  tree: BTree,
  leaf: Frame,
  index: number,
  target: Uint8Array,
  offset: number,
): number {
  const at = itemAt(tree, leaf, index)
  const body = at + ITEM_HEADER + leaf.view.getUint32(at + KEY_SIZE, tree._little)
  const size = valueSize(tree, leaf, index)
  const room = target.length - offset
  const part = size < room ? size : room
  if (part <= 0) return size
  if ((leaf.bytes[at + ITEM_FLAGS] & BIG_DATA) === 0) copyBytes(leaf.bytes, body, target, offset, part)
  else readChain(tree, leaf.view.getUint32(body, tree._little), size, target, offset, part)
  return size
}
