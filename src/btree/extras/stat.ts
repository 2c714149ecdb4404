/** Counting what a file holds, level by level. */

import { corruption } from "../../errors.ts"
import { fetchPage, pin, unpin } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { enter } from "../handle.ts"
import {
  BIG_DATA,
  BIG_KEY,
  FLAGS,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  LEAF,
  NEXT,
  OVERFLOW,
  PRESERVE,
  ROOT,
} from "../layout.ts"
import { chainPages } from "../overflow.ts"
import { itemAt, itemCount } from "../page.ts"
import { childAt } from "../search.ts"
import type { BTree } from "../tree.ts"
import type { Progress, Stat } from "../types.ts"

/**
 * Gives counts of pages and entries. Reads all tree pages, and the first overflow page of big separators; `progress` false ends it
 * with what it has.
 */
export function stat(tree: BTree, progress?: Progress): Stat {
  enter(tree)
  const result: Stat = {
    pagesize: tree._pagesize,
    pages: tree._pages,
    freePages: 0,
    depth: 0,
    leafPages: 0,
    internalPages: 0,
    overflowPages: 0,
    entries: 0,
    byteOrder: tree._little ? 1234 : 4321,
    duplicates: tree._duplicates,
  }
  let first = ROOT
  let done = 0
  while (first !== 0) {
    let pgno = first
    first = 0
    result.depth++
    while (pgno !== 0) {
      if (pgno >= tree._pages || ++done > tree._pages) {
        throw corruption(pgno, NEXT, "the pages of a level are linked in a circle, or out of the file")
      }
      const frame = fetchPage(tree._cache, pgno, INTERNAL | LEAF)
      countPage(tree, frame, result)
      if (first === 0 && frame.kind === INTERNAL) first = childAt(tree, frame, 0)
      pgno = frame.view.getUint32(frame.base + NEXT, tree._little)
      if (progress !== undefined && progress(done, tree._pages) === false) return result
      // The level below begins at the first child of this level's first page only.
      enter(tree)
    }
  }
  countFree(tree, result)
  return result
}

function countPage(tree: BTree, frame: Frame, result: Stat): void {
  const count = itemCount(tree, frame)
  if (frame.kind === LEAF) {
    result.leafPages++
    result.entries += count
  } else {
    result.internalPages++
  }
  for (let i = 0; i < count; i++) {
    const at = itemAt(tree, frame, i)
    const flags = frame.bytes[at + ITEM_FLAGS]
    const size = frame.view.getUint32(at + KEY_SIZE, tree._little)
    if ((flags & BIG_KEY) !== 0 && !isLeafs(tree, frame, at + ITEM_HEADER)) {
      result.overflowPages += pagesAt(tree, frame, at + ITEM_HEADER)
    }
    if ((flags & BIG_DATA) !== 0) result.overflowPages += pagesAt(tree, frame, at + ITEM_HEADER + size)
  }
}

/** Tells whether an internal page refers to a chain that 1.85 shares with the leaf, where it is counted. */
function isLeafs(tree: BTree, frame: Frame, at: number): boolean {
  if (frame.kind === LEAF) return false
  pin(tree._cache, frame)
  const first = fetchPage(tree._cache, frame.view.getUint32(at, tree._little), OVERFLOW)
  unpin(tree._cache, frame)
  return (first.view.getUint32(first.base + FLAGS, tree._little) & PRESERVE) !== 0
}

function pagesAt(tree: BTree, frame: Frame, at: number): number {
  return chainPages(tree, frame.view.getUint32(at + 4, tree._little))
}

function countFree(tree: BTree, result: Stat): void {
  let pgno = tree._free
  while (pgno !== 0) {
    if (pgno >= tree._pages || ++result.freePages > tree._pages) {
      throw corruption(pgno, NEXT, "the free list runs in a circle, or out of the file")
    }
    const frame = fetchPage(tree._cache, pgno, 0)
    pgno = frame.view.getUint32(frame.base + NEXT, tree._little)
  }
}
