/**
 * The page cache: page number -> frame, least recently used first to go, as in 1.85 (specs: "Page cache"), so that page reads
 * and writes can be compared with it one to one.
 *
 * Invariants: a frame that holds a page is in exactly one bucket (or has its number in _held); a frame pinned in the call under way is not evicted. Pins are
 * stamps, not counts: the next call has another stamp, so an exception leaves nothing pinned.
 */
import { corrupt } from "../errors.ts"
import { PAGE_HASH } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { type Frame, type PagePool, takeFrame } from "./pool.ts"

/** What an engine does with its pages. */
export interface PageOwner {
  /**
   * Called with a page just read, whose _kind is 0: checks it and sets the _kind and what else it keeps in the frame; throws ECORRUPT.
   * And with a dirty page, whose _kind is something else, before it is written: finishes its contents.
   */
  _attend(frame: Frame): void
}

/** Where pages are read and written. */
export type PageStream = Pick<RandomAccessStream, "read" | "write">

/** For fetchPage: the page is to be written anew, so it is not read. */
export const FRESH = -1

export interface PageCache extends PagePool {
  _stream: PageStream
  _owner: PageOwner
  /** With PAGE_HASH: the frames with pages of each hash, linked by their _next. Without: the page numbers of all frames. */
  _buckets: (Frame | null)[]
  _held: number[]
  _mask: number
  _all: Frame[]
  /** Bytes of page cache that were asked for. */
  _size: number
  _clock: number
  /** Number of the call under way, which is the stamp of its pins. */
  _call: number
  /** Dirty ranges closer than this many bytes become one. */
  _join: number
  /** Frames with dirty ranges. */
  _dirtyPages: number
  /** A changed page was evicted since the last flush: what the stream holds is no longer the last flushed state. */
  _spilled: boolean
  /** Set while a write is under way and left set by one that failed: nothing more may be written. */
  _failed: boolean
  /** The ENOSPC that an eviction met and that no call has reported yet. */
  _full: unknown
  /** Frames made so far, and how many there may be. */
  frames: number
  capacity: number
  hits: number
  misses: number
  evictions: number
  pageWrites: number
  bytesWritten: number
}

/**
 * Gives the frame that holds page `pgno`, read and checked on a miss, and makes it the most recently used. The page's kind must be
 * one of the bits of `kinds`; 0: any, unchecked; FRESH: a page of zeros, dirty as a whole. Valid until another page is fetched,
 * unless pinned. Costs one read of a page on a miss, and the write of another's dirty ranges where one has to go. Throws ECORRUPT.
 */
export function fetchPage(cache: PageCache, pgno: number, kinds: number): Frame {
  const slot = pgno & cache._mask
  let frame: Frame | null = null
  if (PAGE_HASH) {
    frame = cache._buckets[slot]
    while (frame !== null && frame._pgno !== pgno) frame = frame._next
  } else {
    const at = cache._held.indexOf(pgno)
    if (at >= 0) frame = cache._all[at]
  }
  if (frame === null) {
    const at = emptyFrame(cache)
    frame = cache._all[at]
    if (kinds >= 0) {
      const size = cache._pagesize
      cache.misses++
      const got = cache._stream.read(frame._bytes, pgno * size, frame._base, size)
      if (got !== size) corrupt(pgno, got, "the stream ends here")
    }
    frame._pgno = pgno
    frame._kind = 0
    if (PAGE_HASH) {
      frame._next = cache._buckets[slot]
      cache._buckets[slot] = frame
    } else {
      cache._held[at] = pgno
    }
  } else if (kinds >= 0) {
    cache.hits++
  }
  frame._used = ++cache._clock
  if (kinds < 0) {
    const base = frame._base
    frame._bytes.fill(0, base, base + cache._pagesize)
    frame._kind = 0
    frame._gaps = 0
    if (frame._dirtyEnd === 0) cache._dirtyPages++
    frame._dirty[0] = 0
    frame._dirty[1] = cache._pagesize
    frame._dirtyEnd = 2
  } else if ((frame._kind & kinds) === 0 && kinds !== 0) {
    if (frame._kind === 0) cache._owner._attend(frame)
    if ((frame._kind & kinds) === 0) {
      corrupt(pgno, 12, `page type ${frame._kind}, not ${kinds}`)
    }
  }
  return frame
}

