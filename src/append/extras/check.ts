/** The way through a whole tree: check(), and counting for stat() where the original wrote the counters. */
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import {
  BIG,
  DEPTH_MAX,
  ENTRIES,
  HEADER,
  INTERNAL,
  INTERNALS,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  LEAVES,
  LEVELS,
  META_ENTRIES,
  NEXT,
  NONE,
  OVERFLOW,
  OVERFLOWS,
  REVISIONS,
  ROOT,
  TIME,
} from "../layout.ts"
import { chainLength } from "../limits.ts"
import { compareKeys } from "../order.ts"
import { itemAt, keySizeAt, takeFullKey, wordAt } from "../page.ts"
import { boundsAt } from "../search.ts"
import type { AppendTree } from "../tree.ts"
import type { Finding, Progress, Stat } from "../types.ts"

/** Findings told at most. */
const FINDINGS_MAX = 1000

interface Walk {
  findings: Finding[]
  /** 1 for a page that has been met. */
  seen: Uint8Array
  internals: number
  leaves: number
  overflows: number
  entries: number
  /** Level of the first leaf met, -1 before. */
  level: number
  isWhole: boolean
}

/** Goes through all pages of the newest commit. */
function walkTree(tree: AppendTree, progress: Progress | undefined): Walk {
  const walk: Walk = {
    findings: [],
    seen: new Uint8Array(tree._pages),
    internals: 0,
    leaves: 0,
    overflows: 0,
    entries: 0,
    level: -1,
    isWhole: true,
  }
  const slots: number[] = [0]
  const root = tree._record[ROOT]
  const path: number[] = [root]
  let depth = root === NONE ? -1 : 0
  const pages = tree._record[LEAVES] + tree._record[INTERNALS]
  let done = 0
  if (depth === 0) walk.seen[root] = 1
  while (depth >= 0 && walk.isWhole && walk.findings.length < FINDINGS_MAX) {
    let child = 0
    tree._cache._call++
    try {
      const frame = fetchPage(tree._cache, path[depth], INTERNAL | LEAF)
      frame._pin = tree._cache._call
      if (slots[depth] === 0) {
        for (let i = 0; i < depth; i++) {
          tree._path[i] = path[i]
          tree._slots[i] = slots[i] - 1
        }
        boundsAt(tree, depth)
        checkKeys(tree, walk, frame)
        if (frame._kind === LEAF) checkLeaf(tree, walk, frame, depth)
        else walk.internals++
        if (progress !== undefined && progress(++done, pages) === false) walk.isWhole = false
      }
      if (frame._kind === INTERNAL && slots[depth] < frame._count)
        child = wordAt(frame, itemAt(frame, slots[depth]++))
    } catch (error) {
      note(walk, error)
    }
    if (child === 0) depth--
    else if (depth === DEPTH_MAX || walk.seen[child] === 1) {
      tell(walk, child, 0, depth === DEPTH_MAX ? "too many levels" : "referred to twice")
    } else {
      walk.seen[child] = 1
      path[++depth] = child
      slots[depth] = 0
    }
  }
  return walk
}

/** Keeps what ECORRUPT says; throws anything else. */
function note(walk: Walk, error: unknown): void {
  const found = error as { code?: string; page?: number; offset?: number; message: string }
  if (found.code !== "ECORRUPT") throw error
  tell(walk, found.page as number, found.offset as number, found.message)
}

function tell(walk: Walk, page: number, offset: number, message: string): void {
  walk.findings.push({ code: "ECORRUPT", page: page, offset: offset, message: message })
}

