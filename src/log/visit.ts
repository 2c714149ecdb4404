/** Reading the log: forward, newest first, by number or by time; and what is damaged in it. */
import { refuse } from "../errors.ts"
import { alignUp, firstInHeader, isRetired, readOwnHeader } from "./access.ts"
import { nextSequence } from "./blocks.ts"
import { parseEntry, readFrame, seedOf } from "./frames.ts"
import { FALLS, HEADER, PREVIOUS_END, TIME } from "./layout.ts"
import type { Log } from "./log.ts"
import { programPending } from "./write.ts"

/** Gets a record, which is a view that holds until it returns, its number, and the time it was given. Returning false ends the visit. */
export type LogVisit = (record: Uint8Array, sequence: number, time: number | undefined) => unknown

export interface VisitOptions {
  /** The newest record first. */
  newestFirst?: boolean
  /**
   * Is told that records `from` up to `to` are damaged; without it they are an ECORRUPT error, but for those of the oldest block in a
   * full log: the next flush may erase it, or have begun to.
   */
  lost?: (from: number, to: number) => void
}

/** What check() reports. `page` is the erase block and `offset` the byte in it. */
export interface LogFinding {
  code: "ECORRUPT"
  page: number
  offset: number
  message: string
}

/** One visit: what is wanted, and where in a block it is. */
interface Walk {
  byTime: boolean
  from: number
  to: number
  call: LogVisit
  options: VisitOptions
  /** Times never fall from where the visit begins: it ends at the first beyond `to`. */
  inOrder: boolean
  /** Of the block being walked: where its frames end; number of the next entry, of the first in the next block; time before it. */
  end: number
  number: number
  after: number
  time: number
  seed: number
  /** Offset of the frame that is damaged, or -1. */
  damagedAt: number
}

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
  if (log._tail === 0) return
  log._busy = true
  if (walk.options.newestFirst === true) walkBack(log, walk)
  else walkForward(log, walk)
  log._busy = false
}

function makeWalk(
  byTime: boolean,
  from: number,
  to: number,
  call: LogVisit,
  options: VisitOptions | undefined,
): Walk {
  return {
    byTime: byTime,
    from: from,
    to: to,
    call: call,
    options: options === undefined ? {} : options,
    inOrder: true,
    end: 0,
    number: 0,
    after: 0,
    time: 0,
    seed: 0,
    damagedAt: -1,
  }
}

function walkForward(log: Log, walk: Walk): void {
  for (let sequence = findBlock(log, walk, walk.from); sequence <= log._head; sequence++) {
    if (!beginBlock(log, walk, sequence)) continue
    if (!walkBlock(log, walk, sequence, null)) return
    tellLost(log, walk, sequence)
  }
}

/** Visits the frames of a block in order, or notes where they are in `marks` and visits none; false when it was ended. */
function walkBlock(log: Log, walk: Walk, sequence: number, marks: Uint16Array | null): boolean {
  let count = 0
  let stride = 1
  walk.damagedAt = -1
  for (let offset = alignUp(log, HEADER); offset < walk.end; ) {
    const size = readFrame(log, sequence, offset, walk.end, walk.seed, 0)
    if (size < 0) {
      walk.damagedAt = offset
      break
    }
    const entries = log._entries
    let at = log._entryAt
    if (marks !== null && count % stride === 0) {
      if (count / stride === MARKS) {
        for (let i = 0; i < MARKS / 2; i++) marks[i] = marks[2 * i]
        stride *= 2
      }
      if (count % stride === 0) marks[count / stride] = offset
    }
    for (let i = 0; i < entries; i++) {
      at = parseEntry(log, at)
      if (log._isTimed) walk.time += log._delta
      if (marks === null && !callWith(log, walk, walk.number)) return false
      walk.number++
    }
    count++
    offset += alignUp(log, size)
  }
  if (marks !== null) marks[2 * MARKS] = stride
  if (marks !== null) marks[2 * MARKS + 1] = count
  return true
}

/** Frames noted of a block: every stride-th, so that a stride has no more than MARKS either. */
const MARKS = 64

