/** One block of the log, frame by frame; and what is damaged in it. */
import { refuse } from "../errors.ts"
import { alignUp, firstInHeader, isRetired, readOwnHeader } from "./access.ts"
import { nextSequence } from "./blocks.ts"
import { parseEntry, readFrame, seedOf } from "./frames.ts"
import { HEADER, PREVIOUS_END, TIME } from "./layout.ts"
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
export interface Walk {
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
  /** The header of the next block is whole. */
  isNear: boolean
}

export function makeWalk(
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
    isNear: true,
  }
}

/** Reads what the headers say of a block and of the next one that has any; false when there is no such block. */
export function beginBlock(log: Log, walk: Walk, sequence: number): boolean {
  walk.end = sequence === log._head ? log._at : log._length
  walk.after = log._next
  walk.isNear = true
  for (let next = sequence + 1; next <= log._head; next++) {
    if (readOwnHeader(log, next)) {
      walk.after = firstInHeader(log)
      const end = log._view.getUint16(log._header + PREVIOUS_END)
      if (walk.isNear && end < walk.end) walk.end = end
      break
    }
    walk.isNear = walk.isNear && isRetired(log, next)
  }
  walk.damagedAt = -1
  walk.number = log._firstRecord
  if (!readOwnHeader(log, sequence)) {
    walk.isNear = true
    walk.end = 0
    return false
  }
  walk.number = firstInHeader(log)
  walk.time = log._view.getFloat64(log._header + TIME)
  walk.seed = seedOf(log, sequence)
  if (!walk.isNear) walk.end = endOfCommits(log, walk, sequence)
  return true
}

/** Gives where the last commit in a block ends. What is behind it was given up, or committed in the next one, whose header is damaged. */
function endOfCommits(log: Log, walk: Walk, sequence: number): number {
  let end = alignUp(log, HEADER)
  let offset = end
  for (;;) {
    const size = readFrame(log, sequence, offset, walk.end, walk.seed, 0)
    if (size < 0) break
    offset += alignUp(log, size)
    if (log._commits) end = offset
    if (offset >= walk.end) break
  }
  return end
}

/** Visits the frames of a block in order, or notes where they are in `marks` and visits none; false when it was ended. */
export function walkBlock(log: Log, walk: Walk, sequence: number, marks: Uint16Array | null): boolean {
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
      const size = marksIn(marks)
      if (count / stride === size) {
        for (let i = 0; i < size / 2; i++) marks[i] = marks[2 * i]
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
  if (marks !== null) marks[marks.length - 2] = stride
  if (marks !== null) marks[marks.length - 1] = count
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

/** Calls with the entry found last, when it is wanted; false when the visit is to end. */
export function callWith(log: Log, walk: Walk, number: number): boolean {
  const key = walk.byTime ? walk.time : number
  if (walk.byTime && !log._isTimed) return true
  const isBack = walk.options.newestFirst === true
  if (key < walk.from) return !isBack || (walk.byTime && !walk.inOrder)
  if (key > walk.to) return isBack || !walk.inOrder
  const loaded = log._loaded
  const record = log._bytes.subarray(log._dataAt, log._dataAt + log._dataLength)
  if (walk.call(record, number, log._isTimed ? walk.time : undefined) === false) return false
  if (log._loaded !== loaded) refuseUse()
  return true
}

export function refuseUse(): never {
  refuse("EINVAL", "the log was used while its records were visited")
}

/**
 * Gives what is wrong where a block was walked and records from `from` on were not found; null for the oldest block of a full log: damage
 * in it may be the mark of an erase that has begun, and its records go anyway.
 */
export function describeLoss(log: Log, walk: Walk, sequence: number, from: number): LogFinding | null {
  const isHere = walk.damagedAt >= 0 || walk.isNear
  const isFull = nextSequence(log, log._head) - log._blocks >= log._tail
  if (isHere && isFull && sequence === log._tail) return null
  const block = log._first + ((isHere ? sequence : nextSequence(log, sequence)) % log._blocks)
  const offset = walk.damagedAt >= 0 ? walk.damagedAt : isHere ? walk.end : 0
  const message = `erase block ${block}, offset ${offset}: records ${from} to ${walk.after - 1} are damaged`
  return { code: "ECORRUPT", page: block, offset: offset, message: message }
}

/** See Log.check. */
export function checkLog(
  log: Log,
  progress: ((done: number, blocks: number) => unknown) | undefined,
): LogFinding[] {
  const findings: LogFinding[] = []
  log._enter(log._count > 0)
  if (log._count > 0) programPending(log, false)
  log._loaded = -1
  const walk = makeWalk(false, 0, 0, () => false, undefined)
  const marks = makeMarks(log)
  const blocks = log._tail === 0 ? 0 : log._head - log._tail + 1
  for (let done = 0; done < blocks; done++) {
    const sequence = log._tail + done
    const isThere = beginBlock(log, walk, sequence)
    if (isThere) walkBlock(log, walk, sequence, marks)
    if ((isThere || done === 0) && walk.number < walk.after) {
      const finding = describeLoss(log, walk, sequence, walk.number)
      if (finding !== null) findings.push(finding)
    }
    if (progress === undefined) continue
    if (progress(done + 1, blocks) === false) break
    if (log._count > 0) refuseUse()
  }
  return findings
}
