/** Compaction: the newest commit alone, in another stream. */
import { corrupt, refuse } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import { attendSeal } from "../check-page.ts"
import {
  BIG,
  DEPTH_MAX,
  INTERNAL,
  INTERNALS,
  ITEM_FLAGS,
  ITEM_HEADER,
  LEAF,
  LEAVES,
  NEXT,
  NONE,
  OVERFLOW,
  OVERFLOWS,
  REVISIONS,
  ROOT,
  TOMB,
  TOMBSTONE,
} from "../layout.ts"
import { chainLength } from "../limits.ts"
import { writeHeader } from "../opening/header.ts"
import { giveUp } from "../opening/index.ts"
import { cleanPage, copyPage, itemAt, keySizeAt, wordAt } from "../page.ts"
import { writeRecord } from "../record.ts"
import type { AppendTree } from "../tree.ts"
import type { Progress } from "../types.ts"
import { countHonestly } from "./check.ts"

interface Copy {
  target: RandomAccessStream
  /** Number of the next page of the target. */
  next: number
}

export function compact(this: AppendTree, target: RandomAccessStream, progress?: Progress): void {
  this._refuseClosed()
  if (!target || !target.setSize || target === this._stream)
    refuse("EINVAL", "the target is not another stream")
  if (target.size() !== 0) refuse("EINVAL", `the target has ${target.size()} bytes: an empty one is expected`)
  this.snapshot()
  countHonestly(this)
  const txn = this.begin()
  const record = txn._record
  try {
    if (!copyTree(this, record, target, progress)) {
      target.setSize(0)
      txn.abort()
      return
    }
  } catch (error) {
    txn.abort()
    throw error
  }
  record[TOMB] = TOMBSTONE
  record[ROOT] = NONE
  record[REVISIONS]++
  try {
    writeRecord(this, this._stream, txn._first, record)
    this._stream.flush()
  } catch (error) {
    giveUp(this, error)
  }
  this._size = (txn._first + 1) * this._pagesize
  txn.abort()
  this._isStale = true
}

/**
 * Copies pages as they are, children before parents: what a page's keys lack depends on separators, and those stay. False when progress()
 * stopped it.
 */
function copyTree(
  tree: AppendTree,
  record: number[],
  target: RandomAccessStream,
  progress: Progress | undefined,
): boolean {
  const cache = tree._cache
  const path = [record[ROOT]]
  const slots = [0]
  // The new numbers of each level's children so far.
  const made: number[][] = [[]]
  const copy: Copy = { target: target, next: 1 }
  let depth = record[ROOT] === NONE ? -1 : 0
  const pages = record[LEAVES] + record[INTERNALS] + record[OVERFLOWS]
  let root = NONE
  writeHeader(tree, target)
  while (depth >= 0) {
    cache._call++
    // A tree that has more pages than its file goes in a circle.
    if (copy.next > tree._pages || depth > DEPTH_MAX) corrupt(path[depth], 0, "referred to twice")
    const frame = fetchPage(cache, path[depth], INTERNAL | LEAF)
    if (frame._kind === INTERNAL && slots[depth] < frame._count) {
      path[depth + 1] = wordAt(frame, itemAt(frame, slots[depth]++))
      slots[++depth] = 0
      made[depth] = []
      continue
    }
    if (frame._kind === LEAF) copyChains(tree, copy, frame, made[depth])
    copyOut(tree, copy, frame, made[depth], 0)
    root = copy.next - 1
    depth--
    if (depth >= 0) made[depth].push(root)
    if (progress !== undefined && progress(root, pages) === false) return false
  }
  if (root !== NONE) {
    // The pages are there before the record that says so.
    if (!target.atomic) target.flush()
    const whole = record.slice(0)
    whole[ROOT] = root
    whole[REVISIONS] = 1
    writeRecord(tree, target, copy.next, whole)
  }
  target.flush()
  return true
}

/** Copies the chains of a leaf, last page first, and adds the number of each one's first page to `firsts`. */
function copyChains(tree: AppendTree, copy: Copy, leaf: Frame, firsts: number[]): void {
  leaf._pin = tree._cache._call
  for (let index = 0; index < leaf._count; index++) {
    const at = itemAt(leaf, index)
    if (leaf._bytes[at + ITEM_FLAGS] !== BIG) continue
    const chain: number[] = []
    let pgno = wordAt(leaf, at + ITEM_HEADER + keySizeAt(leaf, at))
    for (let left = chainLength(tree, wordAt(leaf, at)); left > 0; left--) {
      chain.push(pgno)
      const frame = fetchPage(tree._cache, pgno, OVERFLOW)
      pgno = wordAt(frame, frame._base + NEXT)
    }
    let next = 0
    for (let i = chain.length - 1; i >= 0; i--) {
      copyOut(tree, copy, fetchPage(tree._cache, chain[i], OVERFLOW), firsts, next)
      next = copy.next - 1
    }
    firsts.push(next)
  }
}

/** Writes one page under the next number of the target, with the new numbers of what it refers to. */
function copyOut(tree: AppendTree, copy: Copy, frame: Frame, made: number[], next: number): void {
  const page = cleanPage(tree, copy.next, frame._kind)
  const pgno = copy.next++
  copyPage(tree, frame, page)
  if (frame._kind === OVERFLOW) page._view.setUint32(page._base + NEXT, next, true)
  else {
    let reference = 0
    for (let index = 0; index < page._count; index++) {
      const at = itemAt(page, index)
      if (page._kind === INTERNAL) page._view.setUint32(at, made[index], true)
      else if (page._bytes[at + ITEM_FLAGS] === BIG)
        page._view.setUint32(at + ITEM_HEADER + keySizeAt(page, at), made[reference++], true)
    }
  }
  attendSeal(tree, page, false)
  copy.target.write(page._bytes, pgno * tree._pagesize, page._base, tree._pagesize)
}
