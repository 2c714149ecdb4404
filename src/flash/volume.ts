/** A volume handle: its state, and the stream it is. How the log works is in FORMAT.md. */
import { failure } from "../errors.ts"
import { copyBytes } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { readPage } from "./chain.ts"
import { checkVolume } from "./check.ts"
import { cleanTail, FREE_WANTED } from "./cleaning.ts"
import type { FlashDevice } from "./device.ts"
import { Intervals } from "./intervals.ts"
import { alignUp, BLOCK_HEADER, CHAIN_MAX, NOT_TRIMMED, RANGES_MAX, RESERVED_BLOCKS } from "./layout.ts"
import { RecordReader } from "./reader.ts"
import { MARK_SIZE, STALE } from "./ring.ts"
import { type FlashFinding, type FlashVolumeStatus, readyBytes, volumeStatus } from "./status.ts"
import { emitGathered, flushVolume, rollbackVolume, setVolumeSize } from "./transaction.ts"
import { IMAGE_OFFSET } from "./writer.ts"

/**
 * A RandomAccessStream over erase blocks whose flush is all-or-nothing at every power cut. Made by open(). Everything since the last
 * flush is forgotten by a cut, by rollback(), and by close(). Methods throw ECLOSED, ECORRUPT, ENOSPC, EROFS, ESTALE.
 */
export class FlashVolume implements RandomAccessStream {
  declare readonly atomic: true
  declare readonly exclusive: true
  declare readonly readonly: boolean
  /** Bytes in a page; a btree opened with page size 0 takes it. */
  declare readonly pagesize: number

  /** @internal */ declare _device: FlashDevice
  /** @internal First erase block of the range, how many, their length, and the byte where the range begins. */
  declare _first: number
  /** @internal */ declare _blocks: number
  /** @internal */ declare _blockLength: number
  /** @internal */ declare _base: number
  /** @internal */ declare _align: number
  /** @internal Erased blocks read 0xff. */ declare _blankShows: boolean
  /** @internal 1 CRC-32, 2 a rotating sum. */ declare _checksum: number
  /** @internal */ declare _id: number
  /** @internal Per block: state, low 16 bits of the sequence, erase count above _eraseBase. */
  declare _states: Uint8Array
  /** @internal */ declare _sequences: Uint16Array
  /** @internal */ declare _eraseCounts: Uint16Array
  /** @internal */ declare _eraseBase: number
  /** @internal Per page: position of its newest record, chain length and TINY above it; 0 for none. */
  declare _map: Uint32Array
  /** @internal */ declare _pages: number
  /** @internal Pages that may have content: as many can be cleaned whatever happens. */
  declare _capacityPages: number
  /** @internal Block being written, -1 for none yet; the offset in it; nothing more may go into it. */
  declare _head: number
  /** @internal */ declare _at: number
  /** @internal */ declare _sealed: boolean
  /** @internal */ declare _sequence: number
  /** @internal Block given back when the volume was opened: its header is newer than the head's. */
  declare _dropped: number
  /** @internal Free blocks, blank or not. */ declare _free: number
  /** @internal */ declare _checkpoint: number
  /** @internal */ declare _checkpointSequence: number
  /** @internal */ declare _checkpointEvery: number
  /** @internal */ declare _checkpointDue: boolean
  /** @internal Position of the first record of the open transaction, 0 for none. */ declare _started: number
  /** @internal The log ends in records that were given up: say so before anything else. */
  declare _abortDue: boolean
  /** @internal Pages from here on were cut off by the open transaction. */ declare _trimmed: number
  /** @internal The last byte of the log when they were; 0: before any. */ declare _trimmedAt: number
  /** @internal Stream size in bytes, now and at the last flush. */ declare _size: number
  /** @internal */ declare _flushedSize: number
  /** @internal Page being gathered, -1 for none; its bytes, and which of them. */ declare _page: number
  /** @internal */ declare _gathered: Uint8Array
  /** @internal */ declare _ranges: Intervals
  /** @internal What newer records have covered while a chain is read. */ declare _covered: Intervals
  /** @internal What was behind the last record, and is now. */ declare _mark: Uint8Array
  /** @internal */ declare _markNow: Uint8Array
  /** @internal A record being built, or a page being moved. */ declare _work: Uint8Array
  /** @internal */ declare _header: Uint8Array
  /** @internal */ declare _headerView: DataView
  /** @internal */ declare _reader: RecordReader
  /** @internal Why nothing may be written; empty when it may. */ declare _failed: string
  /** @internal Another writer was seen. */ declare _stale: boolean
  /** @internal A change is under way, or was cut short. */ declare _busy: boolean
  /** @internal */ declare _closed: boolean

