/** Looking at the whole of a file: counting it, checking it, and reading what is left of a damaged one. */
import { type Kept, keep } from "../../bytes.ts"
import { corrupt } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { copyBytes } from "../../platform.ts"
import { enter } from "../handle.ts"
import {
  BIG_DATA,
  BIG_KEY,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  NEXT,
  OVERFLOW,
  PRESERVE,
  PREV,
  ROOT,
} from "../layout.ts"
import { itemAt } from "../page.ts"
import { readValue } from "../record.ts"
import { itemKey } from "../search.ts"
import { READ } from "../states.ts"
import type { BTree } from "../tree.ts"
import type { Finding, Progress, Stat } from "../types.ts"
import { CHAIN, claim, report, type Walk, walkFreeList, walkTree } from "./walk.ts"

/** Gives how many pages the chain takes whose reference is at `at`, and its length: at least one. */
function chainPages(tree: BTree, frame: Frame, at: number): number {
  return Math.ceil(frame._view.getUint32(at + 4, true) / (tree._pagesize - HEADER)) || 1
}

/** Tells whether 1.85 shares a key chain between a leaf and an internal page. */
function isShared(tree: BTree, frame: Frame, at: number): boolean {
  const first = fetchPage(tree._cache, frame._view.getUint32(at, true), OVERFLOW)
  return (first._view.getUint32(first._base + FLAGS, true) & PRESERVE) !== 0
}

/**
 * BTree.stat: gives counts of pages and entries. Reads all tree pages, and the first overflow page of big separators; `progress` false
 * ends it with what it has.
 */
export function stat(this: BTree, progress?: Progress): Stat {
  enter(this, READ)
  const result: Stat = {
    pagesize: this._pagesize,
    pages: this._pages,
    freePages: 0,
    depth: 0,
    leafPages: 0,
    internalPages: 0,
    overflowPages: 0,
    entries: 0,
    byteOrder: this._cache._stream === this._stream ? 1234 : 4321,
    duplicates: this._duplicates,
  }
  const walk: Walk = {
    _tree: this,
    _parts: new Uint8Array(this._pages),
    _seen: 0,
    _findings: null,
    _visit: (frame, index, level) => {
      const leaf = frame._kind === LEAF
      if (index < 0) {
        if (leaf) result.leafPages++
        else result.internalPages++
        if (level >= result.depth) result.depth = level + 1
        return progress === undefined || progress(walk._seen, this._pages) !== false
      }
      const at = itemAt(frame, index)
      const flags = frame._bytes[at + ITEM_FLAGS]
      const key = at + ITEM_HEADER
      if (leaf) result.entries++
      if ((flags & BIG_KEY) !== 0 && (leaf || !isShared(this, frame, key)))
        result.overflowPages += chainPages(this, frame, key)
      if (leaf && (flags & BIG_DATA) !== 0)
        result.overflowPages += chainPages(this, frame, key + frame._view.getUint32(at, true))
      return true
    },
  }
  if (walkTree(walk)) result.freePages = walkFreeList(walk)
  return result
}

/**
 * BTree.salvage: calls `visit` with copies of every record that the root leads to, in the order of the pages, until it gives false:
 * big-key files that 1.85 itself wrote have records in wrong places (defect Q1), where neither get() nor a scan may go. Gives what was
 * in the way: damaged pages are left out with all below them, damaged records one by one. Allocates a byte a page.
 */
export function salvage(
  this: BTree,
  visit: (key: Uint8Array, value: Uint8Array) => boolean | undefined | void,
): Finding[] {
  enter(this, READ)
  const findings: Finding[] = []
  walkTree({
    _tree: this,
    _parts: new Uint8Array(this._pages),
    _seen: 0,
    _findings: findings,
    _visit: (frame, index) => {
      if (index < 0 || frame._kind === INTERNAL) return true
      const length = itemKey(this, frame, itemAt(frame, index))
      const key = new Uint8Array(length)
      copyBytes(this._from._bytes, this._fromAt, key, 0, length)
      return visit(key, readValue(this, frame, index, undefined, 0) as Uint8Array) !== false
    },
  })
  return findings
}