function walkBack(log: Log, walk: Walk): void {
  const marks = new Uint16Array(2 * MARKS + 2)
  const oldest = findBlock(log, walk, walk.from)
  let sequence = walk.byTime && walk.inOrder ? findBlock(log, walk, walk.to + 1) : log._head
  for (; sequence >= oldest; sequence--) {
    if (!beginBlock(log, walk, sequence)) continue
    walkBlock(log, walk, sequence, marks)
    tellLost(log, walk, sequence)
    const count = marks[2 * MARKS + 1]
    const stride = marks[2 * MARKS]
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
  let at = offset
  for (let i = 0; i < count; i++) {
    marks[MARKS + i] = at
    if (i + 1 < count) at += alignUp(log, readFrame(log, sequence, at, end, walk.seed, 0))
  }
  let frameEnd = end
  for (let i = count - 1; i >= 0; i--) {
    at = marks[MARKS + i]
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

/** Calls with the entry found last, when it is wanted; false when the visit is to end. */
function callWith(log: Log, walk: Walk, number: number): boolean {
  const key = walk.byTime ? walk.time : number
  if (walk.byTime && !log._isTimed) return true
  const isBack = walk.options.newestFirst === true
  if (key < walk.from) return !isBack || (walk.byTime && !walk.inOrder)
  if (key > walk.to) return isBack || !walk.inOrder
  const loaded = log._loaded
  const record = log._bytes.subarray(log._dataAt, log._dataAt + log._dataLength)
  const goesOn = walk.call(record, number, log._isTimed ? walk.time : undefined) !== false
  if (log._loaded !== loaded) refuse("EINVAL", "the log was used while its records were visited")
  return goesOn
}

/** Reads what the headers say of a block and of the next one that has any; false when there is no such block. */
function beginBlock(log: Log, walk: Walk, sequence: number): boolean {
  walk.end = sequence === log._head ? log._at : log._length
  walk.after = log._next
  let isNear = true
  for (let next = sequence + 1; next <= log._head; next++) {
    if (readOwnHeader(log, next)) {
      walk.after = firstInHeader(log)
      if (isNear) walk.end = log._view.getUint16(log._header + PREVIOUS_END, true)
      break
    }
    isNear = isNear && isRetired(log, next)
  }
  if (!readOwnHeader(log, sequence)) return false
  walk.number = firstInHeader(log)
  walk.time = log._view.getFloat64(log._header + TIME, true)
  walk.seed = seedOf(log, sequence)
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
    if (log._view.getUint16(log._header + FALLS, true) !== log._falls) {
      walk.inOrder = false
      return low
    }
  }
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    let probe = middle
    while (probe > low && !readOwnHeader(log, probe)) probe--
    if (probe === low) high = middle - 1
    else if (
      walk.byTime ? log._view.getFloat64(log._header + TIME, true) < value : firstInHeader(log) <= value
    )
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
    return
  }
  if (isGoing(log, sequence)) return
  const finding = describe(log, walk, sequence, from)
  log._busy = false
  refuse("ECORRUPT", `${finding.message}: go on with record ${to + 1}`, finding.page, finding.offset)
}

/** Tells whether a block is the next to be erased: damage in it may be the mark of an erase that has begun, and its records go anyway. */
function isGoing(log: Log, sequence: number): boolean {
  return sequence === log._tail && nextSequence(log, log._head) - log._blocks >= sequence
}

function describe(log: Log, walk: Walk, sequence: number, from: number): LogFinding {
  const block = log._first + (sequence % log._blocks)
  const offset = walk.damagedAt < 0 ? walk.end : walk.damagedAt
  const message = `erase block ${block}, offset ${offset}: records ${from} to ${walk.after - 1} are damaged`
  return { code: "ECORRUPT", page: block, offset: offset, message: message }
}

/** See Log.check. */
export function checkLog(
  log: Log,
  progress: ((done: number, blocks: number) => void) | undefined,
): LogFinding[] {
  const findings: LogFinding[] = []
  log._enter(log._count > 0)
  if (log._count > 0) programPending(log, false)
  const walk = makeWalk(false, 0, 0, () => false, undefined)
  const marks = new Uint16Array(2 * MARKS + 2)
  const blocks = log._tail === 0 ? 0 : log._head - log._tail + 1
  for (let done = 0; done < blocks; done++) {
    const sequence = log._tail + done
    if (beginBlock(log, walk, sequence)) {
      walkBlock(log, walk, sequence, marks)
      if (walk.number < walk.after && !isGoing(log, sequence))
        findings.push(describe(log, walk, sequence, walk.number))
    }
    if (progress !== undefined) progress(done + 1, blocks)
  }
  return findings
}
