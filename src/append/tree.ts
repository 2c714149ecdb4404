/** A handle of an append-only tree: its state, and what is done outside transactions. */
import type { Bytes, Kept } from "../bytes.ts"
import { refuse } from "../errors.ts"
import type { PageCache } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { attendPage } from "./check-page.ts"
import { refresh } from "./commit.ts"
import type { AppendCursor } from "./cursors/cursor.ts"
import { makeCursor } from "./cursors/make.ts"
import type { Shared } from "./end-writer.ts"
import { Transaction } from "./transaction.ts"
import type { Finding, Progress, Stat } from "./types.ts"

/**
 * An ordered map from byte strings to byte strings, in a file that is only ever appended to: every commit leaves all earlier ones as they are.
 * Made by open(). Every method throws ECLOSED after close(), ESTALE once the file has been compacted or reverted by another handle, ECORRUPT, EIO.
 */
export class AppendTree {
  /** The flags given to open(); BT_REVERSEKEY also where the file says so. */
  declare readonly flags: number
  /** The path given to open(). */
  declare readonly path: string | undefined

  /** @internal */ declare _stream: RandomAccessStream
  /** @internal */ declare _cache: PageCache
  /** @internal */ declare _pagesize: number
  /** @internal */ declare _reverse: boolean
  /** @internal */ declare _isReadonly: boolean
  /** @internal Pages carry a check. */ declare _checks: boolean
  /** @internal */ declare _clock: () => number
  /** @internal Pages that recovery may go back. */ declare _budget: number
  /** @internal The first page has our mark. */ declare _isOurs: boolean
  /** @internal */ declare _isClosed: boolean
  /** @internal */ declare _isStale: boolean
  /** @internal Why nothing may be written; empty when it may. */ declare _failed: string
  /** @internal The transaction that writes, or null. */ declare _writer: Transaction | null
  /** @internal Size of the stream as this handle has left it, while writing. */ declare _expected: number
  /** @internal First page of the transaction that may still have to be written. */ declare _unwritten: number
  /** @internal */ declare _isOvertaken: boolean
  /** @internal Ends of the file, in pages, that reverts have left; a new array each time. */
  declare _cuts: number[]
  /** @internal What lies behind the newest commit when the file is opened. */ declare _givenUpBytes: number
  /** @internal */ declare _givenUpCommits: number

  /** @internal The newest commit: its page (0 before the first), and the end of the stream in pages and bytes. */
  declare _commit: number
  /** @internal */ declare _pages: number
  /** @internal */ declare _size: number
  /** @internal What its record says; never changed, but for counters that the original had wrong. */
  declare _record: number[]
  /** @internal The counters were counted by us. */ declare _isHonest: boolean
  /** @internal First word of the record's hash. */ declare _check: number

  /** @internal The search key, in canonical form. */ declare _key: Kept
  /** @internal Where search() ended: leaf, index, and the way there. */ declare _leaf: Frame
  /** @internal */ declare _index: number
  /** @internal */ declare _depth: number
  /** @internal */ declare _path: number[]
  /** @internal */ declare _slots: number[]
  /** @internal Bounds of the page reached, with _length -1 where there is none, and the bytes they have in common. */
  declare _low: Kept
  /** @internal */ declare _high: Kept
  /** @internal */ declare _prefix: number
  /** @internal Keys on their way. */ declare _separator: Kept
  /** @internal */ declare _otherSeparator: Kept
  /** @internal */ declare _third: Kept
  /** @internal A page outside the cache. */ declare _scratch: Frame | null
  /** @internal A commit record as it is read, the first page's head. */ declare _small: Uint8Array
  /** @internal */ declare _smallView: DataView
  /** @internal For SHA-1. */ declare _words: number[]
  /** @internal What the page cache asks of the owner of the pages. */ declare _attend: (frame: Frame) => void
  /** @internal Refuses a snapshot of a commit that was reverted; there where there can be any. */
  declare _refuseReverted: (txn: Transaction) => void

  /**
   * Begins a transaction on the newest commit. One that writes is the only one of its stream: EBUSY. `readonly`: a snapshot.
   * @throws EBUSY, EROFS a tree opened read-only, EIO an earlier write has failed
   */
  begin(options?: { readonly?: boolean }): Transaction {
    if (options !== undefined && options !== null && options.readonly === true) return this.snapshot()
    this._refuseClosed()
    const stream: Shared = this._stream
    const writer = stream.appendWriter
    if (this._isReadonly) refuse("EROFS", "the tree or its stream is read-only")
    if (this._failed !== "") refuse("EIO", this._failed)
    if (writer !== undefined && writer !== null) refuse("EBUSY", "a transaction that writes is under way")
    const txn = this.snapshot(true)
    txn._record = txn._record.slice(0)
    this._writer = txn
    this._expected = this._size
    this._unwritten = this._pages
    stream.appendWriter = this
    return txn
  }

