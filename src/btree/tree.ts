/** A btree handle: its state, and the operations of the core. What small devices may leave out is in extras/. */
import type { Bytes, Region } from "../bytes.ts"
import { checkTarget, growRegion, makeRegion, toBytes } from "../bytes.ts"
import { failure } from "../errors.ts"
import { dropPages, type PageCache } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { checkPage } from "./check-page.ts"
import { Cursor } from "./cursor.ts"
import type { RangeIterator } from "./extras/ranges.ts"
import {
  begin,
  CLOSED,
  enter,
  enterWrite,
  finish,
  flushTree,
  locate,
  lookup,
  OPEN,
  rollbackTree,
  sealPage,
  takeKey,
} from "./handle.ts"
import { META_ROOM } from "./layout.ts"
import { insertRecord, overwriteRecord } from "./put.ts"
import { copyValue, copyValueInto, type Shown, showRecord } from "./record.ts"
import { rangeIsEmpty, removeEverything, removeRange, removeRecords } from "./remove.ts"
import { Scan } from "./scan.ts"
import { search } from "./search.ts"
import type { Finding, Progress, Stat } from "./types.ts"
import { R_CURSOR, R_NOOVERWRITE } from "./types.ts"

/**
 * An ordered map from byte strings to byte strings, in a Berkeley DB 1.85 btree file. Made by open(). Changes are in memory until
 * flush() or close(). Every method throws ECLOSED after close(), EIO, ECORRUPT; changes also EROFS, ENOSPC.
 */
export class BTree implements Shown {
  declare bytes: Uint8Array
  declare keyOffset: number
  declare keyLength: number
  declare valueOffset: number
  declare valueLength: number
  /** Frames made, capacity in frames, hits, misses, evictions; pageReads, pageWrites and bytesWritten count stream traffic. */
  declare readonly cache: PageCache

  /** @internal */ declare _stream: RandomAccessStream
  /** @internal */ declare _cache: PageCache
  /** @internal */ declare _state: number
  /** @internal Why nothing may be changed; empty when it may. */ declare _readonly: string
  /** @internal */ declare _pagesize: number
  /** @internal Byte order of the file. */ declare _little: boolean
  /** @internal */ declare _duplicates: boolean
  /** @internal Pages of the file, those not yet written included. */ declare _pages: number
  /** @internal A reference beyond the end was met. */ declare _cutShort: boolean
  /** @internal Head of the free list. */ declare _free: number
  /** @internal Something changed since the last flush. */ declare _modified: boolean
  /** @internal The free list's head changed, or the file is new. */ declare _metaDirty: boolean
  /** @internal The stream is longer than the tree: the next flush cuts it. */ declare _trim: boolean
  /** @internal Counts changes that move records: cursors compare it. */ declare _changes: number
  /** @internal Longest key + data kept in a leaf. */ declare _inline: number
  /** @internal Pages are written without gaps: the stream is not ours alone. */ declare _gapless: boolean
  /** @internal 0 no page checks, 1 verify, 2 adopt. */ declare _checks: number
  /** @internal */ declare _compare: ((a: Uint8Array, b: Uint8Array) => number) | null
  /** @internal */ declare _prefix: ((a: Uint8Array, b: Uint8Array) => number) | null
  /** @internal The search key. */ declare _key: Region
  /** @internal */ declare _keyLength: number
  /** @internal The end of a range to delete. */ declare _end: Region
  /** @internal */ declare _endLength: number
  /** @internal A big key loaded to be compared. */ declare _big: Region
  /** @internal The separator on its way up. */ declare _separator: Region
  /** @internal */ declare _separatorSize: number
  /** @internal */ declare _separatorBig: boolean
  /** @internal */ declare _meta: Region
  /** @internal A page to split and compact with. */ declare _scratch: Frame | null
  /** @internal Where the last search ended: leaf, index, and the pages and indexes above it. */
  declare _leaf: Frame
  /** @internal */ declare _index: number
  /** @internal */ declare _path: number[]
  /** @internal */ declare _slots: number[]
  /** @internal */ declare _depth: number
  /** @internal The two halves of the last split. */ declare _left: Frame
  /** @internal */ declare _right: Frame
  /** @internal */ declare _cutUsed: number
  /** @internal Chains of the record being written, 0 for none. */ declare _keyChain: number
  /** @internal */ declare _dataChain: number
  /** @internal Equal keys passed by the last _findEqual. */ declare _ordinal: number
  /** @internal The handle's own cursor, for seq. */ declare _cursor: Cursor | null

