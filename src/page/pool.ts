/**
 * Frames: page-sized buffers, taken from slabs. A slab is one ArrayBuffer with one Uint8Array and one DataView; a frame is a
 * base offset in it. Frames are made when first needed and never given back, so that memory is stable once it is warm.
 */
import { type Kept, keep, type Region } from "../bytes.ts"
import { SLAB_FRAMES } from "../platform.ts"

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
  /** Next frame in the same hash bucket of the cache. */
  _next: Frame | null
}

/** Where frames come from: the slab that is being handed out. */
export interface PagePool {
  /** Bytes in a frame. */
  _pagesize: number
  _slab: Kept | null
  /** Bytes of the slab that frames have. */
  _taken: number
}

/**
 * Gives a new frame. Every SLAB_FRAMES calls it allocates one ArrayBuffer, of at most `wanted` frames so that a cache never reserves
 * more than its capacity. Throws ENOMEM.
 */
export function takeFrame(pool: PagePool, wanted: number): Frame {
  const pagesize = pool._pagesize
  let slab = pool._slab
  let base = 0
  if (SLAB_FRAMES === 1) {
    slab = keep(null, null, 0, pagesize)
  } else {
    if (slab === null || pool._taken === slab._size) {
      const frames = wanted < 1 ? 1 : wanted < SLAB_FRAMES ? wanted : SLAB_FRAMES
      slab = keep(null, null, 0, frames * pagesize)
      pool._slab = slab
      pool._taken = 0
    }
    base = pool._taken
    pool._taken = base + pagesize
  }
  return {
    _bytes: slab._bytes,
    _view: slab._view,
    _base: base,
    _kind: 0,
    _pgno: -1,
    _used: 0,
    _count: 0,
    _pin: 0,
    _next: null,
    _upper: 0,
    _gaps: 0,
    _dirtyEnd: 0,
    _dirty: [],
  }
}
