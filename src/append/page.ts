/**
 * Items of one page: slots grow up from the header, items lie without gaps from upper to the end of the page. A page does not know the
 * prefix that its keys lack: that follows from the separators around it (spec section 6), so callers say it.
 * Offsets named `at` are those of the frame's buffer, others those of the page.
 */
import type { Kept } from "../bytes.ts"
import { corrupt, refuse } from "../errors.ts"
import { FRESH, fetchPage } from "../page/cache.ts"
import { type Frame, takeFrame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { turnKey } from "./keys.ts"
import {
  BIG,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  LOWER,
  NONE,
  PGNO,
  UPPER,
} from "./layout.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"

/** Gives the offset of item `index` in the frame's buffer. */
export function itemAt(frame: Frame, index: number): number {
  return frame._base + frame._view.getUint16(frame._base + HEADER + index * 2, true)
}

/** Gives the word of the item at `at`: the child page, or the length of the value. */
export function wordAt(frame: Frame, at: number): number {
  return frame._view.getUint32(at, true)
}

/** Gives the bytes of the stored key of the item at `at`. */
export function keySizeAt(frame: Frame, at: number): number {
  return frame._view.getUint16(at + KEY_SIZE, true)
}

/** Gives the bytes that the value of the item at `at` takes in the page: 0 in an internal page. */
export function bodySizeAt(frame: Frame, at: number): number {
  if (frame._kind === INTERNAL) return 0
  return frame._bytes[at + ITEM_FLAGS] === BIG ? 4 : wordAt(frame, at)
}

/** Gives the bytes the item at `at` takes, its slot not included. */
export function itemSize(frame: Frame, at: number): number {
  return ITEM_HEADER + keySizeAt(frame, at) + bodySizeAt(frame, at)
}

/** Gives the free bytes of the page. */
export function freeOf(frame: Frame): number {
  return frame._upper - HEADER - frame._count * 2
}

/** Sets the page's bounds: `count` slots, items from `upper` on. */
export function setBounds(frame: Frame, count: number, upper: number): void {
  frame._count = count
  frame._upper = upper
  frame._view.setUint16(frame._base + LOWER, HEADER + count * 2, true)
  frame._view.setUint16(frame._base + UPPER, upper, true)
}

/** Takes all items off the page. */
export function emptyPage(tree: AppendTree, frame: Frame): void {
  frame._bytes.fill(0, frame._base + HEADER, frame._base + tree._pagesize)
  setBounds(frame, 0, tree._pagesize)
}

/** Gives the page of the next number, empty, dirty as a whole and pinned. ENOSPC where numbers end. */
export function newPage(tree: AppendTree, txn: Transaction, kind: number): Frame {
  const pgno = txn._next
  if (pgno >= NONE - 1) refuse("ENOSPC", "2^32 pages: compact the file")
  txn._next = pgno + 1
  const frame = fetchPage(tree._cache, pgno, FRESH)
  frame._pin = tree._cache._call
  frame._kind = kind
  frame._view.setUint32(frame._base + PGNO, pgno, true)
  frame._view.setUint32(frame._base + FLAGS, kind, true)
  setBounds(frame, 0, tree._pagesize)
  return frame
}

/** Gives a page outside the cache to build or copy one in; the first call makes it. */
export function scratchPage(tree: AppendTree): Frame {
  if (tree._scratch === null) tree._scratch = takeFrame(tree._cache, 1)
  return tree._scratch
}

/** Copies a page, and what its frame keeps of it, into `target`, whose number stays. */
export function copyPage(tree: AppendTree, source: Frame, target: Frame): void {
  const base = target._base
  const size = tree._pagesize
  copyBytes(source._bytes, source._base + FLAGS, target._bytes, base + FLAGS, size - FLAGS)
  target._kind = source._kind
  target._count = source._count
  target._upper = source._upper
}

/** Opens slot `index` for an item of `size` bytes, which must fit, and gives the offset to write it at. */
export function openSlot(frame: Frame, index: number, size: number): number {
  const base = frame._base
  const slot = base + HEADER + index * 2
  const end = base + HEADER + frame._count * 2
  const upper = frame._upper - size
  // Items that overlap were not seen when the page was loaded; they must not be copied over the slots.
  if (upper < HEADER + frame._count * 2 + 2) corrupt(frame._pgno, UPPER, "items overlap")
  if (slot < end) copyBytes(frame._bytes, slot, frame._bytes, slot + 2, end - slot)
  frame._view.setUint16(slot, upper, true)
  setBounds(frame, frame._count + 1, upper)
  return base + upper
}

/**
 * Puts a new item into slot `index`: `word`, the canonical key from byte `from` on (none where that is its length), flags. Gives where
 * its body goes, `size` bytes.
 */
export function insertItem(
  tree: AppendTree,
  frame: Frame,
  index: number,
  key: Kept,
  from: number,
  word: number,
  flags: number,
  size: number,
): number {
  const length = key._length - from
  const at = openSlot(frame, index, ITEM_HEADER + length + size)
  frame._view.setUint32(at, word, true)
  frame._view.setUint16(at + KEY_SIZE, length, true)
  frame._bytes[at + ITEM_FLAGS] = flags
  turnKey(tree, key._bytes, from, frame._bytes, at + ITEM_HEADER, length)
  return at + ITEM_HEADER + length
}

/** Takes item `index` off the page; what lies below it moves up. */
export function removeItem(frame: Frame, index: number): void {
  const base = frame._base
  const bytes = frame._bytes
  const at = itemAt(frame, index)
  const size = itemSize(frame, at)
  const upper = frame._upper
  const offset = at - base
  const count = frame._count
  for (let i = 0; i < count; i++) {
    const slot = base + HEADER + i * 2
    const other = frame._view.getUint16(slot, true)
    if (other < offset) frame._view.setUint16(slot, other + size, true)
  }
  if (offset > upper) copyBytes(bytes, base + upper, bytes, base + upper + size, offset - upper)
  const slot = base + HEADER + index * 2
  const end = base + HEADER + count * 2
  if (slot + 2 < end) copyBytes(bytes, slot + 2, bytes, slot, end - slot - 2)
  bytes.fill(0, end - 2, end)
  bytes.fill(0, base + upper, base + upper + size)
  setBounds(frame, count - 1, upper + size)
}

/**
 * Adds item `index` of `source` behind the last one of `target`, with a key that lacks `now` bytes instead of `was`; what it lacks no more
 * is taken from `prefix`. The first item of an internal page has no key: `isBare`.
 */
export function moveItem(
  tree: AppendTree,
  target: Frame,
  source: Frame,
  index: number,
  prefix: Kept,
  was: number,
  now: number,
  isBare: boolean,
): void {
  const from = itemAt(source, index)
  const stored = keySizeAt(source, from)
  const body = bodySizeAt(source, from)
  const more = isBare ? -stored : was - now
  const length = stored + more
  if (length < 0)
    corrupt(source._pgno, from - source._base, `a key of ${stored} bytes, ${now - was} too many`)
  const at = openSlot(target, target._count, ITEM_HEADER + length + body)
  const bytes = target._bytes
  copyBytes(source._bytes, from, bytes, at, ITEM_HEADER)
  target._view.setUint16(at + KEY_SIZE, length, true)
  let keyAt = from + ITEM_HEADER
  let to = at + ITEM_HEADER
  const kept = more > 0 ? stored : length
  if (more > 0) {
    // Canonical bytes that come first are stored last where the order is reversed.
    turnKey(tree, prefix._bytes, now, bytes, tree._reverse ? to + stored : to, more)
    if (!tree._reverse) to += more
  } else if (!tree._reverse) {
    keyAt -= more
  }
  copyBytes(source._bytes, keyAt, bytes, to, kept)
  copyBytes(source._bytes, from + ITEM_HEADER + stored, bytes, at + ITEM_HEADER + length, body)
}
