/** Opening a log: finding its newest and oldest block, and its last commit. */
import { refuse } from "../../errors.ts"
import { OPAQUE_FLASH, SUM32 } from "../../platform.ts"
import type { FlashDevice } from "../../stream/flash-device.ts"
import { readFlash, readHeader, readsAs } from "../access.ts"
import {
  ALIGN,
  CHECKSUM,
  COUNT,
  ERASED,
  HEADER,
  INCOMPATIBLE,
  LENGTH,
  LOG_ID,
  LONGEST,
  MAGIC,
  NO_BLOCK,
  READ_COMPATIBLE,
  RETIRED,
  RETIRED_MAX,
  SEQUENCE,
} from "../layout.ts"
import { Log } from "../log.ts"
import { alignUp, half, word } from "../places.ts"
import { recover } from "./recovery.ts"

export interface LogOpenOptions {
  /** Erase blocks to use: several logs, or a log and a volume, share a partition that way. */
  firstBlock?: number
  blockCount?: number
  /**
   * Bytes of memory for records that are not flushed, and for reading: 768 when left out, 128 to half an erase block. The longest record
   * is 18 to 49 bytes less. A log that was written with a larger one is given that.
   */
  buffer?: number
  /** "overwrite" (the default): the oldest block gives way when space runs out. "stop": ENOSPC. */
  full?: "overwrite" | "stop"
  /** "blank" (the default) begins a log on a blank range and refuses foreign content; "always" begins anew; "never" begins none. */
  format?: "blank" | "always" | "never"
  /** Bytes of a program unit (1, 4, 8, 16, 32), where the device does not say it. */
  writeAlign?: number
  /** "unknown" where an erased block does not read 0xff (encrypted flash), where the device does not say it. */
  erasedReads?: "ff" | "unknown"
  /** Check of frames, chosen for a new log: CRC-32, or a sum that is quicker in byte code. */
  checksum?: "crc32" | "sum32"
  /** Refuse what would program or erase. */
  readonly?: boolean
}

const BLOCKS_MIN = 4
const BLOCK_LENGTH_MAX = 32768
const BUFFER_MIN = 128

/**
 * Opens the log on a range of a device, or begins one there; then nothing is erased before the first flush. The device stays the caller's.
 * Reads each block's header once, and the newest block; a blank range whole. Allocates the buffer and 70 bytes.
 *
 * @throws EINVAL an option or a geometry that cannot be; EFTYPE foreign content, a log of another shape or of a later version; EIO
 * @example
 * const log = open(device, { blockCount: 16 })
 * log.append("started", Date.now())
 * log.flush()
 */
export function open(device: FlashDevice, options?: LogOpenOptions): Log {
  const given: LogOpenOptions = options === undefined || options === null ? {} : options
  const isNew = given.format === "always"
  let buffer = given.buffer || 768
  let log = makeLog(device, given, buffer)
  let isFound = false
  let longest = 0
  for (;;) {
    isFound = findEnds(log) && !isNew
    if (!isFound) break
    takeHeader(log)
    longest = half(log, LONGEST)
    if (longest <= buffer) break
    // Written with a larger buffer: its frames have to fit.
    buffer = longest
    log = makeLog(device, given, buffer)
  }
  if (isFound) {
    recover(log)
    // Longer frames only behind a header that says so.
    if (longest < buffer) log._isSealed = true
  } else {
    if (given.format === "never") refuse("EFTYPE", 'no log here, and format: "never"')
    if (!isNew && !(OPAQUE_FLASH && log._isOpaque)) refuseForeign(log)
    // A new log, of an id that neither the one before nor a neighbour has; the old one holds until its first block is opened.
    const before = log._head
    log._logId = ((log._logId ^ 0x2545f491) * 0x9e3b + log._firstBlock * 7919 + before * 31 + 1) >>> 0
    // It begins in block 0, with a sequence number that is newer than all.
    log._head = Math.ceil((before + 1) / log._blockCount) * log._blockCount - 1
    log._tail = 0
    log._checkKind = SUM32 && given.checksum === "sum32" ? 2 : 1
  }
  if (given.readonly === true) log._code = "EROFS"
  return log
}

