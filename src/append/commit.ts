/** What is done with a transaction that writes when it begins and ends. Everything that reaches the stream goes through here, or through the page cache. */
import { refuse } from "../errors.ts"
import { findFrame, writePage } from "../page/cache.ts"
import type { Shared } from "./end-writer.ts"
import { LEVELS, META_HASH, REVISIONS } from "./layout.ts"
import { giveUp, takeNewer } from "./opening/index.ts"
import { refuseOvertaken } from "./overtaken.ts"
import { writeRecord } from "./record.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"
import { BT_NOSYNC } from "./types.ts"

/**
 * Looks whether the stream has grown, which is how another handle's commits show, and takes the newest one then. ESTALE when the file has
 * been cut or replaced behind this handle's back. One call of size(); to be quite sure, one read of a word of the commit record's hash.
 */
export function refresh(tree: AppendTree, isSure: boolean): void {
  const stream: Shared = tree._stream
  const writing = stream.appendWriter
  let size = tree._size
  if (!tree._isStale && tree._writer === null) {
    // What another handle's transaction has written so far may be cut off again: the stream ends where that one began.
    size = writing ? writing._size : stream.size()
    if (tree._commit > 0 && (isSure || size > tree._size)) {
      stream.read(tree._small, tree._commit * tree._pagesize + META_HASH, 0, 4)
      if (tree._smallView.getInt32(0) !== tree._check) size = -1
    }
    if (size < tree._size) tree._isStale = true
  }
  if (tree._isStale)
    refuse("ESTALE", "the file has been reverted, compacted or replaced: open what is there now")
  if (size > tree._size) takeNewer(tree, size)
}

/** Writes the pages of the transaction, where it has any, and its commit record; ends it where that fails. */
export function writeCommit(tree: AppendTree, txn: Transaction): void {
  const stream = tree._stream
  const record = txn._record
  const pgno = txn._next
  const isSynced = (tree.flags & BT_NOSYNC) === 0
  if (pgno === txn._first) return
  record[REVISIONS]++
  try {
    writePages(tree)
    if (isSynced && !stream.atomic) stream.flush()
    refuseOvertaken(tree, pgno)
    writeRecord(tree, stream, pgno, record)
    if (isSynced) stream.flush()
  } catch (error) {
    giveUp(tree, error)
  }
  tree._commit = pgno
  tree._record = record
  tree._check = tree._words[0]
  txn._first = tree._pages = pgno + 1
  tree._size = tree._pages * tree._pagesize
  tree._cache._spilled = false
}

/**
 * Makes room before a change: where the cache could have to let dirty pages go in the midst of it, they are written now, in order. So the
 * stream grows without gaps, but for a value that is longer than the cache.
 */
export function makeRoom(tree: AppendTree, record: number[]): void {
  const cache = tree._cache
  if (cache._dirtyPages > 0 && cache._dirtyPages + 2 * record[LEVELS] + 4 > cache.capacity) {
    cache._spilled = true
    writePages(tree)
  }
}

/**
 * Writes the dirty pages in the order of their numbers: a medium that is appended to has no gap to fill. They are those that the transaction
 * has taken since the last time, but for what has left the cache meanwhile; so the size of the cache is of no matter.
 */
function writePages(tree: AppendTree): void {
  const end = (tree._writer as Transaction)._next
  for (; tree._unwritten < end; tree._unwritten++) {
    const frame = findFrame(tree._cache, tree._unwritten)
    if (frame !== null && frame._dirtyEnd > 0) writePage(tree._cache, frame)
  }
}
