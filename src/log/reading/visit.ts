/** Reading the log forward. */
import { firstInHeader, readOwnHeader } from "../access.ts"
import { TIME } from "../layout.ts"
import type { Log } from "../log.ts"
import type { LogVisit, VisitOptions } from "../types.ts"
import { beginBlock, makeWalk, tellLost, type Walk, walkBlock } from "./walk.ts"

/** Log.since(). */
export function since(this: Log, sequence: number, call: LogVisit, options?: VisitOptions): void {
  const walk = makeWalk(this, sequence, call, options)
  const block = findBlock(this, sequence, false)
  if (options !== undefined && options.newestFirst === true) this._walkBack(walk, block, this._head)
  else walkForward(this, walk, block)
}

/** Visits the records of the blocks from one on. */
export function walkForward(log: Log, walk: Walk, first: number): void {
  if (log._tail === 0) return
  for (let sequence = first; sequence <= log._head; sequence++) {
    const isThere = beginBlock(log, walk, sequence)
    if (isThere && !walkBlock(log, walk, sequence)) return
    // The block before tells what is lost with one that is not; there is none before the oldest.
    if (isThere || sequence === log._tail) tellLost(log, walk, sequence)
  }
}

/**
 * Gives the sequence number of the block where the record of number `value` is, or the first one of a time from `value` on: by halving, the
 * last one whose records before are all earlier than what is wanted.
 */
export function findBlock(log: Log, value: number, byTime: boolean): number {
  let low = log._tail
  let high = log._head
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    let probe = middle
    while (probe > low && !readOwnHeader(log, probe)) probe--
    if (probe === low) high = middle - 1
    else if (byTime ? log._view.getFloat64(log._headerAt + TIME) < value : firstInHeader(log) <= value)
      low = middle
    else high = probe - 1
  }
  while (low > log._tail && !readOwnHeader(log, low)) low--
  return low
}
