/**
 * Frames: page-sized buffers, taken from slabs. A slab is one ArrayBuffer with one Uint8Array and one DataView; a frame is a
 * base offset in it. Frames are made when first needed and never given back, so that memory is stable once it is warm.
 */
import type { Region } from "../bytes.ts"
import { makeRegion } from "../bytes.ts"
import { SLAB_FRAMES } from "../platform.ts"

/** Most separate dirty ranges kept for one frame; the closest two are joined beyond that. */
export const DIRTY_RANGES_MAX = 4

export class Frame implements Region {
  /** The slab's buffer, both ways; the page is at [base, base + page size). */
  declare bytes: Uint8Array
  declare view: DataView
  declare base: number
  /** Page held, -1 for none. */
  declare pgno: number
  /** Page type that was found sound when the page was loaded; 0 while not checked. Set by the engine. */
  declare kind: number
  /** Calls that need this frame to stay; 0 between calls of the public API. */
  declare pins: number
  /** Bytes of the item area that no item uses. Kept by the engine. */
  declare gaps: number
  /** Dirty byte ranges: ascending, disjoint pairs (start, end) within the page, in dirty[0 .. 2 * dirtyCount). */
  declare dirty: number[]
  declare dirtyCount: number
  /** Next frame in the same hash bucket of the cache. */
  declare chain: Frame | null
  declare newer: Frame | null
  declare older: Frame | null

  constructor(slab: Region, base: number) {
    this.bytes = slab.bytes
    this.view = slab.view
    this.base = base
    this.pgno = -1
    this.kind = 0
    this.pins = 0
    this.gaps = 0
    // One pair of room beyond the maximum: a new range is put in first and joined afterwards.
    this.dirty = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    this.dirtyCount = 0
    this.chain = null
    this.newer = null
    this.older = null
  }
}

export class PagePool {
  /** Bytes in a frame. */
  declare pagesize: number
  /** Frames handed out so far. */
  declare count: number
  declare _slab: Region | null
  declare _used: number
  declare _room: number

  constructor(pagesize: number) {
    this.pagesize = pagesize
    this.count = 0
    this._slab = null
    this._used = 0
    this._room = 0
  }

  /**
   * Gives a new frame. Every SLAB_FRAMES calls it allocates one ArrayBuffer, of at most `wanted` frames so that a cache never
   * reserves more than its capacity. Throws ENOMEM.
   */
  take(wanted: number): Frame {
    if (this._used === this._room || this._slab === null) {
      const room = wanted < 1 ? 1 : wanted < SLAB_FRAMES ? wanted : SLAB_FRAMES
      this._slab = makeRegion(room * this.pagesize)
      this._room = room
      this._used = 0
    }
    this.count++
    return new Frame(this._slab, this.pagesize * this._used++)
  }
}
