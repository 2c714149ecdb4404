/**
 * Items of one page: the slot index grows up from the header, items grow down from the end. A page may hold gaps, bytes of the
 * item area that no item uses (frame.gaps counts them); never one written to a stream where 1.85 may write too (FORMAT.md).
 */
import { makeRegion } from "../bytes.ts"
import { corruption } from "../errors.ts"
import { markDirty } from "../page/cache.ts"
import { Frame } from "../page/pool.ts"
import { moveBytes, zeroBytes } from "../platform.ts"
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
export function itemCount(tree: BTree, frame: Frame): number {
  return (frame.view.getUint16(frame.base + LOWER, tree._little) - HEADER) >> 1
}

/** Gives the offset of item `index` in the frame's buffer (not in the page). */
export function itemAt(tree: BTree, frame: Frame, index: number): number {
  return frame.base + frame.view.getUint16(frame.base + HEADER + index * 2, tree._little)
}

/** Gives the bytes the item at buffer offset `at` takes. ECORRUPT where an overlapping item has been written over. */
export function itemSize(tree: BTree, frame: Frame, at: number): number {
  let size = ITEM_HEADER + frame.view.getUint32(at + KEY_SIZE, tree._little)
  if (frame.kind === LEAF) size += frame.view.getUint32(at + DATA_SIZE, tree._little)
  if (size > tree._pagesize) throw corruption(frame.pgno, at - frame.base, `an item of ${size} bytes`)
  return aligned(size)
}

/** Gives the offset in the page of the lowest item byte; an empty 64 KiB page stores 0 for 65536. */
export function upperBound(tree: BTree, frame: Frame): number {
  return frame.view.getUint16(frame.base + UPPER, tree._little) || 65536
}

/** Writes the header of a page just created. */
export function formatPage(tree: BTree, frame: Frame, kind: number, prev: number, next: number): void {
  const view = frame.view
  const base = frame.base
  view.setUint32(base + PGNO, frame.pgno, tree._little)
  view.setUint32(base + PREV, prev, tree._little)
  view.setUint32(base + NEXT, next, tree._little)
  view.setUint32(base + FLAGS, kind, tree._little)
  if (kind !== OVERFLOW) {
    view.setUint16(base + LOWER, HEADER, tree._little)
    view.setUint16(base + UPPER, tree._pagesize, tree._little)
  }
  frame.kind = kind
}

/** Sets a neighbour link (PREV or NEXT) of a page. */
export function setLink(tree: BTree, frame: Frame, link: number, pgno: number): void {
  frame.view.setUint32(frame.base + link, pgno, tree._little)
  markDirty(tree._cache, frame, link, link + 4)
}

/** Tells whether an item of `used` bytes fits, and closes the page's gaps when it fits only then. */
export function makeRoom(tree: BTree, frame: Frame, used: number): boolean {
  const need = aligned(used) + 2
  const free = upperBound(tree, frame) - frame.view.getUint16(frame.base + LOWER, tree._little)
  if (free >= need) return true
  if (free + frame.gaps < need) return false
  closeGaps(tree, frame)
  return true
}

/** Opens slot `index` for an item of `used` bytes, for which there is room; gives the buffer offset to write it at. */
export function openSlot(tree: BTree, frame: Frame, index: number, used: number): number {
  const view = frame.view
  const base = frame.base
  const lower = view.getUint16(base + LOWER, tree._little)
  const upper = upperBound(tree, frame) - aligned(used)
  const slot = HEADER + index * 2
  if (slot < lower) moveBytes(frame, base + slot, frame, base + slot + 2, lower - slot)
  view.setUint16(base + slot, upper, tree._little)
  view.setUint16(base + LOWER, lower + 2, tree._little)
  view.setUint16(base + UPPER, upper, tree._little)
  markDirty(tree._cache, frame, LOWER, HEADER)
  markDirty(tree._cache, frame, slot, lower + 2)
  markDirty(tree._cache, frame, upper, upper + used)
  return base + upper
}

/**
 * Takes the items [from, to) off the page. What they leave is a gap, unless it borders on the free space, or 1.85 may write the
 * page too: then one item's hole is filled at once, and more are closed when the page is written (sealPage).
 */
export function closeSlots(tree: BTree, frame: Frame, from: number, to: number): void {
  const view = frame.view
  const base = frame.base
  const offset = itemAt(tree, frame, from) - base
  let size = 0
  for (let i = from; i < to; i++) size += itemSize(tree, frame, itemAt(tree, frame, i))
  const lower = view.getUint16(base + LOWER, tree._little)
  const slot = HEADER + from * 2
  const past = HEADER + to * 2
  const left = lower - past
  view.setUint16(base + LOWER, lower - (past - slot), tree._little)
  markDirty(tree._cache, frame, LOWER, UPPER)
  if (left > 0) {
    moveBytes(frame, base + past, frame, base + slot, left)
    markDirty(tree._cache, frame, slot, slot + left)
  } else if (from === 0) {
    setUpper(tree, frame, tree._pagesize)
    frame.gaps = 0
    return
  }
  frame.gaps += size
  if (to - from === 1) leaveHole(tree, frame, offset, size)
}

