/**
 * The whole-file check (spec section 13): every page owned once, levels linked left to right, keys in order and on the right
 * side of every separator, chains whole, the free list sound. Pages that belong to nothing are no finding: 1.85 leaks some.
 */

import { growRegion, makeRegion, type Region } from "../../bytes.ts"
import { fetchPage, pin, unpin } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { moveBytes } from "../../platform.ts"
import { enter } from "../handle.ts"
import {
  BIG_DATA,
  BIG_KEY,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  LEAF,
  META_FREE,
  NEXT,
  OVERFLOW,
  PGNO,
  PRESERVE,
  PREV,
  ROOT,
} from "../layout.ts"
import { chainPages } from "../overflow.ts"
import { itemAt, itemCount } from "../page.ts"
import { childAt, compareKeys, DEPTH_MAX, loadBigKey } from "../search.ts"
import type { BTree } from "../tree.ts"
import type { Finding, Progress } from "../types.ts"
import { toFinding } from "./findings.ts"

/** More findings than this say nothing new. */
const FINDINGS_MAX = 1000

/** What a page was found to be part of. */
const UNSEEN = 0
const TREE = 1
const CHAIN = 2
const FREE = 3

class Check {
  declare tree: BTree
  declare findings: Finding[]
  /** One byte a page: its part. */
  declare parts: Uint8Array
  declare seen: number
  /** The key or separator that the next key must not be below. */
  declare low: Region
  /** -1: none yet. */
  declare lowLength: number
  /** True when `low` is a key (the next one is above it), false when it is a separator (may be equal). */
  declare lowIsKey: boolean
  /** The last page met on each level. */
  declare lastOnLevel: number[]
  declare leafLevel: number

  constructor(tree: BTree) {
    this.tree = tree
    this.findings = []
    this.parts = new Uint8Array(tree._pages)
    this.seen = 0
    this.low = makeRegion(64)
    this.lowLength = -1
    this.lowIsKey = false
    this.lastOnLevel = []
    this.leafLevel = -1
  }

  report(page: number, offset: number, message: string): void {
    if (this.findings.length < FINDINGS_MAX) {
      this.findings.push({ code: "ECORRUPT", page: page, offset: offset, message: message })
    }
  }

  /** Takes what a page check threw as a finding; anything else goes on up. */
  take(error: unknown): void {
    const finding = toFinding(error)
    this.report(finding.page, finding.offset, finding.message)
  }

  /** Notes that `pgno` is part of something; false when it is out of the file or already taken. */
  claim(pgno: number, part: number, by: number, offset: number): boolean {
    if (pgno < 1 || pgno >= this.parts.length) {
      this.report(by, offset, `refers to page ${pgno}; the file has pages 1 to ${this.parts.length - 1}`)
      return false
    }
    if (this.parts[pgno] !== UNSEEN) {
      this.report(by, offset, `page ${pgno} is used twice`)
      return false
    }
    this.parts[pgno] = part
    this.seen++
    return true
  }
}

/** Checks the file and gives its findings, none for a sound one; `progress` false ends it with what it has. */
export function check(tree: BTree, progress?: Progress): Finding[] {
  enter(tree)
  const state = new Check(tree)
  const pages: number[] = []
  const slots: number[] = []
  enterPage(state, pages, slots, ROOT, 0, 0)
  while (pages.length > 0) {
    const level = pages.length - 1
    const step = nextChild(state, pages[level], slots[level], level)
    slots[level]++
    if (step < 0) {
      pages.pop()
      slots.pop()
    } else if (step > 0) {
      enterPage(state, pages, slots, step, pages[level], HEADER + (slots[level] - 1) * 2)
      if (progress !== undefined && progress(state.seen, tree._pages) === false) return state.findings
      enter(tree)
    }
  }
  for (let level = 0; level < state.lastOnLevel.length; level++)
    checkLastLink(state, state.lastOnLevel[level])
  checkFreeList(state)
  enter(tree)
  return state.findings
}

/** Checks the page itself and its links; an internal page is then gone through child by child. */
function enterPage(
  state: Check,
  pages: number[],
  slots: number[],
  pgno: number,
  by: number,
  offset: number,
): void {
  const tree = state.tree
  if (!state.claim(pgno, TREE, by, offset)) return
  const level = pages.length
  try {
    const frame = fetchPage(tree._cache, pgno, INTERNAL | LEAF)
    const last = level < state.lastOnLevel.length ? state.lastOnLevel[level] : 0
    const prev = frame.view.getUint32(frame.base + PREV, tree._little)
    if (prev !== last) state.report(pgno, PREV, `left neighbour is page ${prev} instead of ${last}`)
    state.lastOnLevel[level] = pgno
    if (frame.kind === LEAF) {
      if (state.leafLevel < 0) state.leafLevel = level
      if (state.leafLevel !== level)
        state.report(pgno, FLAGS, `a leaf on level ${level}, others on ${state.leafLevel}`)
      pin(tree._cache, frame)
      checkItems(state, frame)
      unpin(tree._cache, frame)
    } else if (level >= DEPTH_MAX) {
      state.report(pgno, FLAGS, `deeper than ${DEPTH_MAX} levels`)
    } else {
      pages.push(pgno)
      slots.push(0)
    }
    if (last !== 0) checkRightLink(state, last, pgno)
  } catch (error) {
    state.take(error)
  }
}