  /**
   * Gives a transaction that goes on reading the newest commit of now, whatever is committed later. Writes and locks nothing. With `isSure` a
   * few bytes are read to notice, too, that the file was replaced by one of the same size.
   */
  snapshot(isSure?: boolean): Transaction {
    this._refuseClosed()
    refresh(this, isSure === true)
    return new Transaction(this)
  }

  /** Gives a copy of the value in the newest commit, undefined when the key is absent. Reads depth pages at most. */
  get(key: Bytes): Uint8Array | undefined {
    return this.snapshot().get(key)
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its whole length, -1 when the key is absent. */
  getInto(key: Bytes, target: Uint8Array, offset?: number): number {
    return this.snapshot().getInto(key, target, offset)
  }

  /** Tells whether the key is in the newest commit. */
  has(key: Bytes): boolean {
    return this.snapshot().has(key)
  }

  /** Sets the value of a key in a transaction of its own: durable on return. Appends levels + 1 pages, and one for each split. */
  put(key: Bytes, value: Bytes, flags?: number): boolean {
    const txn = this.begin()
    try {
      const done = txn.put(key, value, flags)
      txn.commit()
      return done
    } finally {
      txn.abort()
    }
  }

  /** Deletes a key in a transaction of its own; false when it was not there. */
  declare delete: (key: Bytes) => boolean

  /** Gives a new cursor on the newest commit. */
  cursor(): AppendCursor {
    return makeCursor(this, null)
  }

  /**
   * Calls `visit` with a cursor on each record of the newest commit from `start` (the smallest key >= it, also when descending) to `end`,
   * exclusive, until it gives false. Flags: INCL, DESC. What is committed meanwhile is not seen.
   */
  forEach(
    visit: (cursor: AppendCursor) => boolean | undefined | void,
    start?: Bytes | null,
    end?: Bytes | null,
    flags?: number,
  ): void {
    this.cursor()._visit(visit, start, end, flags || 0)
  }

  /**
   * Gives figures of the newest commit and of the cache. Reads nothing, but for a file whose last commit the original wrote: its counters
   * are hints, and the whole tree is counted once.
   */
  declare stat: () => Stat

  /**
   * Copies the newest commit to `target`, an empty stream, as its only one, makes that durable, and then appends a tombstone here: this
   * handle and all others of this file give ESTALE from then on, but snapshots go on reading. Open the target instead. Cut at any point, the old file
   * is whole, or says that the new one is. Reads and writes each page of the tree once. Calls progress(done, pages); false stops it, and nothing is changed.
   * @throws EINVAL a target that is not empty; EBUSY, EROFS, ENOSPC, EIO
   */
  declare compact: (target: RandomAccessStream, progress?: Progress) => void

  /**
   * Takes the newest commit back by cutting the file behind the one before. Snapshots of it give ESTALE, all others go on.
   * @throws EINVAL when there is no commit to go back from, or that was compaction; EBUSY, EROFS, EIO
   */
  declare revert: () => void

  /** Makes commits durable that were made with BT_NOSYNC. */
  sync(): void {
    this._refuseClosed()
    this._stream.flush()
  }

  /** Sets how many pages are kept in memory, at least the board's minimum. Outside a transaction memory is given back at once. */
  declare setCacheSize: (pages: number) => void

  /** Orders two keys as the tree does: negative, 0 or positive. */
  declare compare: (a: Bytes, b: Bytes) => number

  /**
   * Checks the newest commit and gives what is wrong: nothing for a sound one. Reads every page of the tree once; allocates a byte a page
   * of the file. Calls progress(done, pages); false stops it.
   */
  declare check: (progress?: Progress) => Finding[]

  /** Ends the handle, and aborts a transaction that is under way; the stream stays open. May be called twice. */
  close(): void {
    const writer = this._writer
    if (this._isClosed) return
    this._isClosed = true
    if (writer !== null) writer.abort()
  }

  /** @internal Begins a call. */
  _refuseClosed(): void {
    if (this._isClosed) refuse("ECLOSED", "the tree is closed")
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
AppendTree.prototype.delete = function (this: AppendTree, key: Bytes): boolean {
  const txn = this.begin()
  try {
    const done = txn.delete(key)
    txn.commit()
    return done
  } finally {
    txn.abort()
  }
}

/** What a small device may leave out: the extras put something in the place of it. */
function needsExtras(): never {
  refuse("EINVAL", 'needs require("append-extras")(require("append"))')
}
AppendTree.prototype.stat = needsExtras
AppendTree.prototype.check = needsExtras
AppendTree.prototype.compact = needsExtras
AppendTree.prototype.compare = needsExtras
AppendTree.prototype.revert = needsExtras
AppendTree.prototype.setCacheSize = needsExtras
AppendTree.prototype._attend = attendPage