/**
 * BTree.check (spec section 13): every page owned once, levels linked left to right, keys in order and on the right side of every
 * separator, chains whole, the free list sound. Pages that belong to nothing are no finding: 1.85 leaks some. `progress` false ends it
 * with what it has. Reads every page in use; allocates a byte a page.
 */
export function check(this: BTree, progress?: Progress): Finding[] {
  enter(this, READ)
  const findings: Finding[] = []
  /** The last page met on each level, and the right neighbour it names. */
  const last: number[] = []
  const next: number[] = []
  let leafLevel = -1
  /** The key or separator that the next key must not be below; null: none yet. A key may equal a separator. */
  let low: Kept | null = null
  let lowIsKey = false
  const walk: Walk = {
    _tree: this,
    _parts: new Uint8Array(this._pages),
    _seen: 0,
    _findings: findings,
    _visit: (frame, index, level) => {
      const pgno = frame._pgno
      const leaf = frame._kind === LEAF
      if (index < 0) {
        const before = level < last.length ? last[level] : 0
        const prev = frame._view.getUint32(frame._base + PREV, true)
        if (prev !== before)
          report(findings, pgno, PREV, `left neighbour is page ${prev} instead of ${before}`)
        if (before !== 0 && next[level] !== pgno)
          report(findings, before, NEXT, `right neighbour is page ${next[level]} instead of ${pgno}`)
        last[level] = pgno
        next[level] = frame._view.getUint32(frame._base + NEXT, true)
        if (leaf) {
          if (leafLevel < 0) leafLevel = level
          if (leafLevel !== level)
            report(findings, pgno, FLAGS, `a leaf on level ${level}, others on ${leafLevel}`)
          if (frame._count === 0 && pgno !== ROOT) report(findings, pgno, HEADER, "an empty leaf")
        }
        return progress === undefined || progress(walk._seen, this._pages) !== false
      }
      const at = itemAt(frame, index)
      const flags = frame._bytes[at + ITEM_FLAGS]
      const key = at + ITEM_HEADER
      if ((flags & BIG_KEY) !== 0) checkChain(walk, frame, key)
      if (leaf && (flags & BIG_DATA) !== 0) checkChain(walk, frame, key + frame._view.getUint32(at, true))
      if (!leaf && index === 0) return true
      const length = itemKey(this, frame, at)
      if (low !== null) {
        const order = this._order(this._from, this._fromAt, length, low, 0, low._length)
        if (order < 0 || (order === 0 && lowIsKey && !this._duplicates)) {
          report(findings, pgno, HEADER + index * 2, `${leaf ? "a key" : "a separator"} out of order`)
        }
      }
      low = keep(low, this._from._bytes, this._fromAt, length)
      lowIsKey = leaf
      return true
    },
  }
  if (walkTree(walk)) {
    for (let level = 0; level < last.length; level++) {
      if (next[level] !== 0)
        report(findings, last[level], NEXT, `right neighbour is page ${next[level]} instead of 0`)
    }
    walkFreeList(walk)
  }
  return findings
}

/** Claims the pages of the chain whose reference is at `at`. ECORRUPT when it has not the pages that its length needs. */
function checkChain(walk: Walk, frame: Frame, at: number): void {
  const tree = walk._tree
  const first = frame._view.getUint32(at, true)
  let pgno = first
  let by = frame._pgno
  let offset = at - frame._base
  for (let left = chainPages(tree, frame, at); left > 0; left--) {
    // A key chain of 1.85 that its leaf and internal pages refer to, and that was met before.
    if (pgno === first && walk._parts[pgno] === CHAIN && isShared(tree, frame, at)) return
    claim(walk, pgno, CHAIN, by, offset)
    const page = fetchPage(tree._cache, pgno, OVERFLOW)
    by = pgno
    offset = NEXT
    pgno = page._view.getUint32(page._base + NEXT, true)
  }
  if (pgno !== 0) corrupt(by, NEXT, "an overflow chain longer than its length")
}
