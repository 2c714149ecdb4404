/**
 * Items of one page: the slot index grows up from the header, items grow down from the end. A page may hold gaps, bytes of the
 * item area that no item uses (frame._gaps counts them); never one written to a stream where 1.85 may write too (FORMAT.md).
 * Offsets named `at` are those of the frame's buffer, others those of the page.
 */
import { corruption } from "../errors.ts"
import { markDirty } from "../page/dirty.ts"
import { type Frame, takeFrame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import {
  aligned,
  DATA_SIZE,
  FLAGS,
  HEADER,
  ITEM_HEADER,
  KEY_SIZE,
  LEAF,
  LOWER,
  NEXT,
  OVERFLOW,
  PGNO,
  PREV,
  UPPER,
} from "./layout.ts"
import type { BTree } from "./tree.ts"

/** Gives the number of items on a tree page. */
export function itemCount(frame: Frame): number {
  return (frame._view.getUint16(frame._base + LOWER, true) - HEADER) >> 1
}

/** Gives the offset of item `index` in the frame's buffer. */
export function itemAt(frame: Frame, index: number): number {
  return frame._base + frame._view.getUint16(frame._base + HEADER + index * 2, true)
}

/** Gives the bytes the item at `at` takes. ECORRUPT where an overlapping item has been written over. */
export function itemSize(tree: BTree, frame: Frame, at: number): number {
  let size = ITEM_HEADER + frame._view.getUint32(at + KEY_SIZE, true)
  if (frame._kind === LEAF) size += frame._view.getUint32(at + DATA_SIZE, true)
  if (size > tree._pagesize) throw corruption(frame._pgno, at - frame._base, `an item of ${size} bytes`)
  return aligned(size)
}

/** Gives the lowest item byte; an empty 64 KiB page stores 0 for 65536. */
export function upperBound(frame: Frame): number {
  return frame._view.getUint16(frame._base + UPPER, true) || 65536
}

function setUpper(tree: BTree, frame: Frame, upper: number): void {
  frame._view.setUint16(frame._base + UPPER, upper, true)
  markDirty(tree._cache, frame, UPPER, HEADER)
}

/** Writes the header of a page just created, with no items. */
export function formatPage(tree: BTree, frame: Frame, kind: number, prev: number, next: number): void {
  const view = frame._view
  const base = frame._base
  view.setUint32(base + PGNO, frame._pgno, true)
  view.setUint32(base + PREV, prev, true)
  view.setUint32(base + NEXT, next, true)
  view.setUint32(base + FLAGS, kind, true)
  if (kind !== OVERFLOW) {
    view.setUint16(base + LOWER, HEADER, true)
    view.setUint16(base + UPPER, tree._pagesize, true)
  }
  frame._kind = kind
}

/** Sets a neighbour link (PREV or NEXT) of a page. */
export function setLink(tree: BTree, frame: Frame, link: number, pgno: number): void {
  frame._view.setUint32(frame._base + link, pgno, true)
  markDirty(tree._cache, frame, link, link + 4)
}

/**
 * Opens slot `index` for an item of `used` bytes and gives the offset to write it at, or -1 when it does not fit. Gaps are closed when
 * there is no other room.
 */
export function openSlot(tree: BTree, frame: Frame, index: number, used: number): number {
  const view = frame._view
  const base = frame._base
  const lower = view.getUint16(base + LOWER, true)
  const size = aligned(used)
  const free = upperBound(frame) - lower - size - 2
  if (free < 0) {
    if (free + frame._gaps < 0) return -1
    refill(tree, frame, frame, 0, itemCount(frame))
  }
  const upper = upperBound(frame) - size
  const slot = HEADER + index * 2
  if (slot < lower) copyBytes(frame._bytes, base + slot, frame._bytes, base + slot + 2, lower - slot)
  view.setUint16(base + slot, upper, true)
  view.setUint16(base + LOWER, lower + 2, true)
  view.setUint16(base + UPPER, upper, true)
  markDirty(tree._cache, frame, LOWER, HEADER)
  markDirty(tree._cache, frame, slot, lower + 2)
  markDirty(tree._cache, frame, upper, upper + used)
  return base + upper
}

/**
 * Takes the items [from, to) off the page. What they leave is a gap, unless it borders on the free space, or 1.85 may write the
 * page too: then one item's hole is filled at once, and more are closed when the page is written (_sealPage).
 */
export function closeSlots(tree: BTree, frame: Frame, from: number, to: number): void {
  const view = frame._view
  const base = frame._base
  const offset = itemAt(frame, from) - base
  let size = 0
  for (let i = from; i < to; i++) size += itemSize(tree, frame, itemAt(frame, i))
  const lower = view.getUint16(base + LOWER, true)
  const slot = HEADER + from * 2
  const past = HEADER + to * 2
  const left = lower - past
  view.setUint16(base + LOWER, slot + left, true)
  markDirty(tree._cache, frame, LOWER, UPPER)
  if (left > 0) {
    copyBytes(frame._bytes, base + past, frame._bytes, base + slot, left)
    markDirty(tree._cache, frame, slot, slot + left)
  } else if (from === 0) {
    setUpper(tree, frame, tree._pagesize)
    frame._gaps = 0
    return
  }
  frame._gaps += size
  if (to - from === 1) leaveHole(tree, frame, offset, size)
}

/**
 * Deals with a hole of `size` bytes, already counted as a gap: joins it to the free space it borders on; or, where gaps may not stay,
 * fills it with the lowest item when that has just its size, else by moving up all that is below, as 1.85 does.
 */
export function leaveHole(tree: BTree, frame: Frame, offset: number, size: number): void {
  const view = frame._view
  const base = frame._base
  const upper = upperBound(frame)
  if (offset !== upper) {
    if (!tree._gapless || size === 0) return
    const lower = view.getUint16(base + LOWER, true)
    let lowest = HEADER
    while (lowest < lower && view.getUint16(base + lowest, true) !== upper) lowest += 2
    if (lowest < lower && itemSize(tree, frame, base + upper) === size) {
      copyBytes(frame._bytes, base + upper, frame._bytes, base + offset, size)
      view.setUint16(base + lowest, offset, true)
      markDirty(tree._cache, frame, lowest, lowest + 2)
      markDirty(tree._cache, frame, offset, offset + size)
    } else {
      copyBytes(frame._bytes, base + upper, frame._bytes, base + upper + size, offset - upper)
      for (let slot = HEADER; slot < lower; slot += 2) {
        const item = view.getUint16(base + slot, true)
        if (item < offset) view.setUint16(base + slot, item + size, true)
      }
      markDirty(tree._cache, frame, HEADER, lower)
      markDirty(tree._cache, frame, upper + size, offset + size)
    }
  }
  setUpper(tree, frame, upper + size)
  frame._gaps -= size
}

/**
 * Makes the items [from, to) of `source` the items of `target`, packed against its end, with zeros for free space. The two may be
 * one page: it is copied to the scratch page first, which is no frame of the cache, is made by the first such call and kept.
 */
export function refill(tree: BTree, target: Frame, source: Frame, from: number, to: number): void {
  const view = target._view
  const base = target._base
  const pagesize = tree._pagesize
  let items = source
  if (source === target) {
    if (tree._scratch === null) tree._scratch = takeFrame(tree._cache, 1)
    items = tree._scratch
    items._kind = source._kind
    copyBytes(source._bytes, base, items._bytes, items._base, pagesize)
  }
  target._bytes.fill(0, base + HEADER, base + pagesize)
  let lower = HEADER
  let upper = pagesize
  for (let i = from; i < to; i++) {
    const at = itemAt(items, i)
    const size = itemSize(tree, items, at)
    upper -= size
    // Items that overlap were not seen when the page was loaded; they must not be copied over the index.
    if (upper < lower + 2 || at + size > items._base + pagesize) {
      throw corruption(target._pgno, HEADER + i * 2, "items overlap")
    }
    copyBytes(items._bytes, at, target._bytes, base + upper, size)
    view.setUint16(base + lower, upper, true)
    lower += 2
  }
  view.setUint16(base + LOWER, lower, true)
  view.setUint16(base + UPPER, upper, true)
  target._gaps = 0
  markDirty(tree._cache, target, LOWER, pagesize)
}
