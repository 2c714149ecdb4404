/** What every call of a handle begins and ends with. */
import { type Bytes, growBuffer, toBytes } from "../bytes.ts"
import { failure } from "../errors.ts"
import { refuseIfFailed } from "../page/cache.ts"
import { encodeText } from "../platform.ts"
import { search } from "./search.ts"
import type { BTree } from "./tree.ts"

/** States of a handle: BUSY while a change is under way, and for good when it was cut short. */
export const OPEN = 0
export const BUSY = 1
export const CLOSED = 2

/** Begins a call, and with it a new set of pins: refuses a handle that is closed or was cut short, or that may not `write`. */
export function enter(tree: BTree, write: boolean): void {
  if (tree._state !== OPEN) {
    if (tree._state === CLOSED) throw failure("ECLOSED", "the database is closed")
    throw failure("EIO", "an earlier change was cut short: roll back, or reopen for the last flushed state")
  }
  tree._cache._call++
  if (write) {
    if (tree._readonly !== "") throw failure("EROFS", tree._readonly)
    refuseIfFailed(tree._cache)
  }
}

/** Makes `key` the search key. EINVAL when it is not bytes. */
export function takeKey(tree: BTree, key: Bytes): void {
  if (typeof key === "string") {
    const size = encodeText(key, null)
    tree._key = growBuffer(tree._key, size)
    tree._keyLength = encodeText(key, tree._key._bytes)
  } else {
    const bytes = toBytes(key, "key")
    const size = bytes.length
    if (size > tree._key._size) tree._key = growBuffer(tree._key, size)
    tree._key._bytes.set(bytes)
    tree._keyLength = size
  }
}

/** Goes to the search key, with duplicates to the `ordinal`-th of its records; tells whether it is there. */
export function locate(tree: BTree, ordinal: number): boolean {
  return tree._duplicates ? tree._findEqual(ordinal) : search(tree, 0)
}

/** From here to finish() the tree is in pieces: an exception between the two leaves the handle BUSY. */
export function begin(tree: BTree): void {
  tree._state = BUSY
  tree._modified = true
}

/** Ends a change; throws the ENOSPC of a page that the change displaced and that could not be written. */
export function finish(tree: BTree): void {
  tree._state = OPEN
  if (tree._cache._full !== null) refuseIfFailed(tree._cache)
}
