/** A volume handle: its state, and the stream it is. How the log works is in FORMAT.md. */
import { failure } from "../errors.ts"
import { copyBytes } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { checkTransfer } from "./access.ts"
import { blankAhead, refuseStale } from "./blocks.ts"
import { reclaimTail } from "./cleaning.ts"
import type { FlashDevice } from "./device.ts"
import { addInterval, makeIntervals } from "./intervals.ts"
import {
  alignUp,
  BLOCK_HEADER,
  CHAIN_RANGES_MAX,
  IMAGE_WEIGHT,
  MARK_SIZE,
  RANGES_MAX,
  RESERVED_BLOCKS,
  SEED_SIZE,
} from "./layout.ts"
import { giveUp } from "./map.ts"
import { CONTENT, overlayGathered, readPage } from "./pages.ts"
import {
  checkVolume,
  type FlashFinding,
  type FlashVolumeStatus,
  readyBytes,
  spareWeight,
  volumeStatus,
} from "./status.ts"
import { emitGathered, flushVolume, setVolumeSize } from "./transaction.ts"

/** Bytes of the first read of a record, which mostly is all of it. */
const SHORT_READ = 96
/** Bytes of a window in which the records of pages up to 768 are whole, and a good part of larger ones; more would be over the bound of memory. */
const WINDOW_PAGE_MAX = 768

/**
 * A RandomAccessStream over erase blocks whose flush is all-or-nothing at every power cut. Made by open(). Everything since the last
 * flush is forgotten by a cut, by rollback(), and by close(). Methods throw ECLOSED, ECORRUPT, ENOSPC, EROFS, ESTALE.
 */
export class FlashVolume implements RandomAccessStream {
  declare readonly atomic: true
  declare readonly exclusive: true
  declare readonly: boolean
  /** Bytes in a page; a btree opened with page size 0 takes it. */
  declare readonly pagesize: number

