/**
 * A log of records on erase blocks, with no tree: the gentlest way to keep one. FORMAT.md has every byte, and why every cut is survived.
 */
import type { Bytes } from "../bytes.ts"
import { toBytes } from "../bytes.ts"
import { type ErrorCode, refuse } from "../errors.ts"
import { copyBytes } from "../platform.ts"
import type { FlashDevice } from "../stream/flash-device.ts"
import { putEntry } from "./frames.ts"
import {
  CHECK,
  ENTRY_HEAD,
  GROUP_HEAD,
  GROUP_MAX,
  HEADER,
  NO_BLOCK,
  RETIRED_MAX,
  SMALL,
  TIME_MAX,
} from "./layout.ts"
import { alignUp } from "./places.ts"
import { since } from "./reading/index.ts"
import type { Walk } from "./reading/walk.ts"
import type { LogFinding, LogFormat, LogStatus, LogVisit, VisitOptions } from "./types.ts"
import { programPending } from "./write.ts"

/**
 * Made by open(). All methods throw ECLOSED after close(), and EIO after a call that was cut short; those that change it EROFS when
 * it is read-only, and EIO after one that failed, until rollback() or reopening.
 */
export class Log {
  /**
   * Visits the records from number `sequence` on, the oldest first, those not flushed too: visit(record, number, time). The record is a
   * view of the log's memory that holds until visit returns; false ends it, and so may an error. Options: newestFirst, and lost(from,
   * to), which is told which records are damaged; without it they are thrown as ECORRUPT. The log must not be used in between.
   * About one flash read for each `buffer` bytes and four a block; twice that, newest first. Records that are not flushed are
   * programmed first, without being made durable. Allocates one object, a view a record, and newest first 128 bytes.
   * @throws ECORRUPT the block and offset of damaged records; EINVAL when visit has used the log; what flush() throws
   */
  declare since: (sequence: number, call: LogVisit, options?: VisitOptions) => void

  /**
   * Writes every record as a line of text that `flashtree load` reads: NDJSON, or the format of db_dump, where times are left out. The
   * key is the record's number in ten digits. Options, errors and cost are since()'s, and a string a line.
   */
  declare export: (write: (line: string) => void, format?: LogFormat, options?: VisitOptions) => void

  /**
   * Reads all of it and gives what is damaged, and which records are lost with it: empty when it is sound. Calls progress(done, blocks)
   * after each block, to feed a watchdog; false ends it. Allocates what since() does, and the findings.
   * @throws EIO, and what flush() throws when records are not flushed
   */
  declare check: (progress?: (done: number, blocks: number) => unknown) => LogFinding[]

  /**
   * Visits the records with times of `from` up to `to`, both included, as since() does. Finds the block of the first by halving: 7 reads in
   * 64 blocks. Where times have fallen since the oldest record all are read.
   */
  declare between: (from: number, to: number, call: LogVisit, options?: VisitOptions) => void

  /**
   * Erases the block ahead, dropping the oldest one if need be, so that the next flush to need a block meets no erase. Gives true when it
   * made one ready, false when there was nothing to do. Call it when the application has time.
   * @throws EIO, ESTALE
   */
  declare maintain: () => boolean

  /** Forgets the records since the last flush, and heals a log that an error stopped. Reads and programs nothing. @throws ESTALE, ECLOSED */
  declare rollback: () => void

