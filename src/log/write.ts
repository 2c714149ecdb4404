/** Writing the log: frames of the entries in memory, and giving them up. */
import { program, refuseStale } from "./access.ts"
import { openBlock } from "./blocks.ts"
import { checkOf, seedOf } from "./frames.ts"
import { CHECK, GROUP, GROUP_HEAD, MORE } from "./layout.ts"
import type { Log } from "./log.ts"
import { alignUp, startOf } from "./places.ts"

/**
 * Programs the entries in memory as one frame: with `commits` the one that makes all since the last flush durable. They fit into what is
 * left of the head, which append() sees to, or into another block.
 */
export function programPending(log: Log, commits: boolean): void {
  log._windowAt = -1
  if (!log._isUndecided) refuseStale(log)
  log._code = "EIO"
  const bytes = log._bytes
  const end = log._pending
  let start = GROUP_HEAD
  if (!commits || log._count !== 1) {
    start = 0
    bytes[0] = commits ? GROUP : GROUP + MORE
    bytes[1] = log._count
  }
  const size = alignUp(log, end - start + CHECK)
  for (let holds = false; !holds; ) {
    if (log._isSealed || log._writeAt + size > log._length) openBlock(log)
    const seed = seedOf(log, log._head)
    const check = checkOf(log, start, end, seed)
    log._view.setUint32(end, check)
    bytes.fill(0xff, end + CHECK, start + size)
    holds = program(log, startOf(log, log._head) + log._writeAt, start, size)
    // For another block. This one is retired when its turn to be erased comes.
    if (!holds) log._isSealed = log._fails = true
  }
  log._code = ""
  log._isUndecided = !commits
  log._writeAt += size
  log._count = 0
  log._pending = GROUP_HEAD
  log._timeBefore = log._time
  log._fallsBefore = log._falls
  if (!commits) return
  log._end = log._writeAt
  log._committed = log._head
  log._flushed = log._next
  log._timeFlushed = log._time
  log._fallsFlushed = log._falls
}
