/**
 * The page cache: page number -> frame, least recently used first to go, as in 1.85 (specs: "Page cache"), so that page reads
 * and writes can be compared with it one to one.
 *
 * Invariants: a frame with pgno >= 0 is in exactly one bucket; every frame is in the list oldest..newest; only frames with
 * no pins are evicted; pins are 0 between public calls (releasePins clears what an exception left).
 */
import { corruption, failure, isFlashtreeError } from "../errors.ts"
import { zeroBytes } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { addDirtyRange } from "./dirty.ts"
import type { Frame } from "./pool.ts"
import { PagePool } from "./pool.ts"

/** What an engine adds to its pages. */
export interface PageOwner {
  /** Checks a page just read and sets frame.kind and frame.gaps; throws ECORRUPT. */
  _checkPage(frame: Frame): void
  /** Called before a dirty page is written, to finish its contents. */
  _sealPage(frame: Frame): void
}

/** Bytes between two dirty ranges that are cheaper to write than to leave out, where the stream does not say. */
const JOIN_ATOMIC = 4
const JOIN_PLAIN = 32

export class PageCache {
  declare stream: RandomAccessStream
  declare owner: PageOwner
  declare pool: PagePool
  declare capacity: number
  declare hits: number
  declare misses: number
  declare evictions: number
  declare pageReads: number
  declare pageWrites: number
  declare bytesWritten: number
  /** A changed page was evicted since the last flush: what the stream holds is no longer the last flushed state. */
  declare spilled: boolean
  /** Set while a write is under way and left set by one that failed: nothing more may be written. */
  declare failed: boolean
  /** The ENOSPC that an eviction met and that no call has reported yet. */
  declare full: unknown
  declare pinned: number
  /** Frames with dirty ranges. */
  declare dirtyPages: number
  declare newest: Frame | null
  declare oldest: Frame | null
  declare buckets: (Frame | null)[]
  declare mask: number
  declare join: number

  constructor(stream: RandomAccessStream, owner: PageOwner, pagesize: number, capacity: number) {
    this.stream = stream
    this.owner = owner
    this.pool = new PagePool(pagesize)
    this.capacity = capacity
    this.hits = 0
    this.misses = 0
    this.evictions = 0
    this.pageReads = 0
    this.pageWrites = 0
    this.bytesWritten = 0
    this.spilled = false
    this.failed = false
    this.full = null
    this.pinned = 0
    this.dirtyPages = 0
    this.newest = null
    this.oldest = null
    let size = 8
    while (size < capacity && size < 65536) size *= 2
    this.buckets = []
    for (let i = 0; i < size; i++) this.buckets.push(null)
    this.mask = size - 1
    this.join = stream.callCost !== undefined ? stream.callCost : stream.atomic ? JOIN_ATOMIC : JOIN_PLAIN
  }

  /** Frames made so far. */
  get frames(): number {
    return this.pool.count
  }
}

/**
 * Gives the frame that holds page `pgno`, loaded and checked on a miss, and makes it the most recently used. The page's kind must
 * be one of the bits of `kinds` (0: any, unchecked). Valid until another page is fetched, unless pinned.
 * Costs one read of a page on a miss, and the write of another's dirty ranges where one has to go. Throws ECORRUPT.
 */
export function fetchPage(cache: PageCache, pgno: number, kinds: number): Frame {
  let frame = cache.buckets[pgno & cache.mask]
  while (frame !== null && frame.pgno !== pgno) frame = frame.chain
  if (frame !== null) {
    cache.hits++
    if (frame !== cache.newest) {
      unlink(cache, frame)
      linkNewest(cache, frame)
    }
  } else {
    frame = loadPage(cache, pgno)
  }
  if ((frame.kind & kinds) === 0 && kinds !== 0) {
    if (frame.kind === 0) cache.owner._checkPage(frame)
    if ((frame.kind & kinds) === 0) {
      throw corruption(pgno, 12, `a page of type ${frame.kind} where type ${kinds} is expected`)
    }
  }
  return frame
}

function loadPage(cache: PageCache, pgno: number): Frame {
  const size = cache.pool.pagesize
  const frame = acquireFrame(cache)
  cache.misses++
  cache.pageReads++
  const got = cache.stream.read(frame.bytes, pgno * size, frame.base, size)
  if (got !== size) throw corruption(pgno, got, `the stream ends here, inside the page of ${size} bytes`)
  adopt(cache, frame, pgno)
  return frame
}

/** Gives a zeroed frame for page `pgno`, all of it dirty, without reading the page. */
export function createPage(cache: PageCache, pgno: number): Frame {
  let frame = cache.buckets[pgno & cache.mask]
  while (frame !== null && frame.pgno !== pgno) frame = frame.chain
  if (frame === null) {
    frame = acquireFrame(cache)
    adopt(cache, frame, pgno)
  }
  const size = cache.pool.pagesize
  zeroBytes(frame, frame.base, size)
  frame.kind = 0
  frame.gaps = 0
  if (frame.dirtyCount === 0) cache.dirtyPages++
  frame.dirty[0] = 0
  frame.dirty[1] = size
  frame.dirtyCount = 1
  return frame
}

/** Marks the bytes [start, end) of the page as changed. */
export function markDirty(cache: PageCache, frame: Frame, start: number, end: number): void {
  if (frame.dirtyCount === 0) cache.dirtyPages++
  addDirtyRange(frame, start, end, cache.join)
}