  /** Gives figures of the log. Reads nothing. */
  declare status: () => LogStatus
  /** @internal */ declare _walkBack: (walk: Walk, oldest: number, newest: number) => void
  /** @internal Of the extras, undefined without them: what they find of blocks with damaged headers. */
  declare _findLostTail?: () => void
  /** @internal */ declare _endOfCommits?: (walk: Walk, sequence: number) => number
  /** @internal */ declare _flash: FlashDevice
  /** @internal First erase block of the range, how many, their length, the byte where the range begins. */
  declare _firstBlock: number
  /** @internal */ declare _blockCount: number
  /** @internal */ declare _length: number
  /** @internal */ declare _base: number
  /** @internal */ declare _unit: number
  /** @internal Erased blocks do not read 0xff. */ declare _isOpaque: boolean
  /** @internal 1 CRC-32, 2 a rotating sum. */ declare _checkKind: number
  /** @internal */ declare _logId: number
  /** @internal The oldest block gives way when space runs out. */ declare _overwrites: boolean
  /** @internal Entries that are not programmed yet, or the window; from _headerAt on a header. */
  declare _bytes: Uint8Array
  /** @internal */ declare _view: DataView
  /** @internal */ declare _windowView: Uint8Array
  /** @internal */ declare _small: Uint8Array
  /** @internal */ declare _headerBytes: Uint8Array
  /** @internal Bytes of the window: the longest frame. */ declare _size: number
  /** @internal */ declare _headerAt: number
  /** @internal Position of the window's first byte, -1 for none; how many bytes it has. */
  declare _windowAt: number
  /** @internal */ declare _windowLength: number
  /** @internal Sequence numbers of the newest and the oldest block, 0 for none; a block's number is its sequence modulo their count. */
  declare _head: number
  /** @internal */ declare _tail: number
  /** @internal Offset in the head where the next frame goes; where the last commit ends, and in which block. */
  declare _writeAt: number
  /** @internal */ declare _end: number
  /** @internal */ declare _committed: number
  /** @internal Nothing more may go into the head. */ declare _isSealed: boolean
  /** @internal The head did not take a program. */ declare _fails: boolean
  /** @internal Blocks behind the head that a cut left with nothing decided. */ declare _givenBack: number
  /** @internal Sequence number for which a block has been erased ahead, or 0. */ declare _blank: number
  /** @internal */ declare _retired: Uint16Array
  /** @internal Numbers: of the next record, of the one after the last commit, of the oldest. */
  declare _next: number
  /** @internal */ declare _flushed: number
  /** @internal */ declare _firstRecord: number
  /** @internal Newest time, and how often times fell; before the entries that are not programmed yet; at the last commit. */
  declare _time: number
  /** @internal */ declare _falls: number
  /** @internal */ declare _timeBefore: number
  /** @internal */ declare _fallsBefore: number
  /** @internal */ declare _timeFlushed: number
  /** @internal */ declare _fallsFlushed: number
  /** @internal Entries in memory, and the index behind them. */ declare _count: number
  /** @internal */ declare _pending: number
  /** @internal Frames are programmed that no commit follows yet. */ declare _isUndecided: boolean
  /** @internal What parseEntry and readFrame found. */ declare _number: number
  /** @internal */ declare _isTimed: boolean
  /** @internal */ declare _delta: number
  /** @internal */ declare _dataAt: number
  /** @internal */ declare _dataLength: number
  /** @internal */ declare _entries: number
  /** @internal */ declare _entryAt: number
  /** @internal */ declare _commits: boolean
  /** @internal What a change is refused with; "" where it is not. While one is under way it is EIO, in case that is cut short. */
  declare _code: ErrorCode | ""

  constructor(
    device: FlashDevice,
    first: number,
    blocks: number,
    length: number,
    align: number,
    size: number,
  ) {
    this._flash = device
    this._firstBlock = first
    this._blockCount = blocks
    this._length = length
    this._base = first * length
    this._unit = align
    this._isOpaque = false
    this._checkKind = 1
    this._logId = 0
    this._overwrites = true
    this._size = size
    this._headerAt = size
    this._bytes = new Uint8Array(size + SMALL)
    this._view = new DataView(this._bytes.buffer)
    this._windowView = this._bytes.subarray(0, size)
    this._small = this._bytes.subarray(size, size + SMALL)
    this._headerBytes = this._bytes.subarray(size, size + HEADER)
    this._retired = new Uint16Array(RETIRED_MAX)
    this._retired.fill(NO_BLOCK)
    this._number = this._delta = this._dataAt = this._dataLength = this._entries = this._entryAt = 0
    this._isTimed = this._commits = false
    this._head =
      this._tail =
      this._writeAt =
      this._end =
      this._committed =
      this._givenBack =
      this._blank =
      this._windowLength =
        0
    this._windowAt = -1
    this._isSealed = true
    this._fails = this._isUndecided = false
    this._next = this._flushed = this._firstRecord = 1
    this._time =
      this._falls =
      this._timeBefore =
      this._fallsBefore =
      this._timeFlushed =
      this._fallsFlushed =
        0
    this._count = 0
    this._pending = GROUP_HEAD
    this._code = ""
  }

