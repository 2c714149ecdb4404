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
  KEY_MAX,
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

/** Gives the bytes the item at `at` takes, its slot not included. */
export function itemSize(frame: Frame, at: number): number {
  const isBig = frame._bytes[at + ITEM_FLAGS] === BIG
  const body = frame._kind === INTERNAL ? 0 : isBig ? 4 : wordAt(frame, at)
  return ITEM_HEADER + keySizeAt(frame, at) + body
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

/** Makes a page of zeros one of `kind` without items. */
function beginPage(tree: AppendTree, frame: Frame, pgno: number, kind: number): Frame {
  frame._kind = kind
  frame._view.setUint32(frame._base + PGNO, pgno, true)
  frame._view.setUint32(frame._base + FLAGS, kind, true)
  setBounds(frame, 0, tree._pagesize)
  return frame
}

/** Gives the page of the next number, empty, dirty as a whole and pinned. ENOSPC where numbers end. */
export function newPage(tree: AppendTree, txn: Transaction, kind: number): Frame {
  const pgno = txn._next
  if (pgno >= NONE - 1) refuse("ENOSPC", "2^32 pages: compact the file")
  txn._next = pgno + 1
  const frame = fetchPage(tree._cache, pgno, FRESH)
  frame._pin = tree._cache._call
  return beginPage(tree, frame, pgno, kind)
}

/** Gives an empty page outside the cache, to build or copy one in: the same one each time; the first call makes it. */
export function cleanPage(tree: AppendTree, pgno: number, kind: number): Frame {
  if (tree._scratch === null) tree._scratch = takeFrame(tree._cache, 1)
  const page = tree._scratch
  page._bytes.fill(0, page._base, page._base + tree._pagesize)
  return beginPage(tree, page, pgno, kind)
}

/** Takes all items off the page. */
export function emptyPage(tree: AppendTree, frame: Frame): void {
  frame._bytes.fill(0, frame._base + HEADER, frame._base + tree._pagesize)
  setBounds(frame, 0, tree._pagesize)
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

/**
 * Puts a new item into slot `index`, where it must fit: `word`, the canonical key from byte `from` on (none where that is its length), flags.
 * Gives where its body goes, `size` bytes.
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
  const bytes = frame._bytes
  const view = frame._view
  const length = key._length - from
  const slot = frame._base + HEADER + index * 2
  const end = frame._base + HEADER + frame._count * 2
  const upper = frame._upper - ITEM_HEADER - length - size
  const at = frame._base + upper
  // Items that overlap, and keys shorter than what they lack, were not seen when the page was loaded.
  if (at < end + 2 || length < 0) corrupt(frame._pgno, UPPER, "items do not fit")
  if (slot < end) copyBytes(bytes, slot, bytes, slot + 2, end - slot)
  view.setUint16(slot, upper, true)
  setBounds(frame, frame._count + 1, upper)
  view.setUint32(at, word, true)
  view.setUint16(at + KEY_SIZE, length, true)
  bytes[at + ITEM_FLAGS] = flags
  turnKey(tree, key._bytes, from, bytes, at + ITEM_HEADER, length)
  return at + ITEM_HEADER + length
}

/** Takes item `index` off the page; what lies below it moves up. */
export function removeItem(frame: Frame, index: number): void {
  const base = frame._base
  const bytes = frame._bytes
  const at = itemAt(frame, index)
  const size = itemSize(frame, at)
  const lowest = base + frame._upper
  const slot = base + HEADER + index * 2
  const end = base + HEADER + frame._count * 2
  for (let other = base + HEADER; other < end; other += 2) {
    const offset = frame._view.getUint16(other, true)
    if (base + offset < at) frame._view.setUint16(other, offset + size, true)
  }
  copyBytes(bytes, lowest, bytes, lowest + size, at - lowest)
  copyBytes(bytes, slot + 2, bytes, slot, end - slot - 2)
  bytes.fill(0, end - 2, end)
  bytes.fill(0, lowest, lowest + size)
  setBounds(frame, frame._count - 1, frame._upper + size)
}

/** Puts the key of item `index` into `target`, in full and canonical: the first `prefix` bytes of `bound`, which may be it, and what is stored. */
export function takeFullKey(
  tree: AppendTree,
  frame: Frame,
  index: number,
  bound: Kept,
  prefix: number,
  target: Kept,
): void {
  const at = itemAt(frame, index)
  const stored = keySizeAt(frame, at)
  const length = prefix + stored
  if (length > KEY_MAX) corrupt(frame._pgno, at - frame._base, `a key of ${length} bytes`)
  if (bound !== target) copyBytes(bound._bytes, 0, target._bytes, 0, prefix)
  turnKey(tree, frame._bytes, at + ITEM_HEADER, target._bytes, prefix, stored)
  target._length = length
}

/**
 * Adds item `index` of `source`, whose keys lack the first `was` bytes of `bound`, behind the last one of `target`, where they lack `now`.
 * The first item of an internal page has no key.
 */
export function moveItem(
  tree: AppendTree,
  target: Frame,
  source: Frame,
  index: number,
  bound: Kept,
  was: number,
  now: number,
): void {
  const from = itemAt(source, index)
  const stored = keySizeAt(source, from)
  const body = itemSize(source, from) - ITEM_HEADER - stored
  const key = tree._third
  takeFullKey(tree, source, index, bound, was, key)
  const lacks = source._kind === INTERNAL && target._count === 0 ? key._length : now
  const flags = source._bytes[from + ITEM_FLAGS]
  const at = insertItem(tree, target, target._count, key, lacks, wordAt(source, from), flags, body)
  copyBytes(source._bytes, from + ITEM_HEADER + stored, target._bytes, at, body)
}
