/** Reading one record: in place for find() and cursors, or copied out. */
import { growBuffer } from "../bytes.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { BIG_DATA, BIG_KEY, DATA_SIZE, ITEM_FLAGS, ITEM_HEADER, KEY_SIZE } from "./layout.ts"
import { readChain } from "./overflow.ts"
import { itemAt } from "./page.ts"
import { itemKey } from "./search.ts"
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
  const view = leaf._view
  const at = itemAt(leaf, index)
  const flags = leaf._bytes[at + ITEM_FLAGS]
  const keySize = view.getUint32(at + KEY_SIZE, true)
  const dataSize = view.getUint32(at + DATA_SIZE, true)
  const body = at + ITEM_HEADER
  target.bytes = leaf._bytes
  target.keyOffset = body
  target.keyLength = keySize
  target.valueOffset = body + keySize
  target.valueLength = (flags & BIG_DATA) !== 0 ? -1 : dataSize
  if ((flags & BIG_KEY) !== 0) {
    // Both parts go where the big key is read to.
    const length = view.getUint32(body + 4, true)
    tree._big = growBuffer(tree._big, length + dataSize)
    itemKey(tree, leaf, at)
    copyBytes(leaf._bytes, body + keySize, tree._big._bytes, length, dataSize)
    target.bytes = tree._big._bytes
    target.keyOffset = 0
    target.keyLength = length
    target.valueOffset = length
  }
}

/** Copies what fits of the value of record `index` into `target` from `offset`, unless that is null; gives the value's length. */
export function readValue(
  tree: BTree,
  leaf: Frame,
  index: number,
  target: Uint8Array | null,
  offset: number,
): number {
  const view = leaf._view
  const at = itemAt(leaf, index)
  const body = at + ITEM_HEADER + view.getUint32(at, true)
  const big = (leaf._bytes[at + ITEM_FLAGS] & BIG_DATA) !== 0
  const size = view.getUint32(big ? body + 4 : at + DATA_SIZE, true)
  if (target !== null) {
    const room = target.length - offset
    const part = size < room ? size : room
    if (big && part > 0) readChain(tree, view.getUint32(body, true), size, target, offset, part)
    else copyBytes(leaf._bytes, body, target, offset, part)
  }
  return size
}

/** Gives a fresh copy of the value of record `index`. */
export function copyValue(tree: BTree, leaf: Frame, index: number): Uint8Array {
  const result = new Uint8Array(readValue(tree, leaf, index, null, 0))
  readValue(tree, leaf, index, result, 0)
  return result
}
