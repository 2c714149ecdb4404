/** Opening a log: finding its newest and oldest block, and its last commit. */
import { failure, refuse } from "../errors.ts"
import { OPAQUE_FLASH, SUM32 } from "../platform.ts"
import type { FlashDevice } from "../stream/flash-device.ts"
import { alignUp, isErasedFrom, readFlash, readHeader } from "./access.ts"
import {
  ALIGN,
  CHECKSUM,
  COUNT,
  ERASES,
  HEADER,
  INCOMPATIBLE,
  LENGTH,
  LOG_ID,
  LONGEST,
  MAGIC,
  READ_COMPATIBLE,
  RETIRED,
  RETIRED_MAX,
  SEQUENCE,
} from "./layout.ts"
import { Log } from "./log.ts"
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
  const buffer = given.buffer === undefined ? 768 : given.buffer
  let log = makeLog(device, given, buffer)
  const isFound = findEnds(log)
  if (isFound && given.format !== "always") {
    takeHeader(log)
    const longest = log._view.getUint16(log._header + LONGEST)
    if (longest > log._size) {
      // Written with a larger buffer: its frames have to fit.
      if (longest > log._length / 2) throw failure("EFTYPE", `the log has frames of ${longest} bytes`)
      log = makeLog(device, given, longest)
      findEnds(log)
      takeHeader(log)
    }
    recover(log)
    // Longer frames only behind a header that says so.
    if (longest < log._size) log._isSealed = true
  } else {
    if (given.format === "never") throw failure("EFTYPE", 'no log here, and format: "never" was asked for')
    if (given.format !== "always" && !(OPAQUE_FLASH && log._isOpaque)) refuseForeign(log)
    beginAnew(log, given.checksum === "sum32" ? 2 : 1)
  }
  if (given.readonly === true) log.readonly = true
  return log
}

/** Makes a handle for a range, with everything that can be checked without reading. */
function makeLog(device: FlashDevice, given: LogOpenOptions, buffer: number): Log {
  const status = device.status()
  const length = status.blockLength
  const align = or(given.writeAlign, or(status.writeAlign, 1))
  const first = or(given.firstBlock, 0)
  const blocks = or(given.blockCount, status.blocks - first)
  let problem = ""
  if ([1, 4, 8, 16, 32].indexOf(align) < 0)
    problem = `write alignment ${align}: 1, 4, 8, 16 or 32 is expected`
  else if (or(status.eraseValue, 0xff) !== 0xff)
    problem = `erased bytes are 0x${(status.eraseValue as number).toString(16)} on this device: only 0xff is supported`
  else if (
    !(first >= 0 && blocks >= BLOCKS_MIN && first + blocks <= status.blocks) ||
    first % 1 !== 0 ||
    blocks % 1 !== 0
  )
    problem = `blocks ${first} to ${first + blocks} of ${status.blocks}: at least ${BLOCKS_MIN} of the device are expected`
  else if (length > BLOCK_LENGTH_MAX || blocks > 0xfffe)
    problem = `${blocks} blocks of ${length} bytes: at most 65534, of ${BLOCK_LENGTH_MAX}, are expected`
  else if (!(buffer >= BUFFER_MIN && buffer <= length / 2) || buffer % 1 !== 0)
    problem = `a buffer of ${buffer} bytes: ${BUFFER_MIN} to ${length / 2} are expected`
  else if (
    (!SUM32 && given.checksum === "sum32") ||
    (!OPAQUE_FLASH && or(given.erasedReads, status.erasedReads) === "unknown")
  )
    problem = "sum32 and erasedReads: unknown are not for this engine"
  if (problem !== "") throw failure("EINVAL", problem)
  const log = new Log(device, first, blocks, length, align, buffer)
  log._isOpaque = or(given.erasedReads, status.erasedReads) === "unknown"
  log._overwrites = given.full !== "stop"
  return log
}

function or<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value
}

/**
 * Finds the newest block, and the oldest that is of one log with it; false when there is none. The header of the newest is in memory
 * then. A block's sequence number is its own number modulo how many there are, so those of one log stand in two runs: up to the newest,
 * those of its turn; and behind it what is left from the turn before.
 */
