/** Reading the log: forward, newest first, by number or by time. */
import { refuse } from "../errors.ts"
import { alignUp, firstInHeader, readOwnHeader } from "./access.ts"
import { parseEntry, readFrame } from "./frames.ts"
import { FALLS, TIME } from "./layout.ts"
import type { Log } from "./log.ts"
import {
  beginBlock,
  callWith,
  describeLoss,
  type LogVisit,
  makeMarks,
  makeWalk,
  marksIn,
  refuseUse,
  type VisitOptions,
  type Walk,
  walkBlock,
} from "./walk.ts"
import { programPending } from "./write.ts"

/** See Log.since and Log.between. */
export function visit(
  log: Log,
  byTime: boolean,
  from: number,
  to: number,
  call: LogVisit,
  options: VisitOptions | undefined,
): void {
  log._enter(log._count > 0)
  const walk = makeWalk(byTime, from, to, call, options)
  if (log._count > 0) programPending(log, false)
  log._loaded = -1
  if (log._tail === 0) return
  if (walk.options.newestFirst === true) walkBack(log, walk)
  else walkForward(log, walk)
}

function walkForward(log: Log, walk: Walk): void {
  for (let sequence = findBlock(log, walk, walk.from); sequence <= log._head; sequence++) {
    if (!beginBlock(log, walk, sequence)) {
      // The block before tells what is lost with this one; there is none before the oldest.
      if (sequence === log._tail) tellLost(log, walk, sequence)
      continue
    }
    if (!walkBlock(log, walk, sequence, null)) return
    tellLost(log, walk, sequence)
  }
}

function walkBack(log: Log, walk: Walk): void {
  const marks = makeMarks(log)
  const oldest = findBlock(log, walk, walk.from)
  let sequence = walk.byTime && walk.inOrder ? findBlock(log, walk, walk.to + 1) : log._head
  for (; sequence >= oldest; sequence--) {
    if (!beginBlock(log, walk, sequence)) {
      if (sequence === log._tail) tellLost(log, walk, sequence)
      continue
    }
    walkBlock(log, walk, sequence, marks)
    tellLost(log, walk, sequence)
    const count = marks[marks.length - 1]
    const stride = marks[marks.length - 2]
    let end = walk.damagedAt < 0 ? walk.end : walk.damagedAt
    for (let mark = Math.floor((count - 1) / stride); mark >= 0; mark--) {
      const inStride = mark * stride + stride < count ? stride : count - mark * stride
      if (!walkStride(log, walk, sequence, marks, marks[mark], inStride, end)) return
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
 * Gives the sequence number of the block where the visit begins: by halving, the last one whose records before are all earlier than
 * what is wanted; or the oldest, when times have fallen in between.
 */
function findBlock(log: Log, walk: Walk, value: number): number {
  let low = log._tail
  let high = log._head
  if (walk.byTime) {
    if (!readOwnHeader(log, low)) return low
    if (log._view.getUint16(log._header + FALLS) !== log._falls) {
      walk.inOrder = false
      return low
    }
  }
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    let probe = middle
    while (probe > low && !readOwnHeader(log, probe)) probe--
    if (probe === low) high = middle - 1
    else if (walk.byTime ? log._view.getFloat64(log._header + TIME) < value : firstInHeader(log) <= value)
      low = middle
    else high = probe - 1
  }
  while (low > log._tail && !readOwnHeader(log, low)) low--
  return low
}

/** Tells of the records that should be in the block, or in one behind it that is damaged, and were not found. */
function tellLost(log: Log, walk: Walk, sequence: number): void {
  const from = !walk.byTime && walk.number < walk.from ? walk.from : walk.number
  const to = walk.after - 1
  if (from > to) return
  if (walk.options.lost !== undefined) {
    walk.options.lost(from, to)
    // The window is the memory for entries, too.
    if (log._count > 0) refuseUse()
    return
  }
  const finding = describeLoss(log, walk, sequence, from)
  if (finding === null) return
  refuse("ECORRUPT", `${finding.message}: go on with record ${to + 1}`, finding.page, finding.offset)
}