  /** @internal open() checks the arguments; `pagesize` is that of a new database. */
  constructor(stream: RandomAccessStream, pagesize: number, duplicates: boolean, little: boolean) {
    this._stream = stream
    this._state = OPEN
    this._readonly = ""
    this._pagesize = pagesize
    this._little = little
    this._duplicates = duplicates
    this._changes = 0
    this._inline = 0
    this._gapless = !stream.atomic || stream.exclusive === false
    this._checks = 0
    this._compare = null
    this._prefix = null
    this._key = makeRegion(64)
    this._keyLength = 0
    this._end = makeRegion(16)
    this._endLength = 0
    this._big = makeRegion(16)
    this._separator = makeRegion(16)
    this._separatorSize = 0
    this._separatorBig = false
    this._meta = makeRegion(META_ROOM)
    this._scratch = null
    this._index = 0
    this._path = []
    this._slots = []
    this._depth = 0
    this._cutUsed = 0
    this._keyChain = 0
    this._dataChain = 0
    this._ordinal = 0
    this._cursor = null
    this._pages = 0
    this._cutShort = false
    this._free = 0
    this._modified = false
    this._metaDirty = false
    this._trim = false
    this.bytes = this._key.bytes
    this.keyOffset = 0
    this.keyLength = 0
    this.valueOffset = 0
    this.valueLength = 0
  }

