/** A volume handle: its state, and the stream it is. How the log works is in FORMAT.md. */
import { type ErrorCode, refuse } from "../errors.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { STALE } from "./blocks.ts"
import type { FlashDevice } from "./device.ts"
import { STREAM_SIZE } from "./layout.ts"
import { giveUp } from "./map.ts"
import type { FlashOpenOptions } from "./opening/index.ts"
import { type FlashFinding, type FlashVolumeStatus, volumeStatus } from "./status.ts"
import { flushVolume, programControl } from "./transaction.ts"
import { transfer } from "./transfer.ts"

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
  /** @internal The same, under a short name on hosts where names cost. */
  declare _pagesize: number

  /** @internal */ declare _device: FlashDevice
  /** @internal First erase block of the range, how many, their length, and the byte where the range begins. */
  declare _first: number
  /** @internal */ declare _blocks: number
  /** @internal How many the newest header says, which are fewer before the volume has grown. */
  declare _count: number
  /** @internal */ declare _blockLength: number
  /** @internal */ declare _base: number
  /** @internal */ declare _align: number
  /** @internal Erased blocks do not read 0xff. */ declare _opaque: boolean
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
  /** @internal Room that reclaiming may take, and that with which no transaction of a few pages needs more than two erases. */
  declare _neededWeight: number
  /** @internal */ declare _soonWeight: number
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
  /** @internal Where in them a record's body is built, a page's content stands, the window and the header begin. */
  declare _body: number
  /** @internal */ declare _content: number
  /** @internal */ declare _window: number
  /** @internal */ declare _header: number
  /** @internal */ declare _headerSize: number
  /** @internal Parts that the device fills: the first of the window and all of it, the header and its first bytes. */
  declare _short: Uint8Array
  /** @internal */ declare _whole: Uint8Array
  /** @internal */ declare _headerView: Uint8Array
  /** @internal The part of _bytes that was programmed last. */ declare _programmed: Uint8Array
  /** @internal What the flash showed behind the last record, where that is not 0xff. */
  declare _mark: Uint8Array
  /** @internal Position of the window's first byte; the end of its bytes, 0 for none; where the last record begins in it. */
  declare _loaded: number
  /** @internal */ declare _have: number
  /** @internal Bytes that the last read of the flash was for. */ declare _got: number
  /** @internal */ declare _recordAt: number
  /** @internal The record that was read: what its head says, where the next one begins, where in its body and how much is left. */
  declare _flags: number
  /** @internal */ declare _recordPage: number
  /** @internal */ declare _link: number
  /** @internal */ declare _next: number
  /** @internal */ declare _cursor: number
  /** @internal */ declare _left: number
  /** @internal Why nothing may be written: ENOSPC until rollback(), ESTALE for another writer; empty when it may. */
  declare _stopped: ErrorCode | ""
  /** @internal A change is under way, or was cut short. */ declare _busy: boolean
  /** @internal */ declare _closed: boolean

  /**
   * Cleans ahead, so that coming flushes need no erase: at most `erases` (1) erases; true when they were used up and there may be more
   * to do. Reads what is moved, and blocks that it looks at for being blank. Call it when the
   * application has time. EINVAL. On Espruino it needs "flash-extras".
   */
  declare maintain: (options?: { erases?: number }) => boolean
  /** Reads every header and record in use and gives what is damaged: nothing for a sound volume. On Espruino it needs "flash-extras". */
  declare check: () => FlashFinding[]
  /** Bytes that can be committed without any erase, as in status(). On Espruino it needs "flash-extras". */
  declare readonly readyBytes: number
  /** @internal */
  declare _remake: (
    given: FlashOpenOptions,
    readRing: (volume: FlashVolume, grows: boolean) => boolean,
    spare: FlashVolume,
  ) => void

  /** Gives the bytes read; sees what was written since the last flush. One flash read a record of each page's chain, two for a long one. */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    return transfer(this, buffer, position, start, length, false)
  }

  /**
   * Takes bytes for the next flush. Writes into one page are gathered in memory; the page before is programmed when another one
   * is written. ENOSPC, EINVAL.
   */
  write(buffer: Uint8Array, position: number, start?: number, length?: number) {
    // Returned, so that XS needs no stack for this call under the next.
    return transfer(this, buffer, position, start, length, true) as unknown as void
  }

  /** Gives the length in bytes. */
  size(): number {
    this._enter(false)
    return this._size
  }

  /** Cuts the stream (pages beyond cost nothing after the next flush), or extends it with zeros. EINVAL, ENOSPC. */
  setSize(size: number): void {
    this._enter(true)
    const most = this._pages * this._pagesize
    if (!(size >= 0 && size <= most) || size % 1 !== 0)
      refuse(
        size > most && size <= POSITION_MAX ? "ENOSPC" : "EINVAL",
        `a size of ${size}: the volume ends at ${most}`,
      )
    const before = this._size
    const kept = Math.ceil(size / this._pagesize)
    // What is cut off of a page reads as zeros should the stream grow again.
    const rest = (kept * this._pagesize < before ? kept * this._pagesize : before) - size
    if (rest > 0) this.write(new Uint8Array(rest), size)
    this._size = size
    if (size >= before) return
    this._busy = true
    if (this._page >= kept) {
      this._page = -1
      this._gathered[0] = 0
    }
    programControl(this, STREAM_SIZE, 0)
    this._busy = false
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
    if (this._stopped === "ENOSPC") this._stopped = ""
    this._page = -1
    this._gathered[0] = 0
    if (this._started !== 0) this._abortDue = true
    giveUp(this)
    this._busy = false
  }

  /** Gives figures of the volume; readyBytes can be committed without any erase. Reads nothing. */
  status(): FlashVolumeStatus {
    this._enter(false)
    return volumeStatus(this)
  }

  /** Forgets what was not flushed and ends the handle; the device stays open. May be called twice. */
  close(): void {
    this._closed = true
  }

  /** @internal */
  _enter(writes: boolean): void {
    if (this._closed) refuse("ECLOSED", "the volume is closed")
    if (this._busy) refuse("EIO", "a change was cut short: roll back")
    if (!writes) return
    if (this.readonly) refuse("EROFS", "the volume is read-only")
    if (this._stopped === "ESTALE") refuse("ESTALE", STALE)
    if (this._stopped !== "") refuse("EIO", "the volume ran full: roll back")
  }
}

/** What a small device may leave out: the extras put something in the place of it. */
export function needsExtras(): never {
  refuse("EINVAL", 'needs require("flash-extras")(flash)')
}

FlashVolume.prototype.check = needsExtras
FlashVolume.prototype.maintain = needsExtras
FlashVolume.prototype._remake = needsExtras
