/**
 * Items of one page: the slot index grows up from the header, items grow down from the end. A page may hold gaps, bytes of the
 * item area that no item uses (frame._gaps counts them); never one written to a stream where 1.85 may write too (FORMAT.md).
 * Offsets named `at` are those of the frame's buffer, others those of the page.
 */
import { corrupt } from "../errors.ts"
import { markDirty } from "../page/dirty.ts"
import { type Frame, takeFrame } from "../page/pool.ts"
import { copyBytes, TUNING } from "../platform.ts"
import { DATA_SIZE, FLAGS, HEADER, ITEM_HEADER, LEAF, LOWER, NEXT, PGNO, PREV, UPPER } from "./layout.ts"
import type { BTree } from "./tree.ts"

/** Gives the word at `at`. */
export function wordAt(frame: Frame, at: number): number {
  return frame._view.getUint32(at, true)
}

/** Sets the word at `at`; to mark it dirty is the caller's. */
export function setWord(frame: Frame, at: number, value: number): void {
  frame._view.setUint32(at, value, true)
}

/** Gives the offset of item `index` in the frame's buffer. */
export function itemAt(frame: Frame, index: number): number {
  return frame._base + frame._view.getUint16(frame._base + HEADER + index * 2, true)
}

/** Gives the bytes the item at `at` takes, a multiple of 4. ECORRUPT where an overlapping item has been written over. */
export function itemSize(tree: BTree, frame: Frame, at: number): number {
  let size = ITEM_HEADER + 3 + wordAt(frame, at)
  if (frame._kind === LEAF) size += wordAt(frame, at + DATA_SIZE)
  if (size > tree._pagesize + 3) corrupt(frame._pgno, at - frame._base, `${size} bytes`)
  return size & ~3
}

/** Sets the page's bounds: `count` slots, items from `upper` on. */
export function setBounds(tree: BTree, frame: Frame, count: number, upper: number): void {
  frame._count = count
  frame._upper = upper
  frame._view.setUint16(frame._base + LOWER, HEADER + count * 2, true)
  frame._view.setUint16(frame._base + UPPER, upper, true)
  markDirty(tree._cache, frame, LOWER, HEADER)
}

/** Makes a page what it is: of `kind`, between two neighbours. Its header is dirty then, and it has the items that it had. */
export function formatPage(tree: BTree, frame: Frame, kind: number, prev: number, next: number): void {
  const base = frame._base
  frame._kind = kind
  setWord(frame, base + PGNO, frame._pgno)
  setWord(frame, base + PREV, prev)
  setWord(frame, base + NEXT, next)
  setWord(frame, base + FLAGS, kind)
  markDirty(tree._cache, frame, PGNO, LOWER)
}

/** Sets a neighbour link (PREV or NEXT) of a page. */
export function setLink(tree: BTree, frame: Frame, link: number, pgno: number): void {
  setWord(frame, frame._base + link, pgno)
  markDirty(tree._cache, frame, link, link + 4)
}

/**
 * Opens slot `index` for an item of `used` bytes and gives the offset to write it at, or -1 when it does not fit. Gaps are closed when
 * there is no other room.
 */
export function openSlot(tree: BTree, frame: Frame, index: number, used: number): number {
  const base = frame._base
  const count = frame._count
  const slot = HEADER + index * 2
  const lower = HEADER + count * 2
  const size = (used + 3) & ~3
  const free = frame._upper - lower - size - 2
  let at = -1
  if (free + frame._gaps >= 0) {
    if (free < 0) refill(tree, frame, frame, 0, count)
    const upper = frame._upper - size
    if (index < count) copyBytes(frame._bytes, base + slot, frame._bytes, base + slot + 2, lower - slot)
    frame._view.setUint16(base + slot, upper, true)
    setBounds(tree, frame, count + 1, upper)
    markDirty(tree._cache, frame, slot, lower + 2)
    markDirty(tree._cache, frame, upper, upper + used)
    at = base + upper
  }
  return at
}

/**
 * Takes the items [from, to) off the page. What they leave is a gap, unless it borders on the free space, or 1.85 may write the
 * page too: then one item's hole is filled at once, and more are closed when the page is written (sealPage).
 */
export function closeSlots(tree: BTree, frame: Frame, from: number, to: number): void {
  const base = frame._base
  const offset = itemAt(frame, from) - base
  let size = 0
  for (let i = from; i < to; i++) size += itemSize(tree, frame, itemAt(frame, i))
  const slot = HEADER + from * 2
  const past = HEADER + to * 2
  const left = HEADER + frame._count * 2 - past
  const count = frame._count - to + from
  if (left > 0) {
    copyBytes(frame._bytes, base + past, frame._bytes, base + slot, left)
    markDirty(tree._cache, frame, slot, slot + left)
  }
  const single = to - from === 1
  let upper = frame._upper
  frame._gaps += size
  if (count === 0) {
    upper = tree._pagesize
    frame._gaps = 0
  } else if (single && offset === upper) {
    upper += size
    frame._gaps -= size
  }
  setBounds(tree, frame, count, upper)
  if (TUNING && single && tree._fillHole !== undefined) tree._fillHole(frame, offset, size)
}

/**
 * Makes the items [from, to) of `source` the items of `target`, packed against its end, with zeros for free space. The two may be
 * one page: it is copied to the scratch page first, which is no frame of the cache, is made by the first such call and kept.
 */
export function refill(tree: BTree, target: Frame, source: Frame, from: number, to: number): void {
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
  target._gaps = 0
  let slot = HEADER
  let upper = pagesize
  for (let i = from; i < to; i++) {
    const at = itemAt(items, i)
    const size = itemSize(tree, items, at)
    upper -= size
    // Items that overlap were not seen when the page was loaded; they must not be copied over the index.
    if (upper < slot + 2 || at + size > items._base + pagesize) {
      corrupt(target._pgno, slot, "items overlap")
    }
    copyBytes(items._bytes, at, target._bytes, base + upper, size)
    target._view.setUint16(base + slot, upper, true)
    slot += 2
  }
  setBounds(tree, target, to - from, upper)
  markDirty(tree._cache, target, HEADER, pagesize)
}