  /** Number of the oldest record. */
  get first(): number {
    return this._firstRecord
  }

  /** Number of the newest record, flushed or not; first - 1 when there is none. */
  get last(): number {
    return this._next - 1
  }

  get count(): number {
    return this._next - this._firstRecord
  }

  /**
   * Adds a record, which is copied, and gives its number: one more than that of the record before. `time` is a whole number of any unit,
   * kept with the record. Programs nothing while there is room in memory, and in the block; flush() makes it durable. Allocates nothing.
   * @throws EINVAL a record that is too long, a time that is no whole number; what flush() throws, and then the record is not added
   */
  append(record: Bytes, time?: number): number {
    const bytes = toBytes(record, "record")
    this._begin(true)
    const length = bytes.length
    const most = this._size - this._unit - GROUP_HEAD - ENTRY_HEAD - CHECK
    if (length > most) refuse("EINVAL", `the record has ${length} bytes, at most ${most} fit the buffer`)
    const isTimed = time !== undefined
    if (isTimed && !(typeof time === "number" && time >= -TIME_MAX && time <= TIME_MAX && time % 1 === 0))
      refuse("EINVAL", `time is ${time}, expected a whole number to 2^51`)
    const isFull = this._pending + ENTRY_HEAD + length + CHECK > this._size - this._unit
    if (this._count === GROUP_MAX || (this._count > 0 && isFull)) programPending(this, false)
    const delta = isTimed ? time - this._time : 0
    let end = 0
    this._windowAt = -1
    // What is in memory is one frame, which goes into the head: where this record does not, another begins with it.
    while (end === 0) {
      end = putEntry(this, length, isTimed, delta) + length
      const frame = alignUp(this, end - (this._count === 0 ? GROUP_HEAD : 0) + CHECK)
      if (this._isSealed || this._writeAt + frame <= this._length) continue
      if (this._count === 0) this._isSealed = true
      else {
        programPending(this, false)
        end = 0
      }
    }
    this._code = "EIO"
    copyBytes(bytes, 0, this._bytes, end - length, length)
    this._pending = end
    this._time += delta
    if (delta < 0) this._falls = (this._falls + 1) & 0xffff
    this._count++
    this._code = ""
    return this._next++
  }

  /**
   * Makes all records durable, those since the last flush together or not at all. One program call, unless they are more than fit in
   * memory or in what is left of a block; then at most one erase a block. Allocates views of memory only.
   * @throws ENOSPC it is full and must not drop its oldest block; EIO the device, or more than three blocks, fail; ESTALE
   */
  flush(): void {
    this._begin(true)
    if (this._count > 0 || this._isUndecided) programPending(this, true)
  }

  /** Flushes, unless an error has stopped the log, and ends the handle; the device stays open. May be called twice. @throws what flush() does */
  close(): void {
    if (this._code === "") this.flush()
    this._windowAt = -1
    this._code = "ECLOSED"
  }

  /** @internal Refuses a change where _code says so, and everything when the log is closed. */
  _begin(writes: boolean): void {
    const code = this._code
    if (code === "" || (!writes && code !== "ECLOSED")) return
    let why = "a change failed or was cut short: roll back, or reopen"
    if (code === "ECLOSED") why = "the log is closed"
    if (code === "EROFS") why = "the log is read-only"
    if (code === "ESTALE") why = "another writer has changed the log: reopen it"
    refuse(code, why)
  }
}

/** What a small device may leave out: the extras put something in the place of it. */
function needsExtras(): never {
  refuse("EINVAL", 'needs require("log-extras")(require("log"))')
}

Log.prototype.since = since
Log.prototype.between = needsExtras
Log.prototype.check = needsExtras
Log.prototype.export = needsExtras
Log.prototype.maintain = needsExtras
Log.prototype.rollback = needsExtras
Log.prototype.status = needsExtras
Log.prototype._walkBack = needsExtras
