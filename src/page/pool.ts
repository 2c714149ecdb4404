/**
 * Frames: page-sized buffers, taken from slabs. A slab is one ArrayBuffer with one Uint8Array and one DataView; a frame is a
 * base offset in it. Frames are made when first needed and never given back, so that memory is stable once it is warm.
 */
import { keep, type Region } from "../bytes.ts"
import { PAGE_HASH, SLAB_FRAMES } from "../platform.ts"

/** A page in memory: `_bytes` and `_view` are the slab's, the page is at [_base, _base + page size). */
export interface Frame extends Region {
  _base: number
  /** Page held, -1 for none. */
  _pgno: number
  /** Page type that was found sound when the page was loaded; 0 while not checked. Set by the engine. */
  _kind: number
  /** When the page was last asked for, by the cache's clock; 0 for a frame that holds none. */
  _used: number
  /** The call that needs this frame to stay: it is pinned while this is the cache's `_call`. */
  _pin: number
  /** Kept by the engine: number of items, lowest byte of their area, and the bytes of it that no item uses. */
  _count: number
  _upper: number
  _gaps: number
  /** Dirty byte ranges: disjoint pairs (start, end) within the page, in any order, in _dirty[0 .. _dirtyEnd). */
  _dirty: number[]
  _dirtyEnd: number
  /** With PAGE_HASH: the next frame in the same bucket of the cache. */
  _next: Frame | null
}

/** Where frames come from. */
export interface PagePool {
  /** Bytes in a frame. */
  _pagesize: number
  /** The frame made last: what its slab has behind it is free. */
  _newest: Frame | null
}

/**
 * Gives a new frame. Every SLAB_FRAMES calls it allocates one ArrayBuffer of so many; each call one of its own where fewer are `wanted`,
 * so that a cache never reserves more than its capacity. Throws ENOMEM.
 */
export function takeFrame(pool: PagePool, wanted: number): Frame {
  const pagesize = pool._pagesize
  let slab: (Region & { _base?: number }) | null = pool._newest
  let base = slab === null ? 0 : (slab._base as number) + pagesize
  if (slab === null || base === slab._bytes.length) {
    slab = keep(null, null, 0, (wanted < SLAB_FRAMES ? 1 : SLAB_FRAMES) * pagesize)
    base = 0
  }
  pool._newest = {
    _bytes: slab._bytes,
    _view: slab._view,
    _base: base,
    _kind: 0,
    _pgno: -1,
    _used: 0,
    _count: 0,
    _pin: 0,
    _upper: 0,
    _gaps: 0,
    _dirtyEnd: 0,
    _dirty: [],
  } as Omit<Frame, "_next"> as Frame
  if (PAGE_HASH) pool._newest._next = null
  return pool._newest
}