/** Keys ascend, and lie within the bounds that the pages above give. */
function checkKeys(tree: AppendTree, walk: Walk, frame: Frame): void {
  const low = tree._low
  const high = tree._high
  const first = frame._kind === LEAF ? 0 : 1
  let before = tree._separator
  let key = tree._third
  for (let index = first; index < frame._count; index++) {
    const offset = itemAt(frame, index) - frame._base
    takeFullKey(tree, frame, index, low, tree._prefix, key)
    if (key._length === 0) tell(walk, frame._pgno, offset, "a key of 0 bytes")
    if (index > first && compareKeys(key, before) <= 0)
      tell(walk, frame._pgno, HEADER + index * 2, "a key out of order")
    if (low._length >= 0 && compareKeys(key, low) < 0)
      tell(walk, frame._pgno, offset, "a key below the page's separator")
    if (high._length >= 0 && compareKeys(key, high) >= 0)
      tell(walk, frame._pgno, offset, "a key above the next page's separator")
    const free = before
    before = key
    key = free
  }
}

/** Counts entries, and goes along their chains. */
function checkLeaf(tree: AppendTree, walk: Walk, leaf: Frame, depth: number): void {
  if (walk.level < 0) walk.level = depth
  if (walk.level !== depth) tell(walk, leaf._pgno, 0, `a leaf at level ${depth}, others at ${walk.level}`)
  walk.leaves++
  walk.entries += leaf._count
  for (let index = 0; index < leaf._count; index++) {
    const at = itemAt(leaf, index)
    if (leaf._bytes[at + ITEM_FLAGS] !== BIG) continue
    let pgno = wordAt(leaf, at + ITEM_HEADER + keySizeAt(leaf, at))
    for (let left = chainLength(tree, wordAt(leaf, at)); left > 0; left--) {
      if (pgno === 0 || walk.seen[pgno] === 1) {
        tell(walk, pgno === 0 ? leaf._pgno : pgno, 0, pgno === 0 ? "a chain too short" : "referred to twice")
        break
      }
      walk.seen[pgno] = 1
      const frame = fetchPage(tree._cache, pgno, OVERFLOW)
      walk.overflows++
      const next = wordAt(frame, frame._base + NEXT)
      if (left === 1 && next !== 0) tell(walk, pgno, NEXT, "a chain too long")
      pgno = next
    }
  }
}

export function check(this: AppendTree, progress?: Progress): Finding[] {
  this.snapshot()
  const walk = walkTree(this, progress)
  const found = [walk.entries, walk.internals, walk.leaves, walk.overflows, walk.level + 1].join()
  const record = this._record
  const told = [record[ENTRIES], record[INTERNALS], record[LEAVES], record[OVERFLOWS], record[LEVELS]].join()
  if (this._isHonest && walk.isWhole && walk.findings.length === 0 && found !== told)
    tell(walk, this._commit, META_ENTRIES, `counters ${told}, found ${found}`)
  return walk.findings
}

export function stat(this: AppendTree): Stat {
  const cache = this._cache
  this.snapshot()
  countHonestly(this)
  const record = this._record
  let held = 0
  for (let i = 0; i < cache._all.length; i++) if (cache._all[i]._pgno >= 0) held++
  return {
    pagesize: this._pagesize,
    branchPages: record[INTERNALS],
    leafPages: record[LEAVES],
    overflowPages: record[OVERFLOWS],
    revisions: record[REVISIONS],
    depth: record[LEVELS],
    entries: record[ENTRIES],
    createdAt: record[TIME],
    hits: cache.hits,
    reads: cache.misses,
    cacheSize: held,
    maxCache: cache.capacity,
    givenUpBytes: this._givenUpBytes,
    givenUpCommits: this._givenUpCommits,
  }
}

/** Puts right what the original's counters say: it counts overwritten and aborted records, and chains that are gone (spec section 11, D6). */
export function countHonestly(tree: AppendTree): void {
  if (tree._isHonest) return
  const walk = walkTree(tree, undefined)
  if (walk.findings.length > 0) return
  const record = tree._record
  record[ENTRIES] = walk.entries
  record[INTERNALS] = walk.internals
  record[LEAVES] = walk.leaves
  record[OVERFLOWS] = walk.overflows
  record[LEVELS] = walk.level + 1
  tree._isHonest = true
}
