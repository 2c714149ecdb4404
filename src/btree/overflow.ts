/** Overflow chains: keys and values too long for a leaf (spec sections 1.5 and 4.1). A chain has exactly one owner. */
import { corruption } from "../errors.ts"
import { fetchPage, markDirty, pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes } from "../platform.ts"
import { badPageNumber } from "./check-page.ts"
import { FLAGS, HEADER, NEXT, OVERFLOW, PRESERVE } from "./layout.ts"
import { formatPage, setLink } from "./page.ts"
import { allocatePage, freePage } from "./space.ts"
import type { BTree } from "./tree.ts"

/** Gives the number of pages a chain of `length` bytes takes. */
export function chainPages(tree: BTree, length: number): number {
  return Math.ceil(length / (tree._pagesize - HEADER))
}

/** Writes `length` bytes of `source` to a new chain and gives its first page. Allocates pages of the file, no memory. */
export function writeChain(tree: BTree, source: Uint8Array, offset: number, length: number): number {
  const room = tree._pagesize - HEADER
  let first = 0
  let last: Frame | null = null
  let done = 0
  while (done < length || first === 0) {
    const frame = allocatePage(tree)
    formatPage(tree, frame, OVERFLOW, 0, 0)
    const part = length - done < room ? length - done : room
    copyBytes(source, offset + done, frame.bytes, frame.base + HEADER, part)
    done += part
    if (last === null) {
      first = frame.pgno
    } else {
      setLink(tree, last, NEXT, frame.pgno)
      unpin(tree._cache, last)
    }
    pin(tree._cache, frame)
    last = frame
  }
  if (last !== null) unpin(tree._cache, last)
  return first
}

/**
 * Copies the first `wanted` bytes of the chain of `length` bytes into `target`. Reads one page for each pagesize - 20 bytes.
 * Throws ECORRUPT when the chain has not the pages its length needs.
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
    copyBytes(
      frame.bytes,
      frame.base + HEADER,
      target,
      offset + done,
      wanted - done < room ? wanted - done : room,
    )
    page = nextInChain(tree, frame, length - done - room)
  }
}

/** Overwrites a chain of `length` bytes with as many bytes of `source`: only what they fill becomes dirty. */
export function rewriteChain(tree: BTree, pgno: number, length: number, source: Uint8Array): void {
  const room = tree._pagesize - HEADER
  let page = pgno
  for (let done = 0; done < length; done += room) {
    const frame = fetchPage(tree._cache, page, OVERFLOW)
    const part = length - done < room ? length - done : room
    copyBytes(source, done, frame.bytes, frame.base + HEADER, part)
    markDirty(tree._cache, frame, HEADER, HEADER + part)
    page = nextInChain(tree, frame, length - done - room)
  }
}

/** Frees the chain's pages; not those of a chain that 1.85 marked as shared with an internal page, whose last user is unknown. */
export function freeChain(tree: BTree, pgno: number, length: number): void {
  let page = pgno
  let left = chainPages(tree, length)
  if (left === 0) left = 1
  while (left > 0) {
    const frame = fetchPage(tree._cache, page, OVERFLOW)
    if (page === pgno && (frame.view.getUint32(frame.base + FLAGS, tree._little) & PRESERVE) !== 0) return
    left--
    const next = nextInChain(tree, frame, left)
    freePage(tree, page)
    page = next
  }
}

/** Gives the page after `frame` in its chain: there must be one when anything (`left` above 0) is left, and else none. */
function nextInChain(tree: BTree, frame: Frame, left: number): number {
  const next = frame.view.getUint32(frame.base + NEXT, tree._little)
  if (left > 0 && (next < 2 || next >= tree._pages)) throw badPageNumber(tree, frame.pgno, NEXT, next)
  if (left <= 0 && next !== 0) throw corruption(frame.pgno, NEXT, "an overflow chain longer than its length")
  return next
}
