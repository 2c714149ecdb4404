/** Beginning and ending the transaction that writes. Everything that reaches the stream goes through here, or through the page cache. */
import { refuse } from "../errors.ts"
import { findFrame, forgetPages, writePage } from "../page/cache.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { META_HASH } from "./layout.ts"
import { readRecord, SOUND, takeRecord, writeRecord } from "./meta.ts"
import { refuseOvertaken } from "./overtaken.ts"
import { findCommit } from "./recovery.ts"
import { ENDED } from "./states.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { BT_NOSYNC } from "./types.ts"

const STOPPED = "a write has failed: reopen the tree"

/**
 * A stream with the tree that is writing to it: handles of one stream keep off each other. The name is no private one, since those are made short
 * on Espruino for each part of the source by itself, and the stream is another part's.
 */
interface Shared extends RandomAccessStream {
  appendWriter?: AppendTree | undefined
}

/** Makes sure that this handle may write now, and that its newest commit is the newest. */
export function prepareWriter(tree: AppendTree): void {
  const writer = (tree._stream as Shared).appendWriter
  if (tree._isReadonly) refuse("EROFS", "the tree was opened with BT_RDONLY, or its stream cannot be written")
  if (tree._failed !== "") refuse("EIO", tree._failed)
  if (writer !== undefined && writer !== null) refuse("EBUSY", "a transaction that writes is under way")
  refresh(tree, true)
}

/** Begins the transaction that writes. */
export function beginWriter(tree: AppendTree, txn: Transaction): void {
  tree._writer = txn
  tree._expected = tree._size
  tree._unwritten = txn._first
  ;(tree._stream as Shared).appendWriter = tree
}

/**
 * Looks whether the stream has grown, which is how another handle's commits show, and takes the newest one then. ESTALE when the file has
 * been cut or replaced behind this handle's back. One call of size(); to be quite sure, one read of the commit record.
 */
export function refresh(tree: AppendTree, isSure: boolean): void {
  const stream = tree._stream
  if (tree._isStale) refuse("ESTALE", "the file has been compacted or replaced: open what is there now")
  if (tree._writer !== null) return
  const size = stream.size()
  const commit = tree._commit
  if (size === tree._size && !isSure) return
  const isSame =
    commit === 0 ||
    (readRecord(tree, commit) === SOUND && tree._smallView.getUint32(META_HASH) === tree._check)
  if (size < tree._size || !isSame) {
    tree._isStale = true
    refuse("ESTALE", "another handle has reverted or replaced the file: reopen it")
  }
  if (size !== tree._size && !findCommit(tree, size, commit) && commit > 0) {
    readRecord(tree, commit)
    takeRecord(tree, commit)
  }
}

/** Ends the transaction that writes, whose pages are no pages then. */
export function abortWriter(tree: AppendTree): void {
  const cache = tree._cache
  const isFailed = cache._failed
  const isSpilled = cache._spilled
  endWriter(tree)
  if (isSpilled || isFailed) cutBack(tree, isFailed)
}

export function endWriter(tree: AppendTree): void {
  const txn = tree._writer as Transaction
  const cache = tree._cache
  if (txn._next > txn._first) forgetPages(cache, txn._first)
  cache._spilled = cache._failed = false
  cache._full = null
  txn._state = ENDED
  tree._writer = null
  ;(tree._stream as Shared).appendWriter = undefined
}

/** Takes what a transaction has written off the stream again. Where a cut fails, junk stays behind the newest commit, as after a power cut. */
export function cutBack(tree: AppendTree, isFailed: boolean): void {
  const stream = tree._stream
  if (isFailed && stream.rollback !== undefined) {
    tree._failed = STOPPED
    stream.rollback()
    const size = stream.size()
    // Commits that were not flushed yet went with it.
    if (size !== tree._size) reload(tree, size)
    tree._failed = ""
  } else if (stream.size() > tree._size) {
    stream.setSize(tree._size)
  }
}

/** Finds the newest commit anew. */
export function reload(tree: AppendTree, size: number): void {
  forgetPages(tree._cache, 0)
  tree._clear()
  findCommit(tree, size, 0)
}

/** Writes the pages of the transaction and its commit record, and ends it. */
export function commitWriter(tree: AppendTree, txn: Transaction): void {
  const stream = tree._stream
  const isSynced = (tree.flags & BT_NOSYNC) === 0
  if (txn._next > txn._first) {
    tree._cache._call++
    try {
      writePages(tree, txn)
      if (isSynced && !stream.atomic) stream.flush()
      refuseOvertaken(tree, txn._next)
      writeRecord(tree, stream, txn._next, txn, tree._revisions + 1, false)
      if (isSynced) stream.flush()
    } catch (error) {
      giveUp(tree, error)
    }
    takeRecord(tree, txn._next)
    txn._first = tree._pages = txn._next + 1
    tree._size = tree._pages * tree._pagesize
  }
  endWriter(tree)
}

/**
 * Makes room before a change: where the cache could have to let dirty pages go in the midst of it, they are written now, in order. So the
 * stream grows without gaps, but for a value that is longer than the cache.
 */
export function makeRoom(tree: AppendTree, txn: Transaction): void {
  const cache = tree._cache
  if (cache._dirtyPages > 0 && cache._dirtyPages + 2 * txn._depth + 4 > cache.capacity) {
    cache._spilled = true
    writePages(tree, txn)
  }
}

/**
 * Writes the dirty pages in the order of their numbers: a medium that is appended to has no gap to fill. They are those that the transaction
 * has taken since the last time, but for what has left the cache meanwhile; so the size of the cache is of no matter.
 */
function writePages(tree: AppendTree, txn: Transaction): void {
  for (; tree._unwritten < txn._next; tree._unwritten++) {
    const frame = findFrame(tree._cache, tree._unwritten)
    if (frame !== null && frame._dirtyEnd > 0) writePage(tree._cache, frame)
  }
}

/** Ends a transaction that could not be written. */
export function giveUp(tree: AppendTree, cause: unknown): never {
  const code = (cause as { code?: string }).code
  endWriter(tree)
  if (tree._isOvertaken) {
    // What is there is the other's.
    tree._isOvertaken = false
  } else {
    tree._failed = STOPPED
    try {
      cutBack(tree, true)
      // Where the medium failed, what it holds is not known; a full one, or one that takes everything back, is as before.
      if (code === "ENOSPC" || tree._stream.rollback !== undefined) tree._failed = ""
    } catch {
      // The first error is the one to tell; _failed is set.
    }
  }
  throw cause
}
