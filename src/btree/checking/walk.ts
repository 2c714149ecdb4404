/** Going through a whole file in the order of keys, whatever state it is in: what stat, check and salvage have in common. */

import type { FlashtreeError } from "../../errors.ts"
import { corrupt } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { enter } from "../handle.ts"
import { CHILD, HEADER, INTERNAL, LEAF, META_FREE, NEXT, PGNO, ROOT } from "../layout.ts"
import { itemAt } from "../page.ts"
import { READ } from "../states.ts"
import type { BTree } from "../tree.ts"
import type { Finding } from "../types.ts"

/** What a page was found to be part of. */
const UNSEEN = 0
const TREE = 1
export const CHAIN = 2
const FREE = 3

/** Deeper than this a tree is damaged. */
const DEPTH_MAX = 1000
/** More findings than this say nothing new. */
const FINDINGS_MAX = 1000

export interface Walk {
  _tree: BTree
  /** One byte a page: its part. */
  _parts: Uint8Array
  /** Pages met so far. */
  _seen: number
  /** What is wrong; null where that is to be thrown. */
  _findings: Finding[] | null
  /** Called with each page of the tree in `frame`, pinned, at index -1, and then with each of its items. False ends the walk. */
  _visit: (frame: Frame, index: number, level: number) => boolean
}

/** Notes a finding. */
export function report(findings: Finding[], page: number, offset: number, message: string): void {
  if (findings.length < FINDINGS_MAX)
    findings.push({ code: "ECORRUPT", page: page, offset: offset, message: message })
}

/** Takes ECORRUPT as a finding where findings are wanted; anything else goes on up. */
function take(walk: Walk, thrown: unknown): void {
  const error = thrown as FlashtreeError
  if (walk._findings === null || error.code !== "ECORRUPT") throw thrown
  // Without the code and the place, which the finding has apart.
  report(
    walk._findings,
    error.page as number,
    error.offset as number,
    error.message.split(": ").slice(2).join(": "),
  )
}

/** Notes that `pgno`, referred to at `offset` of page `by`, is part of something. ECORRUPT when it is no page, or already taken. */
export function claim(walk: Walk, pgno: number, part: number, by: number, offset: number): void {
  const parts = walk._parts
  if (pgno < 1 || pgno >= parts.length) {
    corrupt(by, offset, `refers to page ${pgno}; the file has pages 1 to ${parts.length - 1}`)
  }
  if (parts[pgno] !== UNSEEN) corrupt(by, offset, `page ${pgno} is used twice`)
  parts[pgno] = part
  walk._seen++
}

/** Goes through the tree; false when a step ended it. Calls `step` between two uses of the handle, which it may use itself. */
export function walkTree(walk: Walk): boolean {
  const tree = walk._tree
  const pages = [ROOT]
  const slots = [-1]
  claim(walk, ROOT, TREE, 0, 0)
  while (pages.length > 0) {
    enter(tree, READ)
    const level = pages.length - 1
    const index = slots[level]++
    try {
      const frame = fetchPage(tree._cache, pages[level], INTERNAL | LEAF)
      const pgno = frame._pgno
      if (index >= frame._count) {
        pages.pop()
        slots.pop()
        continue
      }
      const inner = index >= 0 && frame._kind === INTERNAL
      const child = inner ? frame._view.getUint32(itemAt(frame, index) + CHILD, true) : 0
      frame._pin = tree._cache._call
      if (!walk._visit(frame, index, level)) return false
      if (inner) {
        if (level >= DEPTH_MAX) corrupt(pgno, 0, `deeper than ${DEPTH_MAX} levels`)
        claim(walk, child, TREE, pgno, HEADER + index * 2)
        pages.push(child)
        slots.push(-1)
      }
    } catch (error) {
      take(walk, error)
      // A page that cannot be read at all is left; after a bad item the next one is tried.
      if (index < 0) {
        pages.pop()
        slots.pop()
      }
    }
  }
  return true
}

/** Goes through the free list; gives the number of its pages. */
export function walkFreeList(walk: Walk): number {
  const tree = walk._tree
  let pgno = tree._free
  let by = 0
  let offset = META_FREE
  let count = 0
  try {
    while (pgno !== 0) {
      claim(walk, pgno, FREE, by, offset)
      const frame = fetchPage(tree._cache, pgno, 0)
      const own = frame._view.getUint32(frame._base + PGNO, true)
      if (own !== pgno) corrupt(pgno, PGNO, `the free page says it is number ${own}`)
      count++
      by = pgno
      offset = NEXT
      pgno = frame._view.getUint32(frame._base + NEXT, true)
    }
  } catch (error) {
    take(walk, error)
  }
  return count
}
