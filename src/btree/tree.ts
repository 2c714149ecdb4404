/** A btree handle: its state, and the operations of the core. What small devices may leave out is in extras/ and tuning/. */
import { type Bytes, type Kept, keep, type Region, toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { type PageCache, writePage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { BTREE_EXTRAS, type compareBytes, WORDS } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { attendPage } from "./check-page.ts"
import { Cursor } from "./cursor.ts"
import type { RangeIterator } from "./extras/ranges.ts"
import { enter } from "./handle.ts"
import { MAGIC, META_ROOM, META_SIZE, NO_DUPLICATES, VERSION } from "./layout.ts"
import { load } from "./opening/load.ts"
import { storeRecord } from "./put.ts"
import { readValue, type Shown, showRecord } from "./record.ts"
import { removeRecords } from "./remove.ts"
import { keepKey, search } from "./search.ts"
import { BUSY, CLOSED, DONE, OPEN, READ, WRITE } from "./states.ts"
import type { Finding, OpenOptions, Progress, Stat } from "./types.ts"
import { R_NOOVERWRITE } from "./types.ts"

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
  /** Frames made, capacity in frames, hits, misses (each the read of a page), evictions; pageWrites and bytesWritten count stream traffic. */
  declare readonly cache: PageCache

  /** @internal */ declare _cache: PageCache
  /** @internal The search key. */ declare _key: Kept
  /** @internal Orders two keys: compareBytes, or the extras' for another order. */
  declare _order: typeof compareBytes
  /** @internal Where the last search ended: leaf, index, and the pages and indexes above it. */
  declare _leaf: Frame
  /** @internal */ declare _index: number
  /** @internal */ declare _depth: number
  /** @internal */ declare _path: number[]
  /** @internal */ declare _slots: number[]
  /** @internal */ declare _state: number
  /** @internal */ declare _duplicates: boolean
  /** @internal Counts changes that move records: cursors compare it. */ declare _changes: number
  /** @internal Why nothing may be changed; empty when it may. */ declare _readonly: string
  /** @internal Where the key is that itemKey found last. */ declare _from: Region
  /** @internal */ declare _fromAt: number
  /** @internal */ declare _pagesize: number
  /** @internal Pages of the file, those not yet written included. */ declare _pages: number
  /** @internal Something changed since the last flush. */ declare _modified: boolean
  /** @internal The free list's head changed, or the file is new. */ declare _metaDirty: boolean
  /** @internal The stream is longer than the tree: the next flush cuts it. */ declare _trim: boolean
  /** @internal A reference beyond the end was met. */ declare _cutShort: boolean
  /** @internal Pages are written without gaps: the stream is not ours alone. */ declare _gapless: boolean
  /** @internal Head of the free list. */ declare _free: number
  /** @internal Longest key + data kept in a leaf. */ declare _inline: number
  /** @internal 0 no page checks, 1 verify, 2 adopt. */ declare _checks: number
  /** @internal A big key loaded to be compared. */ declare _big: Kept | null
  /** @internal The separator on its way up. */ declare _separator: Kept | null
  /** @internal */ declare _separatorBig: boolean
  /** @internal The two halves of the split that place() made last; _right is null when it made none. */
  declare _left: Frame
  /** @internal */ declare _right: Frame | null
  /** @internal A page to compact with. */ declare _scratch: Frame | null
  /** @internal */ declare _stream: RandomAccessStream
  /** @internal The cursor that has moved without keeping its key; at most one. */
  declare _ahead: Cursor | null
  /** @internal The handle's own cursor, for seq. */ declare _cursor: Cursor | null
  /** @internal Which of several equal keys is searched; equal keys passed by the last search for one. */
  declare _nth: number

  /** Gives a copy of the value, or `fallback` (undefined) when the key is absent. Reads depth pages at most. */
  get<T = undefined>(key: Bytes, fallback?: T): Uint8Array | T {
    if (!this.has(key)) return fallback as T
    return readValue(this, this._leaf, this._index, undefined, 0) as Uint8Array
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its whole length, -1 when the key is absent. */
  getInto(key: Bytes, target: Uint8Array, offset?: number): number {
    if (!this.has(key)) return -1
    return readValue(this, this._leaf, this._index, target, offset || 0) as number
  }

  /**
   * Tells whether the key is there, and then points `bytes`, keyOffset, keyLength, valueOffset, valueLength at the record in the
   * handle's own memory, until the next call. Copies and allocates nothing.
   */
  find(key: Bytes): boolean {
    if (!this.has(key)) return false
    showRecord(this, this, this._leaf, this._index)
    return true
  }

  /** Tells whether the key is there. */
  has(key: Bytes): boolean {
    if (WORDS && this._state === OPEN) {
      this._cache._call++
      this._nth = 0
    } else {
      enter(this, READ)
    }
    const bytes = key instanceof Uint8Array ? key : toBytes(key, "key")
    const kept = this._key
    const length = bytes.length
    if (WORDS && length <= kept._size) {
      kept._bytes.set(bytes)
      kept._length = length
    } else {
      this._key = keep(kept, bytes, 0, length)
    }
    return search(this, 0)
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
    enter(this, WRITE)
    const data = toBytes(value, "value")
    if (flags && flags !== R_NOOVERWRITE) return this._atCursor(flags, key, data)
    const found = this.has(key)
    if (found && flags) return false
    if (this._duplicates) search(this, 1)
    this._state = BUSY
    storeRecord(this, data, found && !this._duplicates)
    enter(this, DONE)
    return true
  }

  /** Deletes a key, with duplicates all its values; false when it was not there. With R_CURSOR: the record under seq's cursor. */
  declare delete: (key: Bytes, flags?: number) => boolean

  /**
   * Deletes all keys from `start` (or the first) up to `end` (or the last), exclusive, and gives how many there were. With tuning/ whole
   * pages go at once: one descent a leaf; records are looked at for the end of the range and for chains to free.
   */
  deleteRange(start?: Bytes | null, end?: Bytes | null): number {
    enter(this, WRITE)
    const first =
      start !== undefined && start !== null && toBytes(start, "start key").length > 0 ? start : null
    const cursor = new Cursor(this, first, end)
    let count = 0
    while (cursor._step() && cursor.delete()) count++
    return count
  }

  /** Removes everything; the next flush makes that durable and gives the stream's space back. */
  clear(): void {
    const cache = this._cache
    enter(this, WRITE)
    const spilled = cache._spilled
    load(this, 0)
    cache._spilled = spilled
    this._trim = true
    enter(this, DONE)
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
    const cursor = new Cursor(this, start, end, flags)
    while (cursor._step() && visit(cursor) !== false);
  }

  /** Gives a new cursor, independent of all others. */
  cursor(): Cursor {
    return new Cursor(this)
  }

  /**
   * Writes what changed since the last flush (dirty byte ranges only) and flushes the stream. Does nothing at all when nothing
   * changed. After an error the handle writes no more (EIO); rollback() or reopening goes on from the last flushed state.
   */
  flush(): void {
    const cache = this._cache
    enter(this, READ)
    if (!this._modified) return
    enter(this, WRITE)
    for (let i = 0; cache._dirtyPages > 0; i++) {
      if (cache._all[i]._dirtyEnd > 0) writePage(cache, cache._all[i])
    }
    // Set while anything is on its way.
    cache._failed = true
    if (this._metaDirty) {
      // The rest of the page is zeros that the stream makes by itself.
      const words = [MAGIC, VERSION, this._pagesize, this._free, 0, this._duplicates ? 0 : NO_DUPLICATES]
      for (let i = 0; i < words.length; i++) this._key._view.setUint32(i * 4, words[i], true)
      if (this._checks !== 0) this._metaCheck(true)
      cache._stream.write(this._key._bytes, 0, 0, this._checks !== 0 ? META_ROOM : META_SIZE)
    }
    if (this._trim) this._stream.setSize(this._pages * this._pagesize)
    this._stream.flush()
    cache._failed = false
    cache._spilled = false
    this._metaDirty = false
    this._trim = false
    this._modified = false
  }

  /**
   * Forgets everything since the last flush, and heals a handle that an error stopped. On a stream that is not atomic this is
   * possible only until a changed page had to be evicted: EINVAL then.
   */
  rollback(): void {
    const cache = this._cache
    const stream = this._stream
    if (this._state === CLOSED) enter(this, READ)
    this._state = BUSY
    if (WORDS && this._ahead !== null) keepKey(this)
    if (stream.rollback !== undefined) {
      stream.rollback()
    } else if (cache._spilled || cache._failed) {
      cache._failed = true
      refuse("EINVAL", "the stream is not atomic, and has changes")
    }
    load(this, stream.size())
    this._state = OPEN
  }

  /** Flushes and ends the handle; the stream stays open. May be called twice. After a failed write it only ends the handle. */
  close(): void {
    if (this._state === OPEN && !this._cache._failed) this.flush()
    this._state = CLOSED
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

  /** @internal extras: options, or null for a file that is found to be in the other byte order. */
  declare _adopt: (given: OpenOptions | null) => void
  /** @internal extras: put and delete with flags. */
  declare _atCursor: (flags: number, key: Bytes, value?: Uint8Array) => boolean
  /** @internal extras */ declare _findEqual: (ordinal: number) => boolean
  /** @internal extras */ declare _ordinalOf: (cursor: Cursor, order: number, same: boolean) => number
  /** @internal extras */ declare _pageCheck: (frame: Frame, written: boolean) => void
  /** @internal extras */ declare _metaCheck: (written: boolean) => void
  /** @internal What the page cache asks of the owner of the pages. */ declare _attend: (frame: Frame) => void
  /** @internal extras: bytes of the separator, `size` long, that tell it from the last key of the left page. */
  declare _shorten?: (left: Frame, size: number) => number
  /** @internal tuning */
  declare _checkOptions?: (stream: RandomAccessStream, given: OpenOptions) => void
  /** @internal tuning */ declare _fillHole?: (frame: Frame, offset: number, size: number) => void
  /** @internal tuning */ declare _replaceValue?: (value: Uint8Array) => boolean
  /** @internal tuning */
  declare _chooseCut?: (page: Frame, skip: number, size: number, big: boolean, even: number) => number
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
BTree.prototype.delete = function (this: BTree, key: Bytes, flags?: number): boolean {
  enter(this, WRITE)
  if (flags) return this._atCursor(flags, key)
  const found = this.has(key)
  if (found) {
    this._state = BUSY
    do removeRecords(this, this._index, this._index + 1, false)
    while (this._duplicates && search(this, 0))
    enter(this, DONE)
  }
  return found
}
BTree.prototype._attend = attendPage

/** What a small device may leave out: the extras put something in the place of it. */
function needsExtras(): never {
  refuse("EINVAL", BTREE_EXTRAS)
}
BTree.prototype.keys = needsExtras
BTree.prototype.values = needsExtras
BTree.prototype.items = needsExtras
BTree.prototype.seq = needsExtras
BTree.prototype.stat = needsExtras
BTree.prototype.check = needsExtras
BTree.prototype.salvage = needsExtras
BTree.prototype._adopt = needsExtras
BTree.prototype._atCursor = needsExtras
