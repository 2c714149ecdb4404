/** The ring of erase blocks: the next one becomes the head, and the oldest gives way to it. */
import { crc32 } from "../checksum.ts"
import { refuse } from "../errors.ts"
import { OPAQUE_FLASH } from "../platform.ts"
import { eraseBlock, firstInHeader, isRetired, readHeader, readOwnHeader, readsAs } from "./access.ts"
import {
  BEFORE_FAILS,
  ERASED,
  FLAGS,
  HALF,
  HEADER,
  HEADER_CHECK,
  MAGIC,
  NO_BLOCK,
  RETIRED_MAX,
  SEQUENCE,
  SMALL,
  TIME,
  UNDECIDED,
} from "./layout.ts"
import type { Log } from "./log.ts"
import { alignUp, startOf, word } from "./places.ts"

/**
 * Makes the next block the head: one erase where it is not known to be blank. Blocks that a cut left with nothing decided are erased
 * first, the newest first, so that another cut finds one state less and no other.
 * @throws ENOSPC when it is full and must not drop its oldest block
 */
export function openBlock(log: Log): void {
  for (; log._givenBack > 1; log._givenBack--) {
    const sequence = log._head + log._givenBack
    const block = log._firstBlock + (sequence % log._blockCount)
    if (!isRetired(log, sequence)) log._flash.eraseBlock(block, block + 1)
  }
  let sequence = 0
  for (let isReady = false; !isReady; ) {
    sequence = prepareBlock(log)
    // Until its header is there the next block may be half written by this handle.
    log._givenBack = 1
    isReady = writeHeader(log, sequence)
    if (!isReady) retire(log, sequence)
  }
  log._givenBack = 0
  if (log._tail === 0) log._tail = sequence
  log._head = sequence
  log._writeAt = alignUp(log, HEADER)
  if (!log._isUndecided) {
    log._committed = sequence
    log._end = log._writeAt
  }
  log._isSealed = false
  log._fails = false
}

/** Makes the next block blank, or the one after it where that fails, and gives its sequence number. */
export function prepareBlock(log: Log): number {
  let sequence = nextSequence(log, log._head)
  for (let isBlank = log._blank === sequence; !isBlank; ) {
    isBlank = makeBlank(log, sequence)
    if (isBlank) continue
    retire(log, sequence)
    sequence = nextSequence(log, sequence)
  }
  log._blank = sequence
  return sequence
}

/** Gives the sequence number of the next block of the ring that is in use. */
export function nextSequence(log: Log, sequence: number): number {
  let next = sequence + 1
  while (isRetired(log, next)) next++
  return next
}

/** Makes the block that will have this sequence number blank; false when it is to be retired. */
function makeBlank(log: Log, sequence: number): boolean {
  const start = startOf(log, sequence)
  const isOldest = log._tail > 0 && log._tail <= sequence - log._blockCount
  if (isOldest) {
    // What is committed must not go for what is not.
    if (!log._overwrites || (log._isUndecided && log._tail >= log._committed))
      refuse(
        "ENOSPC",
        `the log is full: ${log._blockCount} blocks hold ${log._flushed - log._firstRecord} records`,
      )
    if (dropOldest(log)) return false
  }
  const end = start + log._length
  if (!isOldest && !(OPAQUE_FLASH && log._isOpaque) && readsAs(log, start, end, log._small, ERASED))
    return true
  return eraseBlock(log, sequence % log._blockCount)
}

/** Takes the oldest block out of the log; true when it is not to be used again. */
function dropOldest(log: Log): boolean {
  let next = log._tail
  let isFound = false
  do {
    next = nextSequence(log, next)
    isFound = next <= log._head && readOwnHeader(log, next)
  } while (next < log._head && !isFound)
  if (next > log._head) refuse("EIO", "too many erase blocks fail")
  // Nothing may have changed when this is refused, so that the log stays as it is.
  const fails = isFound && (log._bytes[log._headerAt + FLAGS] & BEFORE_FAILS) !== 0
  if (fails) roomToRetire(log, log._tail)
  log._tail = next
  log._firstRecord = isFound ? firstInHeader(log) : log._next - log._count
  return fails
}

/** Gives where another block can be noted that fails. @throws EIO nowhere */
function roomToRetire(log: Log, sequence: number): number {
  const room = log._retired.indexOf(NO_BLOCK)
  if (room < 0)
    refuse(
      "EIO",
      `erase block ${log._firstBlock + (sequence % log._blockCount)} fails too, after ${RETIRED_MAX} others`,
    )
  return room
}

function retire(log: Log, sequence: number): void {
  log._retired[roomToRetire(log, sequence)] = sequence % log._blockCount
}

/** Programs the header of a block; false when it does not read back right. */
function writeHeader(log: Log, sequence: number): boolean {
  const view = log._view
  const at = log._headerAt
  const block = sequence % log._blockCount
  const first = log._next - log._count
  const turn = (Math.floor(sequence / log._blockCount) - 1) & 0xffffff
  const flags = (log._fails ? BEFORE_FAILS : 0) + (log._isUndecided ? UNDECIDED : 0)
  const retired = log._retired
  log._blank = 0
  log._bytes.fill(0xff, at, at + SMALL)
  // All of it from byte 0 on, as halves of a word: of a larger number the low bits are taken.
  const halves = [
    MAGIC >>> 16,
    MAGIC & 0xffff,
    log._logId / HALF,
    log._logId,
    sequence / HALF,
    sequence,
    first / HALF / HALF,
    first / HALF,
    first,
    log._fallsBefore,
    0, // the time, below
    0,
    0,
    0,
    log._isUndecided ? log._writeAt : log._end,
    log._length,
    log._blockCount,
    block,
    flags * 256 + turn / HALF,
    turn,
    log._checkKind * 256 + log._unit,
    0, // features
    retired[0],
    retired[1],
    retired[2],
    log._size,
  ]
  for (let i = 0; i < halves.length; i++) view.setUint16(at + 2 * i, halves[i])
  view.setFloat64(at + TIME, log._timeBefore)
  view.setUint32(at + HEADER_CHECK, crc32(log._bytes, at, at + HEADER_CHECK, 0))
  log._flash.write(log._small.subarray(0, alignUp(log, HEADER)), log._base + startOf(log, sequence))
  return readHeader(log, block) && word(log, SEQUENCE) === sequence
}
