/** Pages of the file: taken from the free list or from the end, given back to the free list (spec section 1.6). */
import { corruption, failure } from "../errors.ts"
import { createPage, fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { badPageNumber } from "./check-page.ts"
import { FLAGS, META_FREE, NEXT, PGNO, PREV } from "./layout.ts"
import type { BTree } from "./tree.ts"

/** Gives a zeroed page that belongs to nobody yet, dirty as a whole. Reads the free list's head where there is one. */
export function allocatePage(tree: BTree): Frame {
  const head = tree._free
  if (head === 0) {
    // A new page would answer for the lost one that has its number.
    if (tree._cutShort)
      throw corruption(
        tree._pages,
        0,
        "the file refers to pages beyond its end and must not grow; salvage() it",
      )
    if (tree._pages > 0xfffffffe)
      throw failure("ENOSPC", "the file has the most pages a 32-bit page number allows")
    const frame = createPage(tree._cache, tree._pages)
    tree._pages++
    return frame
  }
  if (head < 2 || head >= tree._pages) throw badPageNumber(tree, 0, META_FREE, head)
  const frame = fetchPage(tree._cache, head, 0)
  const view = frame.view
  const next = view.getUint32(frame.base + NEXT, tree._little)
  // A page that was checked since it was loaded has been reached as part of the tree: it cannot be free.
  if (frame.kind !== 0) throw corruption(head, PGNO, "the free list holds a page that is in use")
  if (view.getUint32(frame.base + PGNO, tree._little) !== head || next === head) {
    throw corruption(head, PGNO, "a free page with a wrong number")
  }
  // With page checks our free pages have none; a page that has one is in use, or was freed by another program.
  if (tree._checks === 1 && view.getUint32(frame.base + FLAGS, tree._little) >>> 8 !== 0) {
    throw corruption(
      head,
      FLAGS,
      'the free list holds a page that has a check (if another program freed it: checksums: "adopt")',
    )
  }
  if (view.getUint32(frame.base + PREV, tree._little) !== 0)
    throw corruption(head, PREV, "a free page with a neighbour")
  if (next === 1 || next >= tree._pages) throw badPageNumber(tree, head, NEXT, next)
  tree._free = next
  tree._metaDirty = true
  return createPage(tree._cache, head)
}

/**
 * Puts page `pgno` on the free list. The page is written whole, zeros but for its number and its link, which a flash volume
 * stores in a few bytes. Reads nothing.
 */
export function freePage(tree: BTree, pgno: number): void {
  const frame = createPage(tree._cache, pgno)
  frame.view.setUint32(frame.base + PGNO, pgno, tree._little)
  frame.view.setUint32(frame.base + NEXT, tree._free, tree._little)
  tree._free = pgno
  tree._metaDirty = true
}