/** Deals with a hole of `size` bytes, already counted in frame.gaps, at `offset` of the page. */
export function leaveHole(tree: BTree, frame: Frame, offset: number, size: number): void {
  const upper = upperBound(tree, frame)
  if (offset === upper) {
    setUpper(tree, frame, upper + size)
    frame.gaps -= size
  } else if (tree._gapless && size > 0) {
    fillHole(tree, frame, offset, size, upper)
  }
}

/** Fills a hole with the lowest item when that has just its size, else by moving up all that is below, as 1.85 does. */
function fillHole(tree: BTree, frame: Frame, offset: number, size: number, upper: number): void {
  const view = frame.view
  const base = frame.base
  const lower = view.getUint16(base + LOWER, tree._little)
  let lowest = HEADER
  while (lowest < lower && view.getUint16(base + lowest, tree._little) !== upper) lowest += 2
  if (lowest < lower && itemSize(tree, frame, base + upper) === size) {
    moveBytes(frame, base + upper, frame, base + offset, size)
    view.setUint16(base + lowest, offset, tree._little)
    markDirty(tree._cache, frame, lowest, lowest + 2)
    markDirty(tree._cache, frame, offset, offset + size)
  } else {
    moveBytes(frame, base + upper, frame, base + upper + size, offset - upper)
    for (let slot = HEADER; slot < lower; slot += 2) {
      const at = view.getUint16(base + slot, tree._little)
      if (at < offset) view.setUint16(base + slot, at + size, tree._little)
    }
    markDirty(tree._cache, frame, HEADER, lower)
    markDirty(tree._cache, frame, upper + size, offset + size)
  }
  setUpper(tree, frame, upper + size)
  frame.gaps -= size
}

function setUpper(tree: BTree, frame: Frame, upper: number): void {
  frame.view.setUint16(frame.base + UPPER, upper, tree._little)
  markDirty(tree._cache, frame, UPPER, HEADER)
}

/** Packs the page's items against its end; the free space becomes zeros. Uses the scratch page. */
export function closeGaps(tree: BTree, frame: Frame): void {
  const scratch = copyToScratch(tree, frame)
  const count = itemCount(tree, frame)
  emptyPage(tree, frame)
  takeItems(tree, scratch, 0, count, frame)
}

/** Gives the scratch page, which is no frame of the cache; it is allocated by the first call and kept. */
export function scratchPage(tree: BTree): Frame {
  if (tree._scratch === null) tree._scratch = new Frame(makeRegion(tree._pagesize), 0)
  return tree._scratch
}

/** Copies the page to the scratch page, and gives that. */
export function copyToScratch(tree: BTree, frame: Frame): Frame {
  const scratch = scratchPage(tree)
  scratch.kind = frame.kind
  scratch.gaps = frame.gaps
  moveBytes(frame, frame.base, scratch, scratch.base, tree._pagesize)
  return scratch
}

/** Takes all items off the page and zeroes what is not header. */
export function emptyPage(tree: BTree, frame: Frame): void {
  const base = frame.base
  zeroBytes(frame, base + HEADER, tree._pagesize - HEADER)
  frame.view.setUint16(base + LOWER, HEADER, tree._little)
  frame.view.setUint16(base + UPPER, tree._pagesize, tree._little)
  frame.gaps = 0
  markDirty(tree._cache, frame, LOWER, tree._pagesize)
}

/** Appends the items [from, to) of `source` to `target`, which has room and is dirty as a whole from LOWER on. */
export function takeItems(tree: BTree, source: Frame, from: number, to: number, target: Frame): void {
  const view = target.view
  const base = target.base
  let lower = view.getUint16(base + LOWER, tree._little)
  let upper = upperBound(tree, target)
  for (let i = from; i < to; i++) {
    const at = itemAt(tree, source, i)
    const size = itemSize(tree, source, at)
    upper -= size
    // Items that overlap were not seen when the page was loaded; they must not be copied over the index.
    if (upper < lower + 2 || at + size > source.base + tree._pagesize) {
      throw corruption(target.pgno, HEADER + i * 2, "items overlap")
    }
    moveBytes(source, at, target, base + upper, size)
    view.setUint16(base + lower, upper, tree._little)
    lower += 2
  }
  view.setUint16(base + LOWER, lower, tree._little)
  view.setUint16(base + UPPER, upper, tree._little)
}
