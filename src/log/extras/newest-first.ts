/** Visiting records, the newest first. */
import { refuse } from "../../errors.ts"
import { alignUp } from "../access.ts"
import { parseEntry, readFrame } from "../frames.ts"
import { HEADER } from "../layout.ts"
import type { Log } from "../log.ts"
import { findBlock, tellLost } from "../visit.ts"
import { beginBlock, callWith, type Walk } from "../walk.ts"

/** Visits the records, the newest first. */
export function walkBack(this: Log, walk: Walk): void {
  const marks = makeMarks(this)
  const oldest = findBlock(this, walk, walk.from)
  let sequence = walk.byTime && walk.inOrder ? findBlock(this, walk, walk.to + 1) : this._head
  for (; sequence >= oldest; sequence--) {
    if (!beginBlock(this, walk, sequence)) {
      if (sequence === this._tail) tellLost(this, walk, sequence)
      continue
    }
    noteFrames(this, walk, sequence, marks)
    tellLost(this, walk, sequence)
    const count = marks[marks.length - 1]
    const stride = marks[marks.length - 2]
    let end = walk.damagedAt < 0 ? walk.end : walk.damagedAt
    for (let mark = Math.floor((count - 1) / stride); mark >= 0; mark--) {
      const inStride = mark * stride + stride < count ? stride : count - mark * stride
      if (!walkStride(this, walk, sequence, marks, marks[mark], inStride, end)) return
      end = marks[mark]
    }
  }
}

/** Visits `count` frames, from the one at `offset` up to `end`, the last one first; false when it was ended. */
function walkStride(
  log: Log,
  walk: Walk,
  sequence: number,
  marks: Uint16Array,
  offset: number,
  count: number,
  end: number,
): boolean {
  const size = marksIn(marks)
  let at = offset
  for (let i = 0; i < count; i++) {
    marks[size + i] = at
    // Through a window that ends with them, for those before are next.
    if (i + 1 < count) at += alignUp(log, readFrame(log, sequence, at, end, walk.seed, end))
  }
  let frameEnd = end
  for (let i = count - 1; i >= 0; i--) {
    at = marks[size + i]
    if (readFrame(log, sequence, at, walk.end, walk.seed, frameEnd) < 0)
      refuse("EIO", "a frame reads as another one now")
    frameEnd = at
    const entryAt = log._entryAt
    for (let left = log._entries; left > 0; left--) {
      let next = entryAt
      for (let j = 0; j < left; j++) next = parseEntry(log, next)
      const delta = log._delta
      walk.number--
      if (!callWith(log, walk, walk.number)) return false
      walk.time -= delta
    }
  }
  return true
}

/**
 * Makes room to note where the frames of a block are: of every stride-th, and then of those in a stride. So it is the square root of
 * how many there can be, of five bytes and more.
 */
export function makeMarks(log: Log): Uint16Array {
  let size = 16
  while (size * size * 5 < log._length) size *= 2
  return new Uint16Array(2 * size + 2)
}

export function marksIn(marks: Uint16Array): number {
  return (marks.length - 2) / 2
}

/** Notes where the frames of a block are, and how many records there are up to the end of it or to damage. */
export function noteFrames(log: Log, walk: Walk, sequence: number, marks: Uint16Array): void {
  const size = marksIn(marks)
  let count = 0
  let stride = 1
  for (let offset = alignUp(log, HEADER); offset < walk.end; ) {
    const length = readFrame(log, sequence, offset, walk.end, walk.seed, 0)
    if (length < 0) {
      walk.damagedAt = offset
      break
    }
    if (count === stride * size) {
      for (let i = 0; i < size / 2; i++) marks[i] = marks[2 * i]
      stride *= 2
    }
    if (count % stride === 0) marks[count / stride] = offset
    let at = log._entryAt
    for (let left = log._entries; left > 0; left--) {
      at = parseEntry(log, at)
      walk.time += log._delta
    }
    walk.number += log._entries
    count++
    offset += alignUp(log, length)
  }
  marks[marks.length - 2] = stride
  marks[marks.length - 1] = count
}