function findEnds(log: Log): boolean {
  const view = log._view
  const at = log._header
  let newest = 0
  let newestId = 0
  let behind = 0
  let turn = -1
  for (let block = 0; block < log._blocks; block++) {
    if (!readHeader(log, block)) continue
    const sequence = view.getUint32(at + SEQUENCE)
    const id = view.getUint32(at + LOG_ID)
    if (sequence > newest) {
      if (id !== newestId || sequence - block !== turn) log._tail = sequence
      newest = sequence
      newestId = id
      turn = sequence - block
      behind = 0
    } else if (behind === 0 && id === newestId && sequence > newest - log._blocks) {
      behind = sequence
    }
  }
  if (newest === 0) return false
  if (behind > 0) log._tail = behind
  log._head = newest
  log._id = newestId
  // The newest block of a log of another shape stands elsewhere than its number says.
  for (let block = 0; block < log._blocks; block++) {
    const probe = block === 0 ? newest % log._blocks : block - 1
    if (readHeader(log, probe) && view.getUint32(at + SEQUENCE) === newest) return true
  }
  return false
}

/** Takes over what the newest header says. */
function takeHeader(log: Log): void {
  const view = log._view
  const at = log._header
  const bytes = log._bytes
  const shape = `${view.getUint16(at + COUNT)} blocks of ${view.getUint16(at + LENGTH)} bytes, alignment ${bytes[at + ALIGN]}`
  const asked = `${log._blocks} blocks of ${log._length} bytes, alignment ${log._align}`
  if (shape !== asked) throw failure("EFTYPE", `the log has ${shape}, not ${asked}`)
  if (bytes[at + INCOMPATIBLE] !== 0)
    throw failure(
      "EFTYPE",
      `the log has features ${bytes[at + INCOMPATIBLE]}, which this version does not know`,
    )
  if (bytes[at + CHECKSUM] !== 1 && !(SUM32 && bytes[at + CHECKSUM] === 2))
    throw failure(
      "EFTYPE",
      `the log has checks of kind ${bytes[at + CHECKSUM]}, not 1${SUM32 ? " or 2" : ""}`,
    )
  if (bytes[at + READ_COMPATIBLE] !== 0) log.readonly = true
  log._checksum = bytes[at + CHECKSUM]
  log._erases = view.getUint32(at + ERASES) & 0xffffff
  for (let i = 0; i < RETIRED_MAX; i++) log._retired[i] = view.getUint16(at + RETIRED + 2 * i)
}

/** A new log, of an id that neither the one before nor a neighbour has; the old one holds until its first block is opened. */
function beginAnew(log: Log, checksum: number): void {
  const before = log._head
  log._id = ((log._id ^ 0x2545f491) * 0x9e3b + log._first * 7919 + before * 31 + 1) >>> 0
  // It begins in block 0, with a sequence number that is newer than all.
  log._head = before === 0 ? log._blocks - 1 : Math.ceil((before + 1) / log._blocks) * log._blocks - 1
  log._tail = 0
  log._checksum = checksum
  log._isSealed = true
}

/** Refuses content that is not ours. A header that a cut has torn, and a block that a cut left half erased, are. */
function refuseForeign(log: Log): void {
  for (let block = 0; block < log._blocks; block++) {
    const start = block * log._length
    const end = start + log._length
    if (isErasedFrom(log, start, end, log._window)) continue
    readFlash(log, log._small, start)
    const byte = log._bytes[log._header]
    // A program that was cut has cleared some of the bits it was to clear, and no others.
    const isTorn = (log._view.getUint32(log._header) & MAGIC) >>> 0 === MAGIC
    if (isTorn && isErasedFrom(log, start + alignUp(log, HEADER), end, log._window)) continue
    refuse(
      "EFTYPE",
      `erase block ${log._first + block} holds something else (first byte 0x${byte.toString(16)}): choose another range, wipe it, or open with format: "always"`,
    )
  }
}
