/** Writing the log: frames of the entries in memory, and giving them up. */
import { copyBytes } from "../platform.ts"
import { alignUp, program, refuseStale } from "./access.ts"
import { openBlock } from "./blocks.ts"
import { checkOf, parseEntry, seedOf } from "./frames.ts"
import { CHECK, GROUP, GROUP_HEAD, MORE } from "./layout.ts"
import type { Log } from "./log.ts"

/** Programs the entries in memory: with `commits` as the frame that makes all since the last flush durable. */
export function programPending(log: Log, commits: boolean): void {
  log._loaded = -1
  if (!log._isUndecided) refuseStale(log)
  log._failed = "a change failed: roll back, or reopen"
  while (!programSome(log, commits)) {}
  log._failed = ""
  log._isUndecided = !commits
  if (!commits) return
  log._end = log._at
  log._committed = log._head
  log._flushed = log._next
  log._timeFlushed = log._time
  log._fallsFlushed = log._falls
}

/** Programs one frame, of as many entries as the head has room for, or opens a block; true when none is left. */
function programSome(log: Log, commits: boolean): boolean {
  const bytes = log._bytes
  const room = log._isSealed ? 0 : log._length - log._at
  let end = log._pending
  let count = log._count
  if (alignUp(log, end + CHECK) > room) {
    // As many as fit; a group that goes on in the next block.
    let next = GROUP_HEAD
    end = GROUP_HEAD
    for (count = 0; count < log._count; count++) {
      next = parseEntry(log, end)
      if (alignUp(log, next + CHECK) > room) break
      end = next
    }
    if (count === 0) {
      openBlock(log)
      return false
    }
  }
  const isAll = count === log._count
  const isSingle = isAll && count === 1 && commits
  const start = isSingle ? GROUP_HEAD : 0
  if (!isSingle) {
    bytes[0] = isAll && commits ? GROUP : GROUP + MORE
    bytes[1] = count
  }
  return programFrame(log, start, end, count) && isAll
}

/** Programs the frame of the first `count` entries, bytes [start, end); false when the block did not take it, and is sealed. */
function programFrame(log: Log, start: number, end: number, count: number): boolean {
  const bytes = log._bytes
  const size = alignUp(log, end - start + CHECK)
  const check = checkOf(log, start, end, seedOf(log, log._head))
  const left = log._pending - end
  // What is left waits behind the frame and its padding; the frame is programmed from the beginning of memory.
  if (start > 0) copyBytes(bytes, start, bytes, 0, end - start)
  if (left > 0) copyBytes(bytes, end, bytes, size, left)
  log._view.setUint32(end - start, check)
  bytes.fill(0xff, end - start + CHECK, size)
  const holds = program(log, (log._head % log._blocks) * log._length + log._at, size)
  if (holds) {
    log._isUndecided = true
    advance(log, count, start > 0 ? 0 : GROUP_HEAD)
    log._at += size
    log._count -= count
    log._pending = GROUP_HEAD + left
    if (left > 0) copyBytes(bytes, size, bytes, GROUP_HEAD, left)
    return true
  }
  // Back to where it was, for another block. This one is retired when its turn to be erased comes.
  if (left > 0) copyBytes(bytes, size, bytes, end, left)
  if (start > 0) copyBytes(bytes, 0, bytes, start, end - start)
  log._isSealed = true
  log._fails = true
  return false
}

/** Takes `count` entries, from index `at` on, into what is before those that are left. */
function advance(log: Log, count: number, at: number): void {
  let next = at
  for (let i = 0; i < count; i++) {
    next = parseEntry(log, next)
    log._timeBefore += log._delta
    if (log._delta < 0) log._fallsBefore = (log._fallsBefore + 1) & 0xffff
  }
}

/** Leaves what is programmed without a commit: the head is the block with the last commit again, sealed. */
export function giveBack(log: Log): void {
  log._isUndecided = false
  log._isSealed = true
  log._blank = 0
  log._givenBack += log._head - log._committed
  log._head = log._committed
  log._at = log._end
}
