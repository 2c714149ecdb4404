/** What is found of blocks whose headers are damaged. */
import { readHeader } from "../access.ts"
import { readFrame, seedOf } from "../frames.ts"
import { HEADER } from "../layout.ts"
import type { Log } from "../log.ts"
import { alignUp } from "../places.ts"
import type { Walk } from "../reading/walk.ts"

/** A block before the oldest, of the same turn as the newest, in which frames belong there: its header is damaged, and it is the oldest. */
export function findLostTail(this: Log): void {
  for (;;) {
    const index = this._tail % this._blockCount
    const isOfTurn = index > 0 && index + this._head - this._tail < this._blockCount
    const count = isOfTurn && this._firstRecord > 1 ? countRecords(this, this._tail - 1) : 0
    if (count === 0) return
    this._tail--
    this._firstRecord -= count
  }
}

/** Counts the records of a block without a header; 0 when there are none. */
function countRecords(log: Log, sequence: number): number {
  const block = sequence % log._blockCount
  if (readHeader(log, block)) return 0
  const seed = seedOf(log, sequence)
  let count = 0
  for (let offset = alignUp(log, HEADER); offset < log._length; ) {
    const size = readFrame(log, sequence, offset, log._length, seed)
    if (size < 0) break
    count += log._entries
    offset += alignUp(log, size)
  }
  return count
}

/** Gives where the last commit in a block ends, whose next one has a damaged header. */
export function endOfCommits(this: Log, walk: Walk, sequence: number): number {
  let end = 0
  for (let offset = alignUp(this, HEADER); offset < walk._end; ) {
    const size = readFrame(this, sequence, offset, walk._end, walk._seed)
    if (size < 0) break
    offset += alignUp(this, size)
    if (this._commits) end = offset
  }
  return end
}
