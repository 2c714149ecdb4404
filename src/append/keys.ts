/**
 * Keys in their canonical form: the bytes as given, or with BT_REVERSEKEY from the last one back. In that form the order is bytewise
 * and what pages leave out is a prefix, whatever the file's order; only what is stored in pages, or given out, is turned round again.
 */
import { type Bytes, type Kept, type Region, toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { compareBytes, copyBytes } from "../platform.ts"
import { KEY_MAX } from "./layout.ts"
import type { AppendTree } from "./tree.ts"

/** Copies key bytes between the two forms, or as they are where the order is not reversed. Never within one region. */
export function turnKey(
  tree: AppendTree,
  source: Uint8Array,
  from: number,
  target: Uint8Array,
  to: number,
  length: number,
): void {
  if (!tree._reverse) copyBytes(source, from, target, to, length)
  else for (let i = 0, last = from + length - 1; i < length; i++) target[to + i] = source[last - i]
}

/** Makes `key` the tree's search key. EINVAL for one that no file can hold. */
export function takeKey(tree: AppendTree, key: Bytes): void {
  const bytes = toBytes(key, "key")
  const length = bytes.length
  if (length < 1 || length > KEY_MAX) refuse("EINVAL", `the key has ${length} bytes, not 1 to ${KEY_MAX}`)
  turnKey(tree, bytes, 0, tree._key._bytes, 0, length)
  tree._key._length = length
}

/** Orders a stored key against bytes [from, _length) of a canonical one. */
export function compareStored(
  tree: AppendTree,
  page: Region,
  at: number,
  length: number,
  key: Kept,
  from: number,
): number {
  const left = key._length - from
  if (!tree._reverse) return compareBytes(page, at, length, key, from, left)
  const common = length < left ? length : left
  let order = 0
  for (let i = 0; i < common && order === 0; i++)
    order = page._bytes[at + length - 1 - i] - key._bytes[from + i]
  return order === 0 ? length - left : order
}

/** Gives how many bytes two canonical keys have in common at their beginning; none where one is a bound that is not there. */
export function commonLength(a: Kept, b: Kept): number {
  const end = a._length < b._length ? a._length : b._length
  let length = 0
  while (length < end && a._bytes[length] === b._bytes[length]) length++
  return length
}
