/**
 * Pages that are kept for several readers, the least recently used ones given up first. Found by their number in constant time whatever the size
 * of the cache: numbers count from one, so their low bits spread them evenly. Invariants: _first to _last is the order of use; each
 * frame in it is in the chain of its number.
 */
import type { Region } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { readInto } from "../access.ts"
import type { AnyReader, Pages } from "../types.ts"
import { makePage } from "./page.ts"

/** A page in memory. */
interface Cached {
  _buffer: Region
  _owner: AnyReader | null
  _pgno: number
  /** The next one in the chain of the same low bits. */
  _next: Cached | null
  _newer: Cached | null
  _older: Cached | null
}

export interface PageCacheStats {
  hits: number
  misses: number
}

export class PageCache implements Pages {
  /** Pages found, and pages that had to be read. */
  readonly stats: PageCacheStats
  declare _bytes: Uint8Array
  declare _view: DataView
  declare _max: number
  declare _count: number
  declare _heads: (Cached | null)[]
  declare _newest: Cached | null
  declare _oldest: Cached | null

  /** Pages are allocated when they are first needed. @throws EINVAL fewer than one page */
  constructor(maxPages: number) {
    this.stats = { hits: 0, misses: 0 }
    this._heads = []
    this._count = this._max = 0
    this._newest = this._oldest = null
    this.setMaxPages(maxPages)
  }

  /** Sets how many pages are kept at most; the least recently used ones beyond are given up at once. @throws EINVAL fewer than one page */
  setMaxPages(maxPages: number): void {
    if (!(maxPages >= 1 && maxPages <= 16777216 && maxPages % 1 === 0))
      refuse("EINVAL", `maxPages is ${maxPages}, expected a whole number from 1 to 16777216`)
    this._max = maxPages
    while (this._count > maxPages) this._remove(this._oldest as Cached)
    let size = 1
    while (size < maxPages) size *= 2
    const heads: (Cached | null)[] = []
    for (let i = 0; i < size; i++) heads.push(null)
    this._heads = heads
    for (let cached = this._newest; cached !== null; cached = cached._older) this._chain(cached)
  }

  /** Gives up all pages. */
  clear(): void {
    while (this._oldest !== null) this._remove(this._oldest)
  }

  _page(reader: AnyReader, pgno: number): void {
    let cached = this._heads[pgno & (this._heads.length - 1)]
    while (cached !== null && (cached._pgno !== pgno || cached._owner !== reader)) cached = cached._next
    if (cached !== null) {
      this.stats.hits++
      if (cached !== this._newest) {
        this._unlink(cached)
        this._link(cached)
      }
      this._show(cached._buffer)
      return
    }
    this.stats.misses++
    const pagesize = reader._pagesize
    let buffer: Region | null = null
    if (this._count === this._max) {
      buffer = (this._oldest as Cached)._buffer
      this._remove(this._oldest as Cached)
      if (buffer._bytes.length !== pagesize) buffer = null
    }
    if (buffer === null) buffer = makePage(pagesize)
    // Only a page that was read is in the cache.
    readInto(reader, pgno * pagesize, buffer._bytes, 0, pagesize)
    cached = { _buffer: buffer, _owner: reader, _pgno: pgno, _next: null, _newer: null, _older: null }
    this._link(cached)
    this._chain(cached)
    this._count++
    this._show(buffer)
  }

  _show(buffer: Region): void {
    this._bytes = buffer._bytes
    this._view = buffer._view
  }

  _drop(reader: AnyReader): void {
    for (let cached = this._newest; cached !== null; ) {
      const older: Cached | null = cached._older
      if (cached._owner === reader) this._remove(cached)
      cached = older
    }
  }

  _chain(cached: Cached): void {
    const slot = cached._pgno & (this._heads.length - 1)
    cached._next = this._heads[slot]
    this._heads[slot] = cached
  }

  _link(cached: Cached): void {
    cached._newer = null
    cached._older = this._newest
    if (this._newest !== null) this._newest._newer = cached
    else this._oldest = cached
    this._newest = cached
  }

  _unlink(cached: Cached): void {
    if (cached._newer !== null) cached._newer._older = cached._older
    else this._newest = cached._older
    if (cached._older !== null) cached._older._newer = cached._newer
    else this._oldest = cached._newer
  }

  _remove(cached: Cached): void {
    const slot = cached._pgno & (this._heads.length - 1)
    let before = this._heads[slot]
    if (before === cached) this._heads[slot] = cached._next
    else {
      while (before !== null && before._next !== cached) before = before._next
      if (before !== null) before._next = cached._next
    }
    this._unlink(cached)
    this._count--
  }
}