/** Keeps the frame in place until unpinned. */
export function pin(cache: PageCache, frame: Frame): void {
  frame.pins++
  cache.pinned++
}

export function unpin(cache: PageCache, frame: Frame): void {
  frame.pins--
  cache.pinned--
}

/** Takes back the pins that a call which threw has left. */
export function releasePins(cache: PageCache): void {
  for (let frame = cache.newest; frame !== null; frame = frame.older) frame.pins = 0
  cache.pinned = 0
}

/** Allocates every frame up to the capacity now, so that running out of memory happens here (ENOMEM) or not at all. */
export function reserveFrames(cache: PageCache): void {
  while (cache.pool.count < cache.capacity) addFrame(cache)
}

/** Writes the dirty ranges of all pages, least recently used first. */
export function writeDirtyPages(cache: PageCache): void {
  // What is dirty was used lately: from the newest down to the last dirty frame, then back up in the order of writing.
  let left = cache.dirtyPages
  let frame = cache.newest
  let oldest: Frame | null = null
  while (frame !== null && left > 0) {
    if (frame.dirtyCount > 0) {
      left--
      oldest = frame
    }
    frame = frame.older
  }
  for (frame = oldest; frame !== null; frame = frame.newer) {
    if (frame.dirtyCount > 0) writePage(cache, frame)
  }
}

/** Forgets every page, changed or not. */
export function dropPages(cache: PageCache): void {
  for (let frame = cache.newest; frame !== null; frame = frame.older) {
    frame.pgno = -1
    frame.kind = 0
    frame.pins = 0
    frame.dirtyCount = 0
    frame.chain = null
  }
  for (let i = 0; i <= cache.mask; i++) cache.buckets[i] = null
  cache.pinned = 0
  cache.dirtyPages = 0
  cache.spilled = false
  cache.failed = false
  cache.full = null
}

function writePage(cache: PageCache, frame: Frame): void {
  cache.owner._sealPage(frame)
  const position = frame.pgno * cache.pool.pagesize
  const dirty = frame.dirty
  const top = frame.dirtyCount * 2
  cache.failed = true
  for (let i = 0; i < top; i += 2) {
    const length = dirty[i + 1] - dirty[i]
    cache.stream.write(frame.bytes, position + dirty[i], frame.base + dirty[i], length)
    cache.bytesWritten += length
  }
  cache.failed = false
  cache.pageWrites++
  frame.dirtyCount = 0
  cache.dirtyPages--
}

/** Gives a frame that holds no page and is the newest: a new one below capacity, else the least recently used one that can go. */
function acquireFrame(cache: PageCache): Frame {
  if (cache.pool.count < cache.capacity) return addFrame(cache)
  let frame = cache.oldest
  while (frame !== null) {
    if (frame.pins === 0 && evict(cache, frame)) {
      unlink(cache, frame)
      linkNewest(cache, frame)
      return frame
    }
    frame = frame.newer
  }
  // All are pinned, or hold changes that cannot be written: the pool grows for good.
  return addFrame(cache)
}

/** Empties the frame; false when its changes cannot be written for lack of space (the page then stays, the call goes on). */
function evict(cache: PageCache, frame: Frame): boolean {
  if (frame.pgno < 0) return true
  if (frame.dirtyCount > 0) {
    if (cache.failed) return false
    try {
      writePage(cache, frame)
    } catch (error) {
      if (!isFlashtreeError(error) || error.code !== "ENOSPC") throw error
      cache.full = error
      return false
    }
    cache.spilled = true
  }
  const slot = frame.pgno & cache.mask
  const head = cache.buckets[slot]
  if (head === frame) {
    cache.buckets[slot] = frame.chain
  } else {
    let before = head as Frame
    while (before.chain !== frame) before = before.chain as Frame
    before.chain = frame.chain
  }
  frame.pgno = -1
  cache.evictions++
  return true
}

function addFrame(cache: PageCache): Frame {
  const frame = cache.pool.take(cache.capacity - cache.pool.count)
  linkNewest(cache, frame)
  return frame
}

function adopt(cache: PageCache, frame: Frame, pgno: number): void {
  const slot = pgno & cache.mask
  frame.pgno = pgno
  frame.kind = 0
  frame.chain = cache.buckets[slot]
  cache.buckets[slot] = frame
}

function unlink(cache: PageCache, frame: Frame): void {
  if (frame.newer === null) cache.newest = frame.older
  else frame.newer.older = frame.older
  if (frame.older === null) cache.oldest = frame.newer
  else frame.older.newer = frame.newer
}

function linkNewest(cache: PageCache, frame: Frame): void {
  frame.newer = null
  frame.older = cache.newest
  if (cache.newest === null) cache.oldest = frame
  else cache.newest.newer = frame
  cache.newest = frame
}

/** Throws what stops further writing, if anything: the ENOSPC not yet reported, or EIO after a write that failed. */
export function refuseIfFailed(cache: PageCache): void {
  if (cache.full !== null) {
    const full = cache.full
    cache.full = null
    throw full
  }
  if (cache.failed) {
    throw failure("EIO", "an earlier write failed: roll back, or reopen to go on from the last flushed state")
  }
}
