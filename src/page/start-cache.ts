/** Making a page cache, and beginning anew with one: what a database needs when it is opened, and seldom after. */
import { CACHE_FRAMES_MIN, PAGE_HASH } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import type { PageCache, PageOwner } from "./cache.ts"

/** Bytes between two dirty ranges that are cheaper to write than to leave out, where the stream does not say. */
const JOIN_ATOMIC = 4
const JOIN_PLAIN = 32

/** Frames a cache may have, whatever is asked for. */
const FRAMES_MAX = 1 << 20

/** Gives a cache without any frame; `stream` is where pages are read and written. startCache says how large they are. */
export function makeCache(stream: RandomAccessStream, owner: PageOwner): PageCache {
  return {
    _buckets: [],
    _mask: 0,
    _clock: 0,
    hits: 0,
    _call: 0,
    _pagesize: 0,
    _stream: stream,
    _owner: owner,
    _newest: null,
    _size: 0,
    _all: [],
    _held: [],
    _join: stream.callCost !== undefined ? stream.callCost : stream.atomic ? JOIN_ATOMIC : JOIN_PLAIN,
    _dirtyPages: 0,
    _spilled: false,
    _failed: false,
    _full: null,
    frames: 0,
    capacity: 0,
    misses: 0,
    evictions: 0,
    pageWrites: 0,
    bytesWritten: 0,
  }
}

/** Forgets every page, changed or not, and every failure. Pages have `pagesize` bytes from now on. */
export function startCache(cache: PageCache, pagesize: number): void {
  const all = cache._all
  const frames = Math.ceil(cache._size / pagesize)
  const capacity = frames > CACHE_FRAMES_MIN ? frames : CACHE_FRAMES_MIN
  cache._pagesize = pagesize
  cache.capacity = capacity < FRAMES_MAX ? capacity : FRAMES_MAX
  for (let i = 0; i < all.length; i++) {
    all[i]._pgno = -1
    all[i]._used = 0
    all[i]._dirtyEnd = 0
  }
  if (PAGE_HASH) {
    let mask = 7
    while (mask < capacity && mask < 65535) mask = mask * 2 + 1
    cache._mask = mask
    for (let i = 0; i <= mask; i++) cache._buckets[i] = null
  } else {
    cache._held = []
  }
  cache._dirtyPages = 0
  cache._spilled = false
  cache._failed = false
  cache._full = null
}