/** Gives the child of item `index` after checking its separator; -1 past the last item. */
function nextChild(state: Check, pgno: number, index: number, level: number): number {
  const tree = state.tree
  try {
    const frame = fetchPage(tree._cache, pgno, INTERNAL)
    if (index >= itemCount(tree, frame)) return -1
    const child = childAt(tree, frame, index)
    pin(tree._cache, frame)
    checkChains(state, frame, index)
    if (index > 0) checkKey(state, frame, index, false)
    unpin(tree._cache, frame)
    return child
  } catch (error) {
    state.take(error)
    return level < 0 ? -1 : 0
  }
}

function checkRightLink(state: Check, left: number, right: number): void {
  const tree = state.tree
  const frame = fetchPage(tree._cache, left, INTERNAL | LEAF)
  const next = frame.view.getUint32(frame.base + NEXT, tree._little)
  if (next !== right) state.report(left, NEXT, `right neighbour is page ${next} instead of ${right}`)
}

function checkLastLink(state: Check, pgno: number): void {
  try {
    checkRightLink(state, pgno, 0)
  } catch (error) {
    state.take(error)
  }
}

function checkItems(state: Check, leaf: Frame): void {
  const count = itemCount(state.tree, leaf)
  if (count === 0 && leaf.pgno !== ROOT) state.report(leaf.pgno, HEADER, "an empty leaf")
  for (let i = 0; i < count; i++) {
    try {
      checkChains(state, leaf, i)
      checkKey(state, leaf, i, true)
    } catch (error) {
      state.take(error)
    }
  }
}

/** Compares the key of item `index` with the key or separator before it, and keeps it for the next one. */
function checkKey(state: Check, frame: Frame, index: number, isKey: boolean): void {
  const tree = state.tree
  const at = itemAt(tree, frame, index)
  let source: Region = frame
  let offset = at + ITEM_HEADER
  let length = frame.view.getUint32(at + KEY_SIZE, tree._little)
  if ((frame.bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
    length = loadBigKey(tree, frame, at)
    source = tree._big
    offset = 0
  }
  if (state.lowLength >= 0) {
    const order = compareKeys(tree, source, offset, length, state.low, 0, state.lowLength)
    // A separator is above the key before it; a key is above the key before it but may equal a separator.
    const equalIsRight = tree._duplicates || !state.lowIsKey
    if (order < 0 || (order === 0 && !equalIsRight)) {
      const what = isKey ? "a key" : "a separator"
      state.report(frame.pgno, HEADER + index * 2, `${what} out of order`)
    }
  }
  state.low = growRegion(state.low, length)
  moveBytes(source, offset, state.low, 0, length)
  state.lowLength = length
  state.lowIsKey = isKey
}

function checkChains(state: Check, frame: Frame, index: number): void {
  const tree = state.tree
  const at = itemAt(tree, frame, index)
  const flags = frame.bytes[at + ITEM_FLAGS]
  const body = at + ITEM_HEADER
  const size = frame.view.getUint32(at + KEY_SIZE, tree._little)
  if ((flags & BIG_KEY) !== 0) checkChain(state, frame, body)
  if (frame.kind === LEAF && (flags & BIG_DATA) !== 0) checkChain(state, frame, body + size)
}

function checkChain(state: Check, frame: Frame, at: number): void {
  const tree = state.tree
  const first = frame.view.getUint32(at, tree._little)
  const length = frame.view.getUint32(at + 4, tree._little)
  let pgno = first
  let by = frame.pgno
  let offset = at - frame.base
  for (let left = chainPages(tree, length) || 1; left > 0; left--) {
    if (pgno === first && isShared(state, first)) return
    if (!state.claim(pgno, CHAIN, by, offset)) return
    const page = fetchPage(tree._cache, pgno, OVERFLOW)
    by = pgno
    offset = NEXT
    pgno = page.view.getUint32(page.base + NEXT, tree._little)
  }
  if (pgno !== 0) state.report(by, NEXT, "an overflow chain longer than its length")
}

/** A key chain of 1.85 that its leaf and internal pages refer to, and that was met before. */
function isShared(state: Check, pgno: number): boolean {
  if (pgno >= state.parts.length || state.parts[pgno] !== CHAIN) return false
  const tree = state.tree
  const frame = fetchPage(tree._cache, pgno, OVERFLOW)
  return (frame.view.getUint32(frame.base + FLAGS, tree._little) & PRESERVE) !== 0
}

function checkFreeList(state: Check): void {
  const tree = state.tree
  let pgno = tree._free
  let by = 0
  let offset = META_FREE
  while (pgno !== 0) {
    if (!state.claim(pgno, FREE, by, offset)) return
    try {
      const frame = fetchPage(tree._cache, pgno, 0)
      const own = frame.view.getUint32(frame.base + PGNO, tree._little)
      if (own !== pgno) state.report(pgno, PGNO, `the free page says it is number ${own}`)
      by = pgno
      offset = NEXT
      pgno = frame.view.getUint32(frame.base + NEXT, tree._little)
    } catch (error) {
      state.take(error)
      return
    }
  }
}