  /** @internal open() checks the geometry. */
  constructor(
    device: FlashDevice,
    first: number,
    blocks: number,
    blockLength: number,
    align: number,
    pagesize: number,
  ) {
    this.atomic = true
    this.exclusive = true
    this.readonly = false
    this.pagesize = pagesize
    this._device = device
    this._first = first
    this._blocks = blocks
    this._blockLength = blockLength
    this._base = first * blockLength
    this._align = align
    this._blankShows = true
    this._checksum = 1
    this._id = 0
    this._states = new Uint8Array(blocks)
    this._sequences = new Uint16Array(blocks)
    this._eraseCounts = new Uint16Array(blocks)
    this._eraseBase = 0
    this._pages = Math.floor((blocks * blockLength) / pagesize)
    this._map = new Uint32Array(this._pages)
    this._capacityPages = capacityPages(blocks, blockLength, pagesize, align)
    this._head = -1
    this._at = 0
    this._sealed = false
    this._sequence = 0
    this._dropped = -1
    this._free = blocks
    this._checkpoint = 0
    this._checkpointSequence = 0
    const every = blocks >> 3
    this._checkpointEvery = every < 1 ? 1 : every > 12 ? 12 : every
    this._checkpointDue = false
    this._started = 0
    this._abortDue = false
    this._trimmed = NOT_TRIMMED
    this._trimmedAt = 0
    this._size = 0
    this._flushedSize = 0
    this._page = -1
    this._gathered = new Uint8Array(pagesize)
    this._ranges = new Intervals(RANGES_MAX + 1)
    this._covered = new Intervals(CHAIN_MAX * (RANGES_MAX + 1) + 8)
    this._work = new Uint8Array(alignUp(IMAGE_OFFSET + pagesize + 8, align) + align)
    this._header = new Uint8Array(alignUp(BLOCK_HEADER, align))
    this._headerView = new DataView(this._header.buffer)
    this._mark = new Uint8Array(MARK_SIZE).fill(0xff)
    this._markNow = new Uint8Array(MARK_SIZE)
    this._reader = new RecordReader()
    this._failed = ""
    this._stale = false
    this._busy = false
    this._closed = false
  }

