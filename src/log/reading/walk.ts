/** One block of the log, frame by frame; and what is damaged in it. */
import { refuse } from "../../errors.ts"
import { firstInHeader, isRetired, readOwnHeader } from "../access.ts"
import { nextSequence } from "../blocks.ts"
import { parseEntry, readFrame, seedOf } from "../frames.ts"
import { HEADER, PREVIOUS_END, TIME } from "../layout.ts"
import type { Log } from "../log.ts"
import { alignUp, half } from "../places.ts"
import type { LogVisit, VisitOptions } from "../types.ts"
import { programPending } from "../write.ts"

/** One visit: what is wanted, and where in a block it is. */
export interface Walk {
  /** Number of the first record that is wanted. */
  _from: number
  _call: LogVisit
  _lost: VisitOptions["lost"]
  /** Of the block being walked: where its frames end; number of the next entry, of the first in the next block; time before it. */
  _end: number
  _number: number
  _after: number
  _time: number
  _seed: number
  /** Offset of the frame that is damaged, or -1. */
  _damagedAt: number
  /** The header of the next block is whole. */
  _isNear: boolean
}

/** Begins a visit: programs what is in memory, without making it durable. */
export function makeWalk(log: Log, from: number, call: LogVisit, options: VisitOptions | undefined): Walk {
  log._begin(log._count > 0)
  if (typeof from !== "number" || typeof call !== "function")
    refuse("EINVAL", `a number and a function are expected, not ${from} and ${typeof call}`)
  if (log._count > 0) programPending(log, false)
  log._windowAt = -1
  return {
    _from: from,
    _call: call,
    _lost: options === undefined ? undefined : options.lost,
    _end: 0,
    _number: 0,
    _after: 0,
    _time: 0,
    _seed: 0,
    _damagedAt: -1,
    _isNear: true,
  }
}

/** Reads what the headers say of a block and of the next one that has any; false when there is no such block. */
export function beginBlock(log: Log, walk: Walk, sequence: number): boolean {
  walk._end = sequence === log._head ? log._writeAt : log._length
  walk._after = log._next
  walk._isNear = true
  walk._damagedAt = -1
  for (let next = sequence + 1; next <= log._head; next++) {
    if (readOwnHeader(log, next)) {
      walk._after = firstInHeader(log)
      const end = half(log, PREVIOUS_END)
      if (walk._isNear && end < walk._end) walk._end = end
      break
    }
    walk._isNear = walk._isNear && isRetired(log, next)
  }
  if (!readOwnHeader(log, sequence)) {
    walk._number = log._firstRecord
    walk._isNear = true
    walk._end = 0
    return false
  }
  walk._number = firstInHeader(log)
  walk._time = log._view.getFloat64(log._headerAt + TIME)
  walk._seed = seedOf(log, sequence)
  // What is behind the last commit was given up, or committed in the next block.
  if (!walk._isNear) walk._end = log._endOfCommits === undefined ? 0 : log._endOfCommits(walk, sequence)
  return true
}

/** Visits the frames of a block in order; false when it was ended. */
export function walkBlock(log: Log, walk: Walk, sequence: number): boolean {
  for (let offset = alignUp(log, HEADER); offset < walk._end; ) {
    const size = readFrame(log, sequence, offset, walk._end, walk._seed)
    if (size < 0) {
      walk._damagedAt = offset
      break
    }
    const entries = log._entries
    let at = log._entryAt
    for (let i = 0; i < entries; i++) {
      at = parseEntry(log, at)
      walk._time += log._delta
      if (walk._number >= walk._from && !callWith(log, walk)) return false
      walk._number++
    }
    offset += alignUp(log, size)
  }
  return true
}

/** Calls with the entry found last; false when the visit is to end. */
export function callWith(log: Log, walk: Walk): boolean {
  const loaded = log._windowAt
  const record = log._bytes.subarray(log._dataAt, log._dataAt + log._dataLength)
  if (walk._call(record, walk._number, log._isTimed ? walk._time : undefined) === false) return false
  if (log._windowAt !== loaded) refuseUse()
  return true
}

export function refuseUse(): never {
  refuse("EINVAL", "the log was used while its records were visited")
}

/**
 * Tells of the records that should be in the block, or in one behind it that is damaged, and were not found. Those of the oldest block of
 * a full log are no error: damage in it may be the mark of an erase that has begun, and its records go anyway.
 */
export function tellLost(log: Log, walk: Walk, sequence: number): void {
  const from = walk._number < walk._from ? walk._from : walk._number
  const to = walk._after - 1
  if (from > to) return
  if (walk._lost !== undefined) {
    walk._lost(from, to)
    // The window is the memory for entries, too.
    if (log._count > 0) refuseUse()
    return
  }
  const isHere = walk._damagedAt >= 0 || walk._isNear
  if (isHere && sequence === log._tail && nextSequence(log, log._head) - log._blockCount >= sequence) return
  const block = log._firstBlock + ((isHere ? sequence : nextSequence(log, sequence)) % log._blockCount)
  const offset = walk._damagedAt >= 0 ? walk._damagedAt : isHere ? walk._end : 0
  refuse(
    "ECORRUPT",
    `erase block ${block}, offset ${offset}: records ${from} to ${to} are damaged`,
    block,
    offset,
  )
}
