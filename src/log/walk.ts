/** One block of the log, frame by frame; and what is damaged in it. */
import { refuse } from "../errors.ts"
import { alignUp, firstInHeader, isRetired, readOwnHeader } from "./access.ts"
import { nextSequence } from "./blocks.ts"
import { parseEntry, readFrame, seedOf } from "./frames.ts"
import { HEADER, PREVIOUS_END, TIME } from "./layout.ts"
import type { Log } from "./log.ts"
import type { LogFinding, LogVisit, VisitOptions } from "./types.ts"

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
  walk.end = sequence === log._head ? log._writeAt : log._length
  walk.after = log._next
  walk.isNear = true
  for (let next = sequence + 1; next <= log._head; next++) {
    if (readOwnHeader(log, next)) {
      walk.after = firstInHeader(log)
      const end = log._view.getUint16(log._headerAt + PREVIOUS_END)
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
  walk.time = log._view.getFloat64(log._headerAt + TIME)
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

/** Visits the frames of a block in order; false when it was ended. */
export function walkBlock(log: Log, walk: Walk, sequence: number): boolean {
  for (let offset = alignUp(log, HEADER); offset < walk.end; ) {
    const size = readFrame(log, sequence, offset, walk.end, walk.seed, 0)
    if (size < 0) {
      walk.damagedAt = offset
      break
    }
    const entries = log._entries
    let at = log._entryAt
    for (let i = 0; i < entries; i++) {
      at = parseEntry(log, at)
      if (log._isTimed) walk.time += log._delta
      if (!callWith(log, walk, walk.number)) return false
      walk.number++
    }
    offset += alignUp(log, size)
  }
  return true
}

/** Calls with the entry found last, when it is wanted; false when the visit is to end. */
export function callWith(log: Log, walk: Walk, number: number): boolean {
  const key = walk.byTime ? walk.time : number
  if (walk.byTime && !log._isTimed) return true
  const isBack = walk.options.newestFirst === true
  if (key < walk.from) return !isBack || (walk.byTime && !walk.inOrder)
  if (key > walk.to) return isBack || !walk.inOrder
  const loaded = log._windowAt
  const record = log._bytes.subarray(log._dataAt, log._dataAt + log._dataLength)
  if (walk.call(record, number, log._isTimed ? walk.time : undefined) === false) return false
  if (log._windowAt !== loaded) refuseUse()
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
  const isFull = nextSequence(log, log._head) - log._blockCount >= log._tail
  if (isHere && isFull && sequence === log._tail) return null
  const block = log._firstBlock + ((isHere ? sequence : nextSequence(log, sequence)) % log._blockCount)
  const offset = walk.damagedAt >= 0 ? walk.damagedAt : isHere ? walk.end : 0
  const message = `erase block ${block}, offset ${offset}: records ${from} to ${walk.after - 1} are damaged`
  return { code: "ECORRUPT", page: block, offset: offset, message: message }
}
