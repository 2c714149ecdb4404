/** Values of a quarter of a page or more: they lie on chains of overflow pages, each of which has one owner. */
import { roomIn } from "../bytes.ts"
import { corrupt } from "../errors.ts"
import { fetchPage } from "../page/cache.ts"
import { copyBytes } from "../platform.ts"
import { BIG, HEADER, ITEM_FLAGS, ITEM_HEADER, NEXT, OVERFLOW, OVERFLOWS } from "./layout.ts"
import { itemAt, keySizeAt, newPage, wordAt } from "./page.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"

/** Writes `value` to a new chain and gives its first page. */
export function writeChain(tree: AppendTree, txn: Transaction, value: Uint8Array): number {
  const room = tree._pagesize - HEADER
  const first = txn._next
  for (let done = 0; done < value.length; done += room) {
    const left = value.length - done
    const frame = newPage(tree, txn, OVERFLOW)
    frame._pin = 0
    frame._view.setUint32(frame._base + NEXT, left > room ? txn._next : 0, true)
    copyBytes(value, done, frame._bytes, frame._base + HEADER, left < room ? left : room)
    txn._record[OVERFLOWS]++
  }
  return first
}

/**
 * Goes along the chain of `size` bytes that begins on page `first`, and copies bytes [0, wanted) of it into `target`. `from` and `offset`
 * are where the reference is. ECORRUPT when the chain has not the pages that its length needs.
 */
export function readChain(
  tree: AppendTree,
  first: number,
  size: number,
  target: Uint8Array,
  start: number,
  wanted: number,
): void {
  const room = tree._pagesize - HEADER
  let pgno = first
  for (let done = 0; done < wanted; done += room) {
    const frame = fetchPage(tree._cache, pgno, OVERFLOW)
    const next = wordAt(frame, frame._base + NEXT)
    if ((next === 0) !== done + room >= size) corrupt(pgno, NEXT, `a chain of other than ${size} bytes`)
    const part = wanted - done
    copyBytes(frame._bytes, frame._base + HEADER, target, start + done, part < room ? part : room)
    pgno = next
  }
}

/**
 * Copies what fits of the value of item _index of _leaf into `target` from `offset`, or all of it into a new array where that is undefined; gives
 * the length of the value, or the array.
 */
export function readValue(
  tree: AppendTree,
  target: Uint8Array | undefined,
  offset: number,
): Uint8Array | number {
  const leaf = tree._leaf
  const at = itemAt(leaf, tree._index)
  const size = wordAt(leaf, at)
  const body = at + ITEM_HEADER + keySizeAt(leaf, at)
  const into = target === undefined ? new Uint8Array(size) : target
  const part = roomIn(into, offset, size)
  if (leaf._bytes[at + ITEM_FLAGS] !== BIG) copyBytes(leaf._bytes, body, into, offset, part)
  else readChain(tree, wordAt(leaf, body), size, into, offset, part)
  return target === undefined ? into : size
}
