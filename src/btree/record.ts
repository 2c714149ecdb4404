/** Reading one record: in place for find() and cursors, or copied out. */
import { keep, roomIn } from "../bytes.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { BIG_DATA, BIG_KEY, DATA_SIZE, HEADER, ITEM_FLAGS, ITEM_HEADER, REFERENCE } from "./layout.ts"
import { walkChain } from "./overflow.ts"
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
  const at = leaf._base + view.getUint16(leaf._base + HEADER + index * 2, true)
  const body = at + ITEM_HEADER
  let length = view.getUint32(at, true)
  target.bytes = leaf._bytes
  target.keyOffset = body
  target.valueOffset = body + length
  target.valueLength = view.getUint32(at + DATA_SIZE, true)
  if (leaf._bytes[at + ITEM_FLAGS] !== 0) {
    const flags = leaf._bytes[at + ITEM_FLAGS]
    const dataSize = target.valueLength
    if ((flags & BIG_DATA) !== 0) target.valueLength = -1
    if ((flags & BIG_KEY) !== 0) {
      // Both parts go where the big key is read to.
      length = view.getUint32(body + 4, true)
      tree._big = keep(tree._big, null, 0, length + dataSize)
      itemKey(tree, leaf, at)
      copyBytes(leaf._bytes, body + REFERENCE, tree._big._bytes, length, dataSize)
      target.bytes = tree._big._bytes
      target.keyOffset = 0
      target.valueOffset = length
    }
  }
  target.keyLength = length
}

/**
 * Copies what fits of the value of record `index` into `target` from `offset`, or all of it into a new array where that is undefined;
 * gives the length of the value, or the array.
 */
export function readValue(
  tree: BTree,
  leaf: Frame,
  index: number,
  target: Uint8Array | undefined,
  offset: number,
): Uint8Array | number {
  const view = leaf._view
  const at = itemAt(leaf, index)
  const body = at + ITEM_HEADER + view.getUint32(at, true)
  const big = (leaf._bytes[at + ITEM_FLAGS] & BIG_DATA) !== 0
  const size = view.getUint32(big ? body + 4 : at + DATA_SIZE, true)
  const into = target === undefined ? new Uint8Array(size) : target
  const part = roomIn(into, offset, size)
  if (!big) copyBytes(leaf._bytes, body, into, offset, part)
  else if (part > 0) walkChain(tree, leaf, body, into, offset, part)
  return target === undefined ? into : size
}
