/** Reading the log: forward, newest first, by number or by time. */
import { refuse } from "../errors.ts"
import { firstInHeader, readOwnHeader } from "./access.ts"
import { FALLS, TIME } from "./layout.ts"
import type { Log } from "./log.ts"
import type { LogVisit, VisitOptions } from "./types.ts"
import { beginBlock, describeLoss, makeWalk, refuseUse, type Walk, walkBlock } from "./walk.ts"
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
  log._begin(log._count > 0)
  const walk = makeWalk(byTime, from, to, call, options)
  if (log._count > 0) programPending(log, false)
  log._windowAt = -1
  if (log._tail === 0) return
  if (walk.options.newestFirst === true) log._walkBack(walk)
  else walkForward(log, walk)
}

function walkForward(log: Log, walk: Walk): void {
  for (let sequence = findBlock(log, walk, walk.from); sequence <= log._head; sequence++) {
    if (!beginBlock(log, walk, sequence)) {
      // The block before tells what is lost with this one; there is none before the oldest.
      if (sequence === log._tail) tellLost(log, walk, sequence)
      continue
    }
    if (!walkBlock(log, walk, sequence)) return
    tellLost(log, walk, sequence)
  }
}

/**
 * Gives the sequence number of the block where the visit begins: by halving, the last one whose records before are all earlier than
 * what is wanted; or the oldest, when times have fallen in between.
 */
export function findBlock(log: Log, walk: Walk, value: number): number {
  let low = log._tail
  let high = log._head
  if (walk.byTime) {
    if (!readOwnHeader(log, low)) return low
    if (log._view.getUint16(log._headerAt + FALLS) !== log._falls) {
      walk.inOrder = false
      return low
    }
  }
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    let probe = middle
    while (probe > low && !readOwnHeader(log, probe)) probe--
    if (probe === low) high = middle - 1
    else if (walk.byTime ? log._view.getFloat64(log._headerAt + TIME) < value : firstInHeader(log) <= value)
      low = middle
    else high = probe - 1
  }
  while (low > log._tail && !readOwnHeader(log, low)) low--
  return low
}

/** Tells of the records that should be in the block, or in one behind it that is damaged, and were not found. */
export function tellLost(log: Log, walk: Walk, sequence: number): void {
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