/** Gives the frame that holds page `pgno`, null where none does. Reads nothing. */
export function findFrame(cache: PageCache, pgno: number): Frame | null {
  if (!PAGE_HASH) {
    const at = cache._held.indexOf(pgno)
    return at < 0 ? null : cache._all[at]
  }
  let frame = cache._buckets[pgno & cache._mask]
  while (frame !== null && frame._pgno !== pgno) frame = frame._next
  return frame
}

/** Gives the place in _all of a frame that holds no page: a new one below capacity, else the least recently used one that can go. */
function emptyFrame(cache: PageCache): number {
  const all = cache._all
  const call = cache._call
  let best = -1
  let tried = -1
  while (all.length >= cache.capacity) {
    let oldest = cache._clock
    best = -1
    for (let i = 0; i < all.length; i++) {
      const used = all[i]._used
      if (used <= oldest && used > tried && all[i]._pin !== call) {
        best = i
        oldest = used
      }
    }
    if (best < 0) break
    if (canLeave(cache, all[best])) break
    tried = oldest
  }
  if (best < 0) {
    // There is room; or all are pinned, or hold changes that cannot be written: the pool grows for good.
    best = all.length
    cache.frames = all.push(takeFrame(cache, cache.capacity - best))
  } else if (all[best]._pgno >= 0) {
    cache.evictions++
    if (PAGE_HASH) unlinkFrame(cache, all[best])
    else cache._held[best] = -1
    all[best]._pgno = -1
    all[best]._used = 0
  }
  return best
}

/** Writes what is dirty of the page; false when it has to stay where it is. */
function canLeave(cache: PageCache, frame: Frame): boolean {
  let done = frame._dirtyEnd === 0
  if (!done && !cache._failed) {
    try {
      writePage(cache, frame)
      cache._spilled = true
      done = true
    } catch (error) {
      // For lack of space: the page stays, and the call goes on.
      if ((error as { code?: string }).code !== "ENOSPC") throw error
      cache._full = error
    }
  }
  return done
}

/** Forgets pages `pgno` and up, changed or not, and every failed write: they are not of the file, or not any more. */
export function forgetPages(cache: PageCache, pgno: number): void {
  const all = cache._all
  for (let i = 0; i < all.length; i++) {
    const frame = all[i]
    if (frame._pgno < pgno) continue
    if (PAGE_HASH) unlinkFrame(cache, frame)
    else cache._held[i] = -1
    if (frame._dirtyEnd > 0) cache._dirtyPages--
    frame._pgno = -1
    frame._used = 0
    frame._dirtyEnd = 0
  }
  cache._spilled = false
  cache._failed = false
  cache._full = null
}

/** Takes a frame out of its bucket. */
function unlinkFrame(cache: PageCache, frame: Frame): void {
  const slot = frame._pgno & cache._mask
  let other = cache._buckets[slot] as Frame
  if (other === frame) {
    cache._buckets[slot] = frame._next
  } else {
    while (other._next !== frame) other = other._next as Frame
    other._next = frame._next
  }
}

/** Writes the dirty ranges of the page. */
export function writePage(cache: PageCache, frame: Frame): void {
  if (frame._kind !== 0) cache._owner._attend(frame)
  const position = frame._pgno * cache._pagesize
  const dirty = frame._dirty
  cache._failed = true
  for (let i = 0; i < frame._dirtyEnd; i += 2) {
    const length = dirty[i + 1] - dirty[i]
    cache._stream.write(frame._bytes, position + dirty[i], frame._base + dirty[i], length)
    cache.bytesWritten += length
  }
  cache._failed = false
  cache.pageWrites++
  frame._dirtyEnd = 0
  cache._dirtyPages--
}
