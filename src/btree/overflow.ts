/**
 * Pages of the file, taken from the free list or from the end (spec section 1.6), and the overflow chains made of them: keys and
 * values too long for a leaf (spec sections 1.5 and 4.1). A chain has exactly one owner.
 */
import { corrupt, refuse } from "../errors.ts"
import { FRESH, fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { checkPageNumber } from "./check-page.ts"
import { FLAGS, HEADER, META_FREE, NEXT, OVERFLOW, PGNO, PRESERVE, PREV } from "./layout.ts"
import { formatPage, setLink, setWord, wordAt } from "./page.ts"
import type { BTree } from "./tree.ts"

/** Gives a zeroed page that belongs to nobody yet, dirty as a whole and pinned. Reads the free list's head where there is one. */
export function allocatePage(tree: BTree): Frame {
  const cache = tree._cache
  let pgno = tree._free
  if (pgno === 0) {
    pgno = tree._pages
    // A new page would answer for the lost one that has its number.
    if (tree._cutShort) corrupt(pgno, 0, "referred to, but beyond the end")
    if (pgno > 0xfffffffe) refuse("ENOSPC", "2^32 pages")
    tree._pages++
  } else {
    checkPageNumber(tree, 0, META_FREE, pgno)
    const frame = fetchPage(cache, pgno, 0)
    const base = frame._base
    const next = wordAt(frame, base + NEXT)
    // A page that was checked since it was loaded has been reached as part of the tree: it cannot be free. With page checks our
    // free pages have none: one that has is in use, or was freed by another program.
    if (
      frame._kind !== 0 ||
      (tree._checks === 1 && wordAt(frame, base + FLAGS) > 255) ||
      wordAt(frame, base + PGNO) !== pgno ||
      wordAt(frame, base + PREV) !== 0 ||
      next === pgno
    ) {
      corrupt(pgno, PGNO, "not a free page")
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
  setWord(frame, frame._base + PGNO, pgno)
  setWord(frame, frame._base + NEXT, tree._free)
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

/**
 * Goes along the chain whose reference is at `at` of the frame, which need not stay: copies bytes [0, wanted) of it, at least one,
 * into `target` from `offset`; or, where that is null, frees its pages, but for a chain that 1.85 marked as shared with an internal
 * page, whose last user is unknown. Reads one page for each page size - 20 bytes. ECORRUPT when it has not the pages its length needs.
 */
export function walkChain(
  tree: BTree,
  owner: Frame,
  at: number,
  target: Uint8Array | null,
  offset: number,
  wanted: number,
): void {
  const room = tree._pagesize - HEADER
  let pgno = wordAt(owner, at)
  let left = wordAt(owner, at + 4)
  let done = 0
  do {
    const frame = fetchPage(tree._cache, pgno, OVERFLOW)
    const base = frame._base
    const next = wordAt(frame, base + NEXT)
    left -= room
    if (left > 0) checkPageNumber(tree, pgno, NEXT, next)
    else if (next !== 0) corrupt(pgno, NEXT, "a chain too long")
    if (target !== null) {
      copyBytes(
        frame._bytes,
        base + HEADER,
        target,
        offset + done,
        wanted - done < room ? wanted - done : room,
      )
    } else {
      if (done === 0 && (wordAt(frame, base + FLAGS) & PRESERVE) !== 0) return
      freePage(tree, pgno)
    }
    done += room
    pgno = next
  } while (left > 0 && (target === null || done < wanted))
}
