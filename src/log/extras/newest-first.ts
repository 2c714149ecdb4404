/** Visiting records, the newest first. */
import { refuse } from "../../errors.ts"
import { fillWindow, parseEntry, readFrame } from "../frames.ts"
import { HEADER } from "../layout.ts"
import type { Log } from "../log.ts"
import { alignUp, startOf } from "../places.ts"
import { beginBlock, callWith, tellLost, type Walk } from "../reading/walk.ts"

/** Offsets of frames that are noted: of each stride-th one of a block, and of those next to be visited. */
const MARKS = 32

/** Visits the records of the blocks from `newest` down to `oldest`, the newest first. */
export function walkBack(this: Log, walk: Walk, oldest: number, newest: number): void {
  if (this._tail === 0) return
  const marks = new Uint16Array(2 * MARKS)
  for (let sequence = newest; sequence >= oldest; sequence--) {
    const isThere = beginBlock(this, walk, sequence)
    let left = isThere ? noteFrames(this, walk, sequence, marks) : 0
    if (isThere || sequence === this._tail) tellLost(this, walk, sequence)
    let stride = 1
    while (stride * MARKS < left) stride *= 2
    let end = walk._damagedAt < 0 ? walk._end : walk._damagedAt
    while (left > 0) {
      const mark = Math.floor((left - 1) / stride)
      const past = left - mark * stride
      const skipped = past > MARKS ? past - MARKS : 0
      end = walkSome(this, walk, sequence, marks, marks[mark], skipped, past - skipped, end)
      if (end < 0) return
      left = mark * stride + skipped
    }
  }
}

/**
 * Visits `count` frames up to offset `end`, the last one first; before them are `skipped` others, the first at `offset`. Gives where the
 * first of them begins, or -1 when the visit was ended.
 */
function walkSome(
  log: Log,
  walk: Walk,
  sequence: number,
  marks: Uint16Array,
  offset: number,
  skipped: number,
  count: number,
  end: number,
): number {
  let at = offset
  for (let i = 1; i < skipped + count; i++) {
    if (i > skipped) marks[MARKS + i - skipped - 1] = at
    at += alignUp(log, readBack(log, walk, sequence, at, end))
  }
  marks[MARKS + count - 1] = at
  let frameEnd = end
  for (let i = count - 1; i >= 0; i--) {
    at = marks[MARKS + i]
    readBack(log, walk, sequence, at, frameEnd)
    frameEnd = at
    const entryAt = log._entryAt
    for (let left = log._entries; left > 0; left--) {
      let next = entryAt
      for (let j = 0; j < left; j++) next = parseEntry(log, next)
      const delta = log._delta
      walk._number--
      if (walk._number < walk._from || !callWith(log, walk)) return -1
      walk._time -= delta
    }
  }
  return frameEnd
}

/** Gives the length of the frame at `offset`, read through a window that ends at `end`, where it can, for the frames before are next. */
function readBack(log: Log, walk: Walk, sequence: number, offset: number, end: number): number {
  const block = startOf(log, sequence)
  const at = block + offset - log._windowAt
  const isThere = log._windowAt >= 0 && at >= 0 && at + end - offset <= log._windowLength
  if (!isThere && end - offset <= log._size)
    fillWindow(log, block + (end > log._size ? end - log._size : 0), block + end, 0)
  const size = readFrame(log, sequence, offset, end, walk._seed)
  if (size < 0) refuse("EIO", "a frame reads as another one now")
  return size
}

/** Notes where the frames of a block are, and counts them and the records up to the end of it or to damage. */
function noteFrames(log: Log, walk: Walk, sequence: number, marks: Uint16Array): number {
  let count = 0
  let stride = 1
  for (let offset = alignUp(log, HEADER); offset < walk._end; ) {
    const length = readFrame(log, sequence, offset, walk._end, walk._seed)
    if (length < 0) {
      walk._damagedAt = offset
      break
    }
    if (count === stride * MARKS) {
      for (let i = 0; i < MARKS / 2; i++) marks[i] = marks[2 * i]
      stride *= 2
    }
    if (count % stride === 0) marks[count / stride] = offset
    let at = log._entryAt
    for (let left = log._entries; left > 0; left--) {
      at = parseEntry(log, at)
      walk._time += log._delta
    }
    walk._number += log._entries
    count++
    offset += alignUp(log, length)
  }
  return count
}