  /** Gives a copy of the value, or `fallback` (undefined) when the key is absent. Reads depth pages at most. */
  get<T = undefined>(key: Bytes, fallback?: T): Uint8Array | T {
    if (!lookup(this, key)) return fallback as T
    return copyValue(this, this._leaf, this._index)
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its whole length, -1 when the key is absent. */
  getInto(key: Bytes, target: Uint8Array, offset?: number): number {
    const at = checkTarget(target, offset)
    if (!lookup(this, key)) return -1
    return copyValueInto(this, this._leaf, this._index, target, at)
  }

  /**
   * Tells whether the key is there, and then points `bytes`, keyOffset, keyLength, valueOffset, valueLength at the record in the
   * handle's own memory, until the next call. Copies and allocates nothing.
   */
  find(key: Bytes): boolean {
    if (!lookup(this, key)) return false
    showRecord(this, this, this._leaf, this._index)
    return true
  }

  /** Tells whether the key is there. */
  has(key: Bytes): boolean {
    return lookup(this, key)
  }

  /** Sets the value of a key; with duplicates adds a value after those the key has. */
  set(key: Bytes, value: Bytes): void {
    this.put(key, value, 0)
  }

  /**
   * Sets the value of a key. With R_NOOVERWRITE an existing key stays and the result is false; with R_CURSOR the record under the
   * handle's own cursor (seq) is replaced. A value of the same size is overwritten in place. The value must not be a part of the
   * handle's own `bytes`. Allocates nothing once the cache is warm.
   */
  put(key: Bytes, value: Bytes, flags?: number): boolean {
    enterWrite(this)
    const data = toBytes(value, "value")
    if (flags === R_CURSOR && this._putAtCursor !== undefined) return this._putAtCursor(key, data)
    if (flags !== undefined && flags !== 0 && flags !== R_NOOVERWRITE) {
      throw failure(
        "EINVAL",
        `put takes the flags 0, R_CURSOR (1) and R_NOOVERWRITE (8) in a btree, not ${flags}`,
      )
    }
    takeKey(this, key)
    let found = locate(this)
    if (found && flags === R_NOOVERWRITE) return false
    if (this._duplicates) {
      search(this, 1)
      found = false
    }
    begin(this)
    if (!found) insertRecord(this, data)
    if (!found || overwriteRecord(this, data)) this._changes++
    finish(this)
    return true
  }

  /** Deletes a key, with duplicates all its values; false when it was not there. With R_CURSOR: the record under seq's cursor. */
  declare delete: (key: Bytes, flags?: number) => boolean

  /**
   * Deletes all keys from `start` (or the first) up to `end` (or the last), exclusive, and gives how many there were. Whole
   * pages go at once.
   */
  deleteRange(start?: Bytes | null, end?: Bytes | null): number {
    enterWrite(this)
    const fromStart = start === undefined || start === null
    const toEnd = end === undefined || end === null
    if (!toEnd) {
      const bytes = toBytes(end, "end key")
      this._end = growRegion(this._end, bytes.length)
      this._end.bytes.set(bytes)
      this._endLength = bytes.length
    }
    if (!fromStart) {
      takeKey(this, start)
      if (!toEnd && rangeIsEmpty(this)) return 0
    }
    const count = removeRange(this, fromStart, toEnd)
    if (count > 0) this._changes++
    finish(this)
    return count
  }

  /** Removes everything; the next flush makes that durable and gives the stream's space back. */
  clear(): void {
    enterWrite(this)
    begin(this)
    removeEverything(this)
    this._changes++
    finish(this)
  }

  /**
   * Calls `visit` with a cursor on each record of a range, until it gives false. Bounds and flags (INCL, DESC) as in keys(). The
   * tree may be changed while it runs.
   */
  forEach(
    visit: (cursor: Cursor) => boolean | undefined | void,
    start?: Bytes | null,
    end?: Bytes | null,
    flags?: number,
  ): void {
    enter(this)
    const scan = new Scan(this, start, end, flags)
    while (scan._step()) {
      if (visit(scan._cursor) === false) return
    }
  }

  /** Gives a new cursor, independent of all others. */
  cursor(): Cursor {
    enter(this)
    return new Cursor(this)
  }

  /**
   * Writes what changed since the last flush (dirty byte ranges only) and flushes the stream. Does nothing at all when nothing
   * changed. After an error the handle writes no more (EIO); rollback() or reopening goes on from the last flushed state.
   */
  flush(): void {
    flushTree(this)
  }

  /**
   * Forgets everything since the last flush, and heals a handle that an error stopped. On a stream that is not atomic this is
   * possible only until a changed page had to be evicted: EINVAL then.
   */
  rollback(): void {
    rollbackTree(this)
  }

  /** Flushes and ends the handle; the stream stays open. May be called twice. After a failed write it only ends the handle. */
  close(): void {
    if (this._state === CLOSED) return
    if (this._state === OPEN && !this._cache.failed) this.flush()
    this._state = CLOSED
    dropPages(this._cache)
  }

  /** Gives keys in order, each a copy, from `start` (the smallest key >= it, also when descending) to `end`, exclusive. */
  declare keys: (start?: Bytes | null, end?: Bytes | null, flags?: number) => RangeIterator<Uint8Array>
  /** As keys(), but values. */
  declare values: (start?: Bytes | null, end?: Bytes | null, flags?: number) => RangeIterator<Uint8Array>
  /** As keys(), but [key, value] pairs. */
  declare items: (
    start?: Bytes | null,
    end?: Bytes | null,
    flags?: number,
  ) => RangeIterator<[Uint8Array, Uint8Array]>
  /** btree(3)'s seq on the handle's own cursor: R_CURSOR with a key, R_FIRST, R_LAST, R_NEXT, R_PREV. Undefined: no such record. */
  declare seq: (code: number, key?: Bytes) => [Uint8Array, Uint8Array] | undefined
  /** Counts pages and entries. Reads the whole tree. */
  declare stat: (progress?: Progress) => Stat
  /** Checks the whole file and gives what is wrong: nothing for a sound one. Reads every page in use; allocates a byte a page. */
  declare check: (progress?: Progress) => Finding[]

  /** Gives every record that can still be read of a damaged file to `visit`, in any order of keys; returns what was in the way. */
  declare salvage: (visit: (key: Uint8Array, value: Uint8Array) => boolean | undefined | void) => Finding[]

  /** @internal extras */ declare _putAtCursor?: (key: Bytes, value: Uint8Array) => boolean
  /** @internal extras */ declare _deleteAtCursor?: () => boolean
  /** @internal extras */ declare _findEqual: (ordinal: number) => boolean
  /** @internal extras */ declare _ordinalOf: (cursor: Cursor, order: number, same: boolean) => number
  /** @internal extras */ declare _deleteEquals: () => void
  /** @internal extras */ declare _mend?: (frame: Frame, at: number, keySize: number) => void
  /** @internal extras */ declare _verifyCheck: (frame: Frame) => void
  /** @internal extras */ declare _verifyMeta: () => void
  /** @internal extras */ declare _storeMeta: () => void
  /** @internal extras */ declare _storeCheck: (frame: Frame) => void

  /** @internal */
  _checkPage(frame: Frame): void {
    checkPage(this, frame)
  }

  /** @internal */
  _sealPage(frame: Frame): void {
    sealPage(this, frame)
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
BTree.prototype.delete = function (this: BTree, key: Bytes, flags?: number): boolean {
  enterWrite(this)
  if (flags === R_CURSOR && this._deleteAtCursor !== undefined) return this._deleteAtCursor()
  if (flags !== undefined && flags !== 0) {
    throw failure("EINVAL", `delete takes the flags 0 and R_CURSOR (1), not ${flags}`)
  }
  takeKey(this, key)
  if (!locate(this)) return false
  begin(this)
  if (this._duplicates) this._deleteEquals()
  else removeRecords(this, this._index, this._index + 1)
  this._changes++
  finish(this)
  return true
}