  /** Gives the bytes read; sees what was written since the last flush. One flash read a record of each page's chain. */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._enter()
    const from = start === undefined ? 0 : start
    let count = length === undefined ? buffer.length - from : length
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    let done = 0
    while (done < count) {
      const page = Math.floor((position + done) / this.pagesize)
      const offset = (position + done) % this.pagesize
      const room = this.pagesize - offset
      const part = count - done < room ? count - done : room
      if (part === this.pagesize) {
        readPage(this, page, false, buffer, from + done)
      } else {
        readPage(this, page, false, this._work, IMAGE_OFFSET)
        copyBytes(this._work, IMAGE_OFFSET + offset, buffer, from + done, part)
      }
      if (page === this._page) this._overlay(buffer, from + done, offset, offset + part)
      done += part
    }
    return count
  }

  /**
   * Takes bytes for the next flush. Writes into one page are gathered in memory; the page before is programmed when another one
   * is written. ENOSPC, EINVAL.
   */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this._enterWrite()
    const from = start === undefined ? 0 : start
    const count = length === undefined ? buffer.length - from : length
    if (position < 0 || position % 1 !== 0 || from < 0 || count < 0 || from + count > buffer.length) {
      throw failure(
        "EINVAL",
        `cannot write bytes ${from} to ${from + count} of ${buffer.length} at ${position}`,
      )
    }
    if (position + count > this._pages * this.pagesize) {
      throw failure(
        "ENOSPC",
        `the volume has addresses up to ${this._pages * this.pagesize}, not ${position + count}`,
      )
    }
    this._busy = true
    let done = 0
    while (done < count) {
      const page = Math.floor((position + done) / this.pagesize)
      const offset = (position + done) % this.pagesize
      const room = this.pagesize - offset
      const part = count - done < room ? count - done : room
      if (page !== this._page || !this._ranges.hasRoom(offset, offset + part)) {
        emitGathered(this, 0)
        this._page = page
      }
      copyBytes(buffer, from + done, this._gathered, offset, part)
      this._ranges.add(offset, offset + part)
      done += part
    }
    if (position + count > this._size) this._size = position + count
    this._busy = false
  }

  /** Gives the length in bytes. */
  size(): number {
    this._enter()
    return this._size
  }

  /** Cuts the stream (pages beyond cost nothing after the next flush), or extends it with zeros. */
  setSize(size: number): void {
    this._enterWrite()
    setVolumeSize(this, size)
  }

  /** Makes everything since the last flush durable, all of it or nothing. One program call for a change of one page. */
  flush(): void {
    this._enterWrite()
    flushVolume(this)
  }

  /** Forgets everything since the last flush, and heals a volume that an error stopped. */
  rollback(): void {
    if (this._closed) this._enter()
    rollbackVolume(this)
  }

  /**
   * Cleans ahead, so that coming flushes need no erase: at most `erases` (1) erases; true when there is more to do. Call it when the
   * application has time.
   */
  maintain(options?: { erases?: number }): boolean {
    this._enterWrite()
    let left = options === undefined || options.erases === undefined ? 1 : options.erases
    const wanted = this._blocks >> 2 > FREE_WANTED ? this._blocks >> 2 : FREE_WANTED
    if (this._head < 0 || this._started !== 0 || this._abortDue) return false
    this._busy = true
    while (left > 0 && this._free < wanted && cleanTail(this)) left--
    this._busy = false
    return this._free < wanted
  }

  /** Gives figures of the volume; readyBytes can be committed without any erase. Reads nothing. */
  status(): FlashVolumeStatus {
    this._enter()
    return volumeStatus(this)
  }

  /** Bytes that can be committed without any erase. */
  get readyBytes(): number {
    return readyBytes(this)
  }

  /** Reads every record in use and gives what is damaged: nothing for a sound volume. */
  check(): FlashFinding[] {
    this._enter()
    return checkVolume(this)
  }

  /** Forgets what was not flushed and ends the handle; the device stays open. May be called twice. */
  close(): void {
    this._closed = true
  }

  /** @internal */
  _enter(): void {
    if (this._closed) throw failure("ECLOSED", "the volume is closed")
    if (this._busy) throw failure("EIO", "an earlier change was cut short: roll back, or reopen")
  }

  /** @internal */
  _enterWrite(): void {
    this._enter()
    if (this.readonly) throw failure("EROFS", "the volume was opened read-only")
    if (this._stale) throw failure("ESTALE", STALE)
    if (this._failed !== "") throw failure("EIO", this._failed)
  }

  /** @internal Puts gathered bytes [from, to) of the page over what was read to `target` from `offset`. */
  _overlay(target: Uint8Array, offset: number, from: number, to: number): void {
    const pairs = this._ranges.pairs
    for (let i = 0; i < this._ranges.count * 2; i += 2) {
      const start = pairs[i] > from ? pairs[i] : from
      const end = pairs[i + 1] < to ? pairs[i + 1] : to
      if (start < end) copyBytes(this._gathered, start, target, offset + start - from, end - start)
    }
  }
}

function capacityPages(blocks: number, blockLength: number, pagesize: number, align: number): number {
  const perBlock = Math.floor((blockLength - alignUp(BLOCK_HEADER, align)) / alignUp(pagesize + 20, align))
  return (blocks - RESERVED_BLOCKS) * perBlock
}
