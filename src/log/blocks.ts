/** The ring of erase blocks: the next one becomes the head, and the oldest gives way to it. */
import { crc32 } from "../checksum.ts"
import { refuse } from "../errors.ts"
import {
  alignUp,
  eraseBlock,
  firstInHeader,
  isErasedFrom,
  isRetired,
  readHeader,
  readOwnHeader,
} from "./access.ts"
import {
  ALIGN,
  BEFORE_FAILS,
  CHECKSUM,
  COUNT,
  ERASES,
  FALLS,
  FIRST,
  FLAGS,
  HEADER,
  HEADER_CHECK,
  INDEX,
  LENGTH,
  LOG_ID,
  LONGEST,
  MAGIC,
  NO_BLOCK,
  PREVIOUS_END,
  RETIRED,
  RETIRED_MAX,
  SEQUENCE,
  SMALL,
  TIME,
  UNDECIDED,
} from "./layout.ts"
import type { Log } from "./log.ts"

/**
 * Makes the next block the head: one erase where it is not known to be blank. Blocks that a cut left with nothing decided are erased
 * first, the newest first, so that another cut finds one state less and no other.
 * @throws ENOSPC when it is full and must not drop its oldest block
 */
export function openBlock(log: Log): void {
  for (; log._givenBack > 1; log._givenBack--) eraseBlock(log, (log._head + log._givenBack) % log._blocks)
  log._givenBack = 0
  let sequence = nextSequence(log, log._head)
  let erases = makeBlank(log, sequence)
  while (erases < 0 || !writeHeader(log, sequence, erases)) {
    retire(log, sequence)
    sequence = nextSequence(log, sequence)
    erases = makeBlank(log, sequence)
  }
  if (log._tail === 0) log._tail = sequence
  log._head = sequence
  log._erases = erases
  log._at = alignUp(log, HEADER)
  if (!log._isUndecided) {
    log._committed = sequence
    log._end = log._at
  }
  log._isSealed = false
  log._fails = false
  log._blank = 0
}

/** Gives the sequence number of the next block of the ring that is in use. */
export function nextSequence(log: Log, sequence: number): number {
  let next = sequence + 1
  while (isRetired(log, next)) next++
  return next
}

/** Makes the block that will have this sequence number blank; gives how often it has been erased, -1 when it will not be blank. */
export function makeBlank(log: Log, sequence: number): number {
  const block = sequence % log._blocks
  if (log._blank === sequence) return log._erases
  const isOldest = log._tail > 0 && log._tail <= sequence - log._blocks
  if (isOldest) {
    // What is committed must not go for what is not.
    if (!log._overwrites || (log._isUndecided && log._tail >= log._committed)) {
      log._busy = false
      refuse(
        "ENOSPC",
        `the log is full: its ${log._blocks} blocks hold ${log._flushed - log._firstRecord} records`,
      )
    }
    if (dropOldest(log)) return -1
  }
  let erases = log._erases
  if (readHeader(log, block)) {
    erases = log._view.getUint32(log._header + ERASES, true) & 0xffffff
  } else if (!isOldest && log._blankShows && isBlank(log, block)) {
    return erases
  }
  erases++
  return eraseBlock(log, block) ? erases : -1
}

function isBlank(log: Log, block: number): boolean {
  return isErasedFrom(log, block * log._length, (block + 1) * log._length, log._small)
}

/** Takes the oldest block out of the log; true when it is not to be used again. */
function dropOldest(log: Log): boolean {
  let next = log._tail
  do next = nextSequence(log, next)
  while (next < log._head && !readOwnHeader(log, next))
  if (next > log._head || !readOwnHeader(log, next)) refuse("EIO", "too many erase blocks fail")
  log._tail = next
  log._firstRecord = firstInHeader(log)
  return (log._bytes[log._header + FLAGS] & BEFORE_FAILS) !== 0
}

function retire(log: Log, sequence: number): void {
  for (let i = 0; i < RETIRED_MAX; i++) {
    if (log._retired[i] !== NO_BLOCK) continue
    log._retired[i] = sequence % log._blocks
    return
  }
  refuse("EIO", `erase block ${log._first + (sequence % log._blocks)} fails too, after ${RETIRED_MAX} others`)
}

/** Programs the header of a block; false when it does not read back right. */
function writeHeader(log: Log, sequence: number, erases: number): boolean {
  const view = log._view
  const at = log._header
  const bytes = log._bytes
  const size = alignUp(log, HEADER)
  const first = log._next - log._count
  bytes.fill(0xff, at, at + SMALL)
  view.setUint32(at, MAGIC, true)
  view.setUint32(at + LOG_ID, log._id, true)
  view.setUint32(at + SEQUENCE, sequence, true)
  view.setUint32(at + FIRST, first % 0x100000000, true)
  view.setUint16(at + FIRST + 4, Math.floor(first / 0x100000000), true)
  view.setUint16(at + FALLS, log._fallsBefore, true)
  view.setFloat64(at + TIME, log._timeBefore, true)
  view.setUint16(at + PREVIOUS_END, log._isUndecided ? log._at : log._end, true)
  view.setUint16(at + LENGTH, log._length, true)
  view.setUint16(at + COUNT, log._blocks, true)
  view.setUint16(at + INDEX, sequence % log._blocks, true)
  view.setUint32(at + ERASES, erases, true)
  bytes[at + FLAGS] = (log._fails ? BEFORE_FAILS : 0) + (log._isUndecided ? UNDECIDED : 0)
  bytes[at + CHECKSUM] = log._checksum
  bytes[at + ALIGN] = log._align
  view.setUint16(at + ALIGN + 1, 0, true)
  for (let i = 0; i < RETIRED_MAX; i++) view.setUint16(at + RETIRED + 2 * i, log._retired[i], true)
  view.setUint16(at + LONGEST, log._size, true)
  view.setUint32(at + HEADER_CHECK, crc32(bytes, at, at + HEADER_CHECK, 0), true)
  log._device.write(bytes.subarray(at, at + size), log._base + (sequence % log._blocks) * log._length)
  return readHeader(log, sequence % log._blocks) && view.getUint32(at + SEQUENCE, true) === sequence
}