/** Makes a handle for a range, with everything that can be checked without reading. */
function makeLog(device: FlashDevice, given: LogOpenOptions, buffer: number): Log {
  const status = device.status()
  const length = status.blockLength
  const align = given.writeAlign || status.writeAlign || 1
  const first = given.firstBlock || 0
  const blocks = given.blockCount || status.blocks - first
  const erased = status.eraseValue === undefined ? 0xff : status.eraseValue
  const isOpaque = (given.erasedReads || status.erasedReads) === "unknown"
  if (
    !(first >= 0 && first + blocks <= status.blocks && blocks >= BLOCKS_MIN && blocks < NO_BLOCK) ||
    !(buffer >= BUFFER_MIN && buffer <= length / 2 && length <= BLOCK_LENGTH_MAX) ||
    first % 1 !== 0 ||
    blocks % 1 !== 0 ||
    buffer % 1 !== 0 ||
    [1, 4, 8, 16, 32].indexOf(align) < 0 ||
    erased !== 0xff ||
    (!OPAQUE_FLASH && isOpaque) ||
    (!SUM32 && given.checksum === "sum32")
  )
    refuse(
      "EINVAL",
      `blocks ${first} to ${first + blocks} of ${status.blocks} (${length} bytes each), buffer ${buffer}, writeAlign ${align}, erased bytes ${erased} but expected ${BLOCKS_MIN} blocks or more, to ${BLOCK_LENGTH_MAX} bytes, ${BUFFER_MIN} to half of one, 1, 4, 8, 16 or 32, 255${OPAQUE_FLASH ? "" : ", crc32"}`,
    )
  const log = new Log(device, first, blocks, length, align, buffer)
  log._isOpaque = isOpaque
  log._overwrites = given.full !== "stop"
  return log
}

/**
 * Finds the newest block, and the oldest that is of one log with it; false when there is none. The header of the newest is in memory
 * then. A block's sequence number is its own number modulo how many there are, so those of one log stand in two runs: up to the newest,
 * those of its turn; and behind it what is left from the turn before.
 */
function findEnds(log: Log): boolean {
  let newest = 0
  let turn = -1
  let behind = 0
  for (let block = 0; block < log._blockCount; block++) {
    if (!readHeader(log, block)) continue
    const sequence = word(log, SEQUENCE)
    const id = word(log, LOG_ID)
    if (sequence > log._head) {
      if (id !== log._logId || sequence - block !== turn) log._tail = sequence
      log._head = sequence
      log._logId = id
      turn = sequence - block
      newest = block
      behind = 0
    } else if (behind === 0 && id === log._logId && sequence > log._head - log._blockCount) {
      behind = sequence
    }
  }
  if (behind > 0) log._tail = behind
  return log._head > 0 && readHeader(log, newest)
}

/** Takes over what the newest header says. */
function takeHeader(log: Log): void {
  const at = log._headerAt
  const kind = log._bytes[at + CHECKSUM]
  const longest = half(log, LONGEST)
  log._checkKind = SUM32 && kind === 2 ? 2 : 1
  const asked = [log._blockCount, log._length, log._unit, 0, log._checkKind].join(",")
  const found = [
    half(log, COUNT),
    half(log, LENGTH),
    log._bytes[at + ALIGN],
    log._bytes[at + INCOMPATIBLE],
    kind,
  ].join(",")
  if (found !== asked || longest > log._length / 2)
    refuse(
      "EFTYPE",
      `the log has (blocks, their bytes, writeAlign, features, kind of checks) ${found}, not ${asked}; frames of ${longest} bytes`,
    )
  if (log._bytes[at + READ_COMPATIBLE] !== 0) log._code = "EROFS"
  for (let i = 0; i < RETIRED_MAX; i++) log._retired[i] = half(log, RETIRED + 2 * i)
}

/** Refuses content that is not ours. A header that a cut has torn, and a block that a cut left half erased, are. */
function refuseForeign(log: Log): void {
  for (let block = 0; block < log._blockCount; block++) {
    const start = block * log._length
    const end = start + log._length
    if (readsAs(log, start, end, log._windowView, ERASED)) continue
    readFlash(log, log._small, start)
    const byte = log._bytes[log._headerAt]
    // A program that was cut has cleared some of the bits it was to clear, and no others.
    const isTorn = (word(log, 0) & MAGIC) >>> 0 === MAGIC
    if (isTorn && readsAs(log, start + alignUp(log, HEADER), end, log._windowView, ERASED)) continue
    refuse(
      "EFTYPE",
      `erase block ${log._firstBlock + block} holds something else (first byte 0x${byte.toString(16)}): choose another range, or format: "always"`,
    )
  }
}
