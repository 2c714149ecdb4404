/** The state of a handle between and during calls. */
import type { Bytes } from "../bytes.ts"
import { growRegion, toBytes } from "../bytes.ts"
import { failure } from "../errors.ts"
import {
  createPage,
  dropPages,
  markDirty,
  refuseIfFailed,
  releasePins,
  writeDirtyPages,
} from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes, encodeText, textSize } from "../platform.ts"
import { FLAGS, LEAF, PRESERVE, ROOT, TYPE_MASK } from "./layout.ts"
import { readMeta, writeMeta } from "./meta.ts"
import { closeGaps, formatPage } from "./page.ts"
import { search } from "./search.ts"
import type { BTree } from "./tree.ts"

/** States of a handle: BUSY while a change is under way, and for good when it was cut short. */
export const OPEN = 0
export const BUSY = 1
export const CLOSED = 2

/** Begins a call: refuses a handle that is closed or was cut short, and takes back pins that an exception left. */
export function enter(tree: BTree): void {
  if (tree._state === CLOSED) throw failure("ECLOSED", "the database is closed")
  if (tree._state === BUSY) {
    throw failure(
      "EIO",
      "an earlier change was cut short: roll back, or reopen to go on from the last flushed state",
    )
  }
  if (tree._cache.pinned > 0) releasePins(tree._cache)
}

/** Begins a call that may change the tree. */
export function enterWrite(tree: BTree): void {
  enter(tree)
  if (tree._readonly !== "") throw failure("EROFS", tree._readonly)
  refuseIfFailed(tree._cache)
}

/** From here to finish() the tree is in pieces: an exception between the two leaves the handle BUSY. */
export function begin(tree: BTree): void {
  tree._state = BUSY
  tree._modified = true
}

/** Ends a change; throws the ENOSPC of a page that the change displaced and that could not be written. */
export function finish(tree: BTree): void {
  tree._state = OPEN
  if (tree._cache.full !== null) refuseIfFailed(tree._cache)
}

/** Makes `key` the search key. EINVAL when it is not bytes. */
export function takeKey(tree: BTree, key: Bytes): void {
  if (typeof key === "string") {
    const size = textSize(key)
    tree._key = growRegion(tree._key, size)
    encodeText(key, tree._key.bytes, 0)
    tree._keyLength = size
    return
  }
  const bytes = toBytes(key, "key")
  tree._key = growRegion(tree._key, bytes.length)
  copyBytes(bytes, 0, tree._key.bytes, 0, bytes.length)
  tree._keyLength = bytes.length
}

/** Begins a reading call and goes to `key`; tells whether it is there. */
export function lookup(tree: BTree, key: Bytes): boolean {
  enter(tree)
  takeKey(tree, key)
  return locate(tree)
}

/** Goes to the search key, the first of equal ones. */
export function locate(tree: BTree): boolean {
  return tree._duplicates ? tree._findEqual(0) : search(tree, 0)
}

/** Takes the tree's state from the stream, or makes a new tree in memory. */
export function load(tree: BTree): void {
  const size = tree._stream.size()
  tree._modified = false
  tree._trim = false
  tree._cutShort = false
  if (size === 0) {
    createRoot(tree)
  } else {
    tree._metaDirty = false
    readMeta(tree, size)
  }
}

/** Makes an empty leaf at the root, and nothing else. */
export function createRoot(tree: BTree): void {
  tree._pages = 2
  tree._cutShort = false
  tree._free = 0
  tree._metaDirty = true
  formatPage(tree, createPage(tree._cache, ROOT), LEAF, 0, 0)
}

/** Finishes a dirty page before it is written. A page check that we do not keep up must not stay behind. */
export function sealPage(tree: BTree, frame: Frame): void {
  if (frame.kind === 0) return
  if (tree._gapless && frame.gaps > 0) closeGaps(tree, frame)
  if (tree._checks !== 0) {
    tree._storeCheck(frame)
    return
  }
  const flags = frame.view.getUint32(frame.base + FLAGS, tree._little)
  const clean = flags & (TYPE_MASK | PRESERVE)
  if (flags !== clean) {
    frame.view.setUint32(frame.base + FLAGS, clean, tree._little)
    markDirty(tree._cache, frame, FLAGS, FLAGS + 4)
  }
}

/** Writes what changed since the last flush, then flushes the stream. `failed` is set while anything is on its way. */
export function flushTree(tree: BTree): void {
  enter(tree)
  const cache = tree._cache
  refuseIfFailed(cache)
  if (!tree._modified) return
  writeDirtyPages(cache)
  cache.failed = true
  if (tree._metaDirty) writeMeta(tree)
  if (tree._trim) tree._stream.setSize(tree._pages * tree._pagesize)
  tree._stream.flush()
  cache.failed = false
  cache.spilled = false
  tree._metaDirty = false
  tree._trim = false
  tree._modified = false
}

/** Goes back to the last flushed state. EINVAL where a stream that is not atomic holds changes already. */
export function rollbackTree(tree: BTree): void {
  if (tree._state === CLOSED) enter(tree)
  const cache = tree._cache
  if (tree._stream.rollback !== undefined) {
    tree._stream.rollback()
  } else if (cache.spilled || cache.failed) {
    cache.failed = true
    throw failure(
      "EINVAL",
      "changes were written to a stream that is not atomic: nothing left to roll back to",
    )
  }
  dropPages(cache)
  load(tree)
  tree._changes++
  tree._state = OPEN
}
