/**
 * Pages of the file, taken from the free list or from the end (spec section 1.6), and the overflow chains made of them: keys and
 * values too long for a leaf (spec sections 1.5 and 4.1). A chain has exactly one owner.
 */
import { corruption, failure } from "../errors.ts"
import { FRESH, fetchPage } from "../page/cache.ts"
import { markDirty } from "../page/dirty.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { checkPageNumber } from "./check-page.ts"
import { FLAGS, HEADER, META_FREE, NEXT, OVERFLOW, PGNO, PRESERVE, PREV } from "./layout.ts"
import { formatPage, setLink } from "./page.ts"
import type { BTree } from "./tree.ts"

/** Gives a zeroed page that belongs to nobody yet, dirty as a whole and pinned. Reads the free list's head where there is one. */
export function allocatePage(tree: BTree): Frame {
  const cache = tree._cache
  let pgno = tree._free
  if (pgno === 0) {
    pgno = tree._pages
    // A new page would answer for the lost one that has its number.
    if (tree._cutShort) throw corruption(pgno, 0, "referred to, but beyond the file: salvage() it")
    if (pgno > 0xfffffffe) throw failure("ENOSPC", "2^32 pages are the most")
    tree._pages++
  } else {
    checkPageNumber(tree, 0, META_FREE, pgno)
    const frame = fetchPage(cache, pgno, 0)
    const view = frame._view
    const base = frame._base
    const next = view.getUint32(base + NEXT, true)
    // A page that was checked since it was loaded has been reached as part of the tree: it cannot be free. With page checks our
    // free pages have none: one that has is in use, or was freed by another program.
    if (
      frame._kind !== 0 ||
      (tree._checks === 1 && view.getUint32(base + FLAGS, true) > 255) ||
      view.getUint32(base + PGNO, true) !== pgno ||
      view.getUint32(base + PREV, true) !== 0 ||
      next === pgno
    ) {
      throw corruption(pgno, PGNO, "on the free list, but in use or changed by another program")
    }
    if (next !== 0) checkPageNumber(tree, pgno, NEXT, next)
    tree._free = next
    tree._metaDirty = true
  }
  const frame = fetchPage(cache, pgno, FRESH)
  frame._pin = cache._call
  return frame
}

/**
 * Puts page `pgno` on the free list. The page is written whole, zeros but for its number and its link, which a flash volume
 * stores in a few bytes. Reads nothing.
 */
export function freePage(tree: BTree, pgno: number): void {
  const frame = fetchPage(tree._cache, pgno, FRESH)
  frame._view.setUint32(frame._base + PGNO, pgno, true)
  frame._view.setUint32(frame._base + NEXT, tree._free, true)
  tree._free = pgno
  tree._metaDirty = true
}

/** Writes `length` bytes of `source` to a new chain and gives its first page. Allocates pages of the file, no memory. */
export function writeChain(tree: BTree, source: Uint8Array, length: number): number {
  const room = tree._pagesize - HEADER
  let first = 0
  let last: Frame | null = null
  let done = 0
  do {
    const frame = allocatePage(tree)
    formatPage(tree, frame, OVERFLOW, 0, 0)
    copyBytes(source, done, frame._bytes, frame._base + HEADER, length - done < room ? length - done : room)
    done += room
    if (last === null) {
      first = frame._pgno
    } else {
      setLink(tree, last, NEXT, frame._pgno)
      last._pin = 0
    }
    last = frame
  } while (done < length)
  last._pin = 0
  return first
}

/** For walkChain: what is done with the chain. */
export const READ = 0
export const WRITE = 1
export const FREE = 2

/**
 * Goes along the chain whose reference is at `at` of the frame, which need not stay: copies bytes [0, wanted) of it, at least one,
 * to `buffer` from `offset`, or from there; or frees its pages, but for a chain that 1.85 marked as shared with an internal page,
 * whose last user is unknown. Reads one page for each page size - 20 bytes. ECORRUPT when it has not the pages its length needs.
 */
export function walkChain(
  tree: BTree,
  owner: Frame,
  at: number,
  what: number,
  buffer: Uint8Array | null,
  offset: number,
  wanted: number,
): void {
  const room = tree._pagesize - HEADER
  let pgno = owner._view.getUint32(at, true)
  let left = owner._view.getUint32(at + 4, true)
  let done = 0
  do {
    const frame = fetchPage(tree._cache, pgno, OVERFLOW)
    const base = frame._base
    const body = base + HEADER
    const next = frame._view.getUint32(base + NEXT, true)
    const part = wanted - done < room ? wanted - done : room
    left -= room
    if (left > 0) checkPageNumber(tree, pgno, NEXT, next)
    else if (next !== 0) throw corruption(pgno, NEXT, "a chain longer than its length")
    if (what === READ) {
      copyBytes(frame._bytes, body, buffer as Uint8Array, offset + done, part)
    } else if (what === WRITE) {
      copyBytes(buffer as Uint8Array, done, frame._bytes, body, part)
      markDirty(tree._cache, frame, HEADER, HEADER + part)
    } else {
      if (done === 0 && (frame._view.getUint32(base + FLAGS, true) & PRESERVE) !== 0) return
      freePage(tree, pgno)
    }
    done += room
    pgno = next
  } while (left > 0 && (what === FREE || done < wanted))
}