  /** @internal */ declare _device: FlashDevice
  /** @internal First erase block of the range, how many, their length, and the byte where the range begins. */
  declare _first: number
  /** @internal */ declare _blocks: number
  /** @internal How many the newest header says, which are fewer before the volume has grown. */
  declare _count: number
  /** @internal */ declare _blockLength: number
  /** @internal */ declare _base: number
  /** @internal */ declare _align: number
  /** @internal Erased blocks read 0xff. */ declare _blankShows: boolean
  /** @internal 1 CRC-32, 2 a rotating sum. */ declare _checksum: number
  /** @internal */ declare _id: number
  /** @internal Per block: state, low 16 bits of the sequence, what it costs to move it, erase count above _eraseBase. */
  declare _states: Uint8Array
  /** @internal */ declare _sequences: Uint16Array
  /** @internal */ declare _weights: Uint8Array
  /** @internal */ declare _eraseCounts: Uint16Array
  /** @internal */ declare _eraseBase: number
  /** @internal Per page: position of its newest record, cost of its chain and whether it is sparse above it; 0 for none. */
  declare _map: Uint32Array
  /** @internal */ declare _pages: number
  /** @internal Pages whose content takes capacity; images that fit a block, their size on the flash; blocks that pages may fill. */
  declare _live: number
  /** @internal */ declare _perBlock: number
  /** @internal */ declare _imageSize: number
  /** @internal */ declare _usable: number
  /** @internal Room that reclaiming may take. */ declare _neededWeight: number
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
  /** @internal Pages that the open transaction has changed, and their entries at the last flush. */
  declare _oldPages: Uint16Array
  /** @internal */ declare _oldEntries: Uint32Array
  /** @internal */ declare _oldCount: number
  /** @internal Stream size in bytes: now, as the log says it, at the last flush. */ declare _size: number
  /** @internal */ declare _loggedSize: number
  /** @internal */ declare _flushedSize: number
  /** @internal Page being gathered, -1 for none, and which of its bytes: they stand at the beginning of _bytes. */
  declare _page: number
  /** @internal */ declare _gathered: Uint16Array
  /** @internal What newer records have covered while a chain is read. */ declare _covered: Uint16Array
  /** @internal All buffers: the gathered page, the work area, the window, a block's header. */
  declare _bytes: Uint8Array
  /** @internal */ declare _view: DataView
  /** @internal Where they begin, and their parts that the device fills. */ declare _work: number
  /** @internal */ declare _window: number
  /** @internal */ declare _header: number
  /** @internal */ declare _short: Uint8Array
  /** @internal */ declare _whole: Uint8Array
  /** @internal */ declare _headerView: Uint8Array
  /** @internal */ declare _markView: Uint8Array
  /** @internal What the flash showed behind the last record, where that is not 0xff. */
  declare _mark: Uint8Array
  /** @internal Position of the window's first byte, -1 for none; the end of its bytes; where the last record begins in it. */
  declare _loaded: number
  /** @internal */ declare _have: number
  /** @internal */ declare _recordAt: number
  /** @internal The record being read: what its head says, where the next one begins, how far it was taken. */
  declare _flags: number
  /** @internal */ declare _recordPage: number
  /** @internal */ declare _link: number
  /** @internal */ declare _next: number
  /** @internal */ declare _left: number
  /** @internal */ declare _cursor: number
  /** @internal */ declare _checked: number
  /** @internal */ declare _check: number
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
    blankShows: boolean,
  ) {
    this.atomic = true
    this.exclusive = true
    this.readonly = false
    this.pagesize = pagesize
    this._device = device
    this._first = first
    this._blocks = blocks
    this._count = blocks
    this._blockLength = blockLength
    this._base = first * blockLength
    this._align = align
    this._blankShows = blankShows
    this._checksum = 1
    this._id = 0
    this._states = new Uint8Array(blocks)
    this._sequences = new Uint16Array(blocks)
    this._weights = new Uint8Array(blocks)
    this._eraseCounts = new Uint16Array(blocks)
    this._eraseBase = 0
    this._pages = Math.floor((blocks * blockLength) / pagesize)
    this._map = new Uint32Array(this._pages)
    this._oldPages = new Uint16Array(16)
    this._oldEntries = new Uint32Array(16)
    this._live = 0
    // Flags, body size, page, one range of the whole page, check.
    this._imageSize = alignUp(1 + 2 + 2 + 3 + pagesize + 4, align)
    this._perBlock = Math.floor((blockLength - alignUp(BLOCK_HEADER, align)) / this._imageSize)
    const every = (blocks - 8) >> 3
    this._checkpointEvery = every < 1 ? 1 : every > 8 ? 8 : every
    const windowSize = SEED_SIZE + 16 + alignUp(pagesize < WINDOW_PAGE_MAX ? pagesize : WINDOW_PAGE_MAX, 16)
    const headerSize = alignUp(BLOCK_HEADER, align)
    this._work = pagesize
    this._window = this._work + CONTENT + pagesize
    this._header = this._window + windowSize
    this._bytes = new Uint8Array(this._header + headerSize)
    this._view = new DataView(this._bytes.buffer)
    const from = this._window + SEED_SIZE
    this._short = this._bytes.subarray(from, from + SHORT_READ)
    this._whole = this._bytes.subarray(from, this._header)
    this._headerView = this._bytes.subarray(this._header, this._header + headerSize)
    this._markView = this._bytes.subarray(this._header, this._header + MARK_SIZE)
    this._mark = new Uint8Array(MARK_SIZE)
    this._gathered = makeIntervals(RANGES_MAX)
    this._covered = makeIntervals(CHAIN_RANGES_MAX)
    this._loaded = -1
    this._have = this._recordAt = this._flags = this._recordPage = this._link = 0
    this._next = this._left = this._cursor = this._checked = this._check = 0
    this._reset(0)
  }

  /** @internal Makes the handle that of a volume without content. */
  _reset(sequence: number): void {
    this._states.fill(0)
    this._map.fill(0)
    this._usable = this._blocks - RESERVED_BLOCKS
    this._live = 0
    this._head = -1
    this._at = 0
    this._sealed = true
    this._sequence = sequence
    this._dropped = -1
    this._free = this._blocks
    this._neededWeight = this._perBlock * IMAGE_WEIGHT
    this._checkpoint = 0
    this._checkpointSequence = sequence
    this._checkpointDue = false
    this._started = 0
    this._abortDue = false
    this._oldCount = 0
    this._size = 0
    this._loggedSize = 0
    this._flushedSize = 0
    this._page = -1
    this._failed = ""
    this._stale = false
    this._busy = false
    this._closed = false
  }

  /** Gives the bytes read; sees what was written since the last flush. One flash read a record of each page's chain, two for a long one. */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._enter(false)
    const from = start === undefined ? 0 : start
    let count = length === undefined ? buffer.length - from : length
    checkTransfer(buffer.length, position, from, count)
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    for (let done = 0; done < count; ) {
      const page = Math.floor((position + done) / this.pagesize)
      const offset = (position + done) % this.pagesize
      const end = count - done < this.pagesize - offset ? offset + count - done : this.pagesize
      readPage(this, page, this._map[page], buffer, from + done, offset, end)
      if (page === this._page) overlayGathered(this, buffer, from + done, offset, end)
      done += end - offset
    }
    return count
  }

  /**
   * Takes bytes for the next flush. Writes into one page are gathered in memory; the page before is programmed when another one
   * is written. ENOSPC, EINVAL.
   */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this._enter(true)
    const from = start === undefined ? 0 : start
    const count = length === undefined ? buffer.length - from : length
    const most = this._pages * this.pagesize
    checkTransfer(buffer.length, position, from, count)
    if (count === 0) return
    if (position + count > most)
      throw failure("ENOSPC", `the volume has addresses up to ${most}, not ${position + count}`)
    this._busy = true
    for (let done = 0; done < count; ) {
      const page = Math.floor((position + done) / this.pagesize)
      const offset = (position + done) % this.pagesize
      const part = count - done < this.pagesize - offset ? count - done : this.pagesize - offset
      if (page !== this._page || !addInterval(this._gathered, offset, offset + part)) {
        emitGathered(this, 0)
        this._page = page
        addInterval(this._gathered, offset, offset + part)
      }
      copyBytes(buffer, from + done, this._bytes, offset, part)
      done += part
    }
    if (position + count > this._size) this._size = position + count
    this._busy = false
  }

  /** Gives the length in bytes. */
  size(): number {
    this._enter(false)
    return this._size
  }

  /** Cuts the stream (pages beyond cost nothing after the next flush), or extends it with zeros. EINVAL, ENOSPC. */
  setSize(size: number): void {
    this._enter(true)
    setVolumeSize(this, size)
  }

  /** Makes everything since the last flush durable, all of it or nothing. One program call for a change of one page. */
  flush(): void {
    this._enter(true)
    this._busy = true
    flushVolume(this)
    this._busy = false
  }

  /** Forgets everything since the last flush, and heals a volume that an error stopped. Reads and writes nothing. */
  rollback(): void {
    if (this._closed) this._enter(false)
    this._failed = ""
    this._page = -1
    this._gathered[0] = 0
    if (this._started !== 0) this._abortDue = true
    giveUp(this)
    this._busy = false
  }

  /**
   * Cleans ahead, so that coming flushes need no erase: at most `erases` (1) erases; true when they were used up and there may be more
   * to do. Reads what is moved, and blocks that it looks at for being blank. Call it when the
   * application has time.
   */
  maintain(options?: { erases?: number }): boolean {
    this._enter(true)
    if (this._head < 0 || this._started !== 0) return false
    this._busy = true
    refuseStale(this)
    let left = options === undefined || options.erases === undefined ? 1 : options.erases
    const wanted = (this._blocks >> 2) * this._perBlock * IMAGE_WEIGHT
    while (left > 0 && (blankAhead(this) || (spareWeight(this) < wanted && reclaimTail(this)))) left--
    this._busy = false
    return left <= 0
  }

  /** Gives figures of the volume; readyBytes can be committed without any erase. Reads nothing. */
  status(): FlashVolumeStatus {
    this._enter(false)
    return volumeStatus(this)
  }

  /** Bytes that can be committed without any erase. */
  get readyBytes(): number {
    return readyBytes(this)
  }

  /** Reads every header and record in use and gives what is damaged: nothing for a sound volume. */
  check(): FlashFinding[] {
    this._enter(false)
    return checkVolume(this)
  }

  /** Forgets what was not flushed and ends the handle; the device stays open. May be called twice. */
  close(): void {
    this._closed = true
  }

  /** @internal */
  _enter(writes: boolean): void {
    if (this._closed) throw failure("ECLOSED", "the volume is closed")
    if (this._busy) throw failure("EIO", "an earlier change was cut short: roll back, or reopen")
    if (!writes) return
    if (this.readonly) throw failure("EROFS", "the volume was opened read-only")
    if (this._stale) throw failure("ESTALE", "another writer has changed the volume: reopen it")
    if (this._failed !== "") throw failure("EIO", this._failed)
  }
}
