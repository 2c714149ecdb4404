/**
 * Pages of the file, taken from the free list or from the end (spec section 1.6), and the overflow chains made of them: keys and
 * values too long for a leaf (spec sections 1.5 and 4.1). A chain has exactly one owner.
 */
import { corruption, failure } from "../errors.ts"
import { FRESH, fetchPage } from "../page/cache.ts"
import { markDirty } from "../page/dirty.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { badPageNumber } from "./check-page.ts"
import { FLAGS, HEADER, META_FREE, NEXT, OVERFLOW, PGNO, PRESERVE, PREV } from "./layout.ts"
import { formatPage, setLink } from "./page.ts"
import type { BTree } from "./tree.ts"

/** Gives a zeroed page that belongs to nobody yet, dirty as a whole. Reads the free list's head where there is one. */
export function allocatePage(tree: BTree): Frame {
  const head = tree._free
  if (head === 0) {
    // A new page would answer for the lost one that has its number.
    if (tree._cutShort) throw corruption(tree._pages, 0, "referred to, but beyond the file: salvage() it")
    if (tree._pages > 0xfffffffe) throw failure("ENOSPC", "2^32 pages are the most")
    return fetchPage(tree._cache, tree._pages++, FRESH)
  }
  if (head < 2 || head >= tree._pages) throw badPageNumber(tree, 0, META_FREE, head)
  const frame = fetchPage(tree._cache, head, 0)
  const view = frame._view
  const base = frame._base
  const next = view.getUint32(base + NEXT, true)
  // A page that was checked since it was loaded has been reached as part of the tree: it cannot be free. With page checks our
  // free pages have none: one that has is in use, or was freed by another program.
  if (
    frame._kind !== 0 ||
    (tree._checks === 1 && view.getUint32(base + FLAGS, true) > 255) ||
    view.getUint32(base + PGNO, true) !== head ||
    view.getUint32(base + PREV, true) !== 0 ||
    next === head
  ) {
    throw corruption(head, PGNO, "on the free list, but in use or changed by another program")
  }
  if (next === 1 || next >= tree._pages) throw badPageNumber(tree, head, NEXT, next)
  tree._free = next
  tree._metaDirty = true
  return fetchPage(tree._cache, head, FRESH)
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
    frame._pin = tree._cache._call
    last = frame
  } while (done < length)
  last._pin = 0
  return first
}

/**
 * Copies the first `wanted` bytes, at least one, of the chain of `length` bytes into `target`. Reads one page for each page size - 20
 * bytes. Throws ECORRUPT when the chain has not the pages its length needs.
 */
export function readChain(
  tree: BTree,
  pgno: number,
  length: number,
  target: Uint8Array,
  offset: number,
  wanted: number,
): void {
  const room = tree._pagesize - HEADER
  let page = pgno
  for (let done = 0; done < wanted; done += room) {
    const frame = fetchPage(tree._cache, page, OVERFLOW)
    const part = wanted - done < room ? wanted - done : room
    copyBytes(frame._bytes, frame._base + HEADER, target, offset + done, part)
    page = nextInChain(tree, frame, length - done)
  }
}

/** Overwrites a chain of `length` bytes with as many bytes of `source`: only what they fill becomes dirty. */
export function rewriteChain(tree: BTree, pgno: number, length: number, source: Uint8Array): void {
  const room = tree._pagesize - HEADER
  let page = pgno
  for (let done = 0; done < length; done += room) {
    const frame = fetchPage(tree._cache, page, OVERFLOW)
    const part = length - done < room ? length - done : room
    copyBytes(source, done, frame._bytes, frame._base + HEADER, part)
    markDirty(tree._cache, frame, HEADER, HEADER + part)
    page = nextInChain(tree, frame, length - done)
  }
}

/**
 * Frees the chain that the reference at `at` leads to; not one that 1.85 marked as shared with an internal page, whose last user is
 * unknown.
 */
export function freeChain(tree: BTree, owner: Frame, at: number): void {
  const first = owner._view.getUint32(at, true)
  let left = owner._view.getUint32(at + 4, true)
  let page = first
  do {
    const frame = fetchPage(tree._cache, page, OVERFLOW)
    if (page === first && (frame._view.getUint32(frame._base + FLAGS, true) & PRESERVE) !== 0) return
    const next = nextInChain(tree, frame, left)
    freePage(tree, page)
    page = next
    left -= tree._pagesize - HEADER
  } while (left > 0)
}

/** Gives the page after `frame` in its chain, of which `left` bytes remain from this page on: none after the last one. */
function nextInChain(tree: BTree, frame: Frame, left: number): number {
  const next = frame._view.getUint32(frame._base + NEXT, true)
  if (left > tree._pagesize - HEADER) {
    if (next < 2 || next >= tree._pages) throw badPageNumber(tree, frame._pgno, NEXT, next)
  } else if (next !== 0) {
    throw corruption(frame._pgno, NEXT, "an overflow chain longer than its length")
  }
  return next
}
