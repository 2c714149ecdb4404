/**
 * Finding the newest commit. What lies behind it is what a cut left: a torn page, blank or foreign ones, pages without their commit record. It is
 * passed over, up to a number of pages, without a place in the cache; and so is a commit record whose own pages cannot be read, which is what
 * is left where a medium has not kept the order of writes.
 */
import { corrupt, refuse } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import {
  BIG,
  DEPTH_MAX,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  NEXT,
  NONE,
  OVERFLOW,
  ROOT,
  TOMB,
  TOMBSTONE,
} from "../layout.ts"
import { itemAt, keySizeAt, wordAt } from "../page.ts"
import type { AppendTree } from "../tree.ts"
import { DAMAGED, readRecord, SOUND, takeRecord } from "./record.ts"

/** Pages of one commit that are looked at when the file is opened; what is wrong in others is found when they are read. */
const COMMIT_PAGES = 256

/**
 * Looks for the newest commit among the pages behind `floor`, from the end of a stream of `size` bytes, and takes it over. Nothing changes where
 * there is none. ESTALE for a file that has been replaced, ECORRUPT where the budget ends first.
 */
export function findCommit(tree: AppendTree, size: number, floor: number): boolean {
  const pages = Math.floor(size / tree._pagesize)
  let left = tree._budget
  let isDamaged = false
  tree._givenUpCommits = 0
  // A page that is cut short is written over by the next one: filled up, a commit record given up would be whole again.
  tree._pages = pages > 1 ? pages : 1
  tree._size = size
  for (let pgno = pages - 1; pgno > floor; pgno--) {
    if (left-- === 0)
      corrupt(pgno, 0, `no commit in the last ${tree._budget} pages: open with a larger recoveryPages`)
    const found = readRecord(tree, pgno)
    if (found === DAMAGED) isDamaged = true
    else if (found !== SOUND) continue
    else {
      takeRecord(tree, pgno)
      if ((tree._record[TOMB] & TOMBSTONE) !== 0) {
        tree._isStale = true
        refuse("ESTALE", "the file has been compacted into another one: open that")
      }
      if (tree._stream.atomic || isReadable(tree)) return true
    }
    tree._givenUpCommits++
  }
  if (floor === 0 && pages > 1 && (isDamaged || !tree._isOurs || tree._givenUpCommits > 0))
    corrupt(pages - 1, 0, "no commit that can be read")
  return false
}

/** Takes the newest commit of a stream that has grown to `size` bytes; that of now stays where there is no newer one. */
export function takeNewer(tree: AppendTree, size: number): void {
  const commit = tree._commit
  const record = tree._record
  const isHonest = tree._isHonest
  const check = tree._check
  if (findCommit(tree, size, commit)) return
  tree._commit = commit
  tree._record = record
  tree._isHonest = isHonest
  tree._check = check
}

/** Tells whether the pages that the commit of now has brought can be read: at most COMMIT_PAGES are looked at. */
function isReadable(tree: AppendTree): boolean {
  const floor = before(tree)
  try {
    walkNew(tree, floor)
  } catch (error) {
    if ((error as { code?: string }).code !== "ECORRUPT") throw error
    return false
  }
  return true
}

/** Gives the newest page below the commit that may be of an earlier one. */
function before(tree: AppendTree): number {
  const commit = tree._commit
  let pgno = commit - 1
  while (pgno > 0 && commit - pgno <= COMMIT_PAGES && readRecord(tree, pgno) !== SOUND) pgno--
  return pgno
}

/** Reads the pages above `floor` from the root down. A page of the commit has all its ancestors in the commit. */
function walkNew(tree: AppendTree, floor: number): void {
  const cache = tree._cache
  const path = tree._path
  const slots = tree._slots
  let depth = 0
  let left = COMMIT_PAGES
  cache._call++
  const root = tree._record[ROOT]
  if (root === NONE || root <= floor) return
  path[0] = root
  slots[0] = 0
  while (depth >= 0 && left > 0) {
    const frame = fetchPage(cache, path[depth], INTERNAL | LEAF)
    let child = 0
    if (slots[depth] === 0) left--
    if (frame._kind === LEAF) {
      left -= walkChains(tree, frame, floor, left)
    } else {
      while (slots[depth] < frame._count && child <= floor)
        child = wordAt(frame, itemAt(frame, slots[depth]++))
    }
    if (child > floor) {
      depth++
      path[depth] = child
      slots[depth] = 0
      if (depth > DEPTH_MAX) corrupt(child, 0, `more than ${DEPTH_MAX} levels`)
    } else {
      depth--
    }
  }
}

/** Reads the overflow pages above `floor` that the leaf refers to; gives how many. */
function walkChains(tree: AppendTree, leaf: Frame, floor: number, most: number): number {
  let count = 0
  leaf._pin = tree._cache._call
  for (let index = 0; index < leaf._count; index++) {
    const at = itemAt(leaf, index)
    if (leaf._bytes[at + ITEM_FLAGS] !== BIG) continue
    let pgno = wordAt(leaf, at + ITEM_HEADER + keySizeAt(leaf, at))
    let pages = Math.ceil(wordAt(leaf, at) / (tree._pagesize - HEADER))
    while (pgno > floor && count < most && pages-- > 0) {
      const frame = fetchPage(tree._cache, pgno, OVERFLOW)
      count++
      const next = wordAt(frame, frame._base + NEXT)
      if ((next === 0) !== (pages === 0))
        corrupt(pgno, NEXT, "a chain of another length than its value needs")
      pgno = next
    }
  }
  leaf._pin = 0
  return count
}
