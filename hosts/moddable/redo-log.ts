/**
 * The log of a SegmentedFileStream: what was written since the segments were last brought up to date, in order, ended by a commit for
 * each flush. Two files take turns; the one with the higher generation holds. Numbers are little-endian.
 *
 * file    0 magic (2) | 2 segment length / 256 (2) | 4 generation | 8 stream size in the segments | 12 CRC-32 of bytes 0 to 11 | entries
 * entry   position (4) | length (2) | bytes
 * commit  stream size (4) | COMMIT (2) | CRC-32 of all since the last commit, seeded with that one's (the first with the header's)
 * trim    position from which everything reads zero (4) | TRIM (2)
 *
 * Invariants: `_end` is the end of the last commit; bytes of the log up to `_written` are in the file, those after it in `_tail`;
 * `index` lists every entry, commits and trims included, so that offsets add up.
 */
import { crc32 } from "../../src/checksum.ts"
import { failure } from "../../src/errors.ts"
import { copyBytes } from "../../src/platform.ts"
import type { FilesDirectory, FilesFile } from "./files-directory.ts"
import { nativeFailure } from "./native.ts"
import { BYTES_MAX, COMMIT, RedoIndex, TRIM } from "./redo-index.ts"

const MAGIC = 0x5446
const HEADER = 16
const ENTRY = 6
const CHECK = 4
const TAIL = 512

export class RedoLog {
  /** Stream size at the last commit; that of the segments; and the largest one that any commit of this log has had. */
  size = 0
  segmentsSize = 0
  extent = 0
  readonly index = new RedoIndex()
  _files: FilesDirectory
  _path: string
  _segmentLength: number
  _readonly: boolean
  _file: FilesFile | null = null
  _generation = 0
  _header = new Uint8Array(HEADER)
  _headerView: DataView
  _tail = new Uint8Array(TAIL)
  _tailView: DataView
  _used = 0
  _written = HEADER
  _end = HEADER
  _check = 0
  _chain = 0
  _committed = 0
  _broken = false

  constructor(files: FilesDirectory, path: string, segmentLength: number, readonly: boolean) {
    this._files = files
    this._path = path
    this._segmentLength = segmentLength
    this._readonly = readonly
    this._headerView = new DataView(this._header.buffer)
    this._tailView = new DataView(this._tail.buffer)
  }

  /** Bytes of the log that are committed. */
  get length(): number {
    return this._end
  }

  /** True when something was added since the last commit. */
  get open(): boolean {
    return this.index.count > this._committed
  }

  /** Opens the newest log; false when there is none. @throws EFTYPE for one of another segment length */
  load(): boolean {
    let newest = -1
    for (let turn = 0; turn < 2; turn++) {
      if (!this._readHeader(turn)) continue
      const generation = this._headerView.getUint32(4, true)
      if (newest < 0 || generation > this._generation) {
        newest = turn
        this._generation = generation
      }
    }
    if (newest < 0 || !this._readHeader(newest)) {
      this._begin(1, 0)
      return false
    }
    const length = this._headerView.getUint16(2, true) * 256
    if (length !== this._segmentLength) {
      throw failure("EFTYPE", `${this._path} has segments of ${length} bytes, not ${this._segmentLength}`)
    }
    this._begin(this._generation, this._headerView.getUint32(8, true))
    this._file = this._openFile(this._readonly ? "r" : "r+")
    try {
      this._replay(this._file)
    } catch (error) {
      this._broken = true
      this.close()
      throw nativeFailure(error, `cannot read the log of ${this._path}`)
    }
    return true
  }

  /** Adds `buffer[start, start + length)` at `position`. */
  add(position: number, buffer: Uint8Array, start: number, length: number): void {
    for (let done = 0; done < length; ) {
      const count = Math.min(length - done, BYTES_MAX)
      this._putHead(position + done, count)
      this._put(buffer, start + done, start + done + count)
      done += count
    }
  }

  /** Adds that everything from `position` on reads zero. */
  trim(position: number): void {
    this._putHead(position, TRIM)
  }

  /** Makes what was added durable, with the stream's size. */
  commit(size: number): void {
    if (this._used + ENTRY + CHECK > TAIL) this._spill()
    this._putHead(size, COMMIT)
    const check = crc32(this._tail, 0, this._used, this._check)
    this._tailView.setUint32(this._used, check, true)
    const used = this._used + CHECK
    this._write(this._tail.subarray(0, used))
    try {
      ;(this._file as FilesFile).flush()
    } catch (error) {
      this._broken = true
      throw nativeFailure(error, `cannot flush the log of ${this._path}`)
    }
    this._settle(this._written + used, check, size)
  }

  /** Forgets what was added since the last commit. */
  rollback(): void {
    this.index.count = this._committed
    this._used = 0
    this._written = this._end
    this._check = this._chain
    if (!this._broken) return
    // A file that has failed takes nothing any more on LittleFS; opened anew it holds what was flushed.
    this.close()
    if (this._end > HEADER) this._file = this._openFile("r+")
    this._broken = false
  }

  /** Begins a new log, since the segments hold everything: its file is made by the first commit. */
  retire(): void {
    this.close()
    this._begin(this._generation + 1, this.size)
  }

  close(): void {
    const file = this._file
    this._file = null
    if (file === null) return
    try {
      file.close()
    } catch (error) {
      if (!this._broken) throw nativeFailure(error, `cannot close the log of ${this._path}`)
    }
  }

  /** Puts what the log says of the stream's bytes [from, to) over `target`, where byte `from` is at `at`. */
  overlay(target: Uint8Array, at: number, from: number, to: number): void {
    const { positions, lengths, count } = this.index
    let offset = HEADER
    for (let i = 0; i < count; i++) {
      const length = lengths[i]
      const position = positions[i]
      offset += ENTRY
      if (length === COMMIT) {
        offset += CHECK
      } else if (length === TRIM) {
        if (position < to) target.fill(0, at + Math.max(position, from) - from, at + to - from)
      } else {
        const start = Math.max(position, from)
        const end = Math.min(position + length, to)
        if (start < end) this._copy(offset + start - position, target, at + start - from, end - start)
        offset += length
      }
    }
  }

  _begin(generation: number, size: number): void {
    this._generation = generation
    this.size = size
    this.segmentsSize = size
    this.extent = size
    const view = this._headerView
    view.setUint16(0, MAGIC, true)
    view.setUint16(2, this._segmentLength / 256, true)
    view.setUint32(4, generation, true)
    view.setUint32(8, size, true)
    const check = crc32(this._header, 0, 12, 0)
    view.setUint32(12, check, true)
    this.index.count = 0
    this._used = 0
    this._written = HEADER
    this._settle(HEADER, check, size)
  }

  _settle(end: number, check: number, size: number): void {
    this._end = end
    this._written = end
    this._used = 0
    this._check = check
    this._chain = check
    this._committed = this.index.count
    this.size = size
    if (size > this.extent) this.extent = size
  }

  _putHead(position: number, length: number): void {
    if (this._used + ENTRY > TAIL) this._spill()
    this._tailView.setUint32(this._used, position, true)
    this._tailView.setUint16(this._used + 4, length, true)
    this._used += ENTRY
    this.index.add(position, length)
  }

  _put(bytes: Uint8Array, start: number, end: number): void {
    for (let at = start; at < end; ) {
      if (this._used === TAIL) this._spill()
      const count = Math.min(end - at, TAIL - this._used)
      copyBytes(bytes, at, this._tail, this._used, count)
      this._used += count
      at += count
    }
  }

  /** Moves the tail to the file, where it is not durable yet. */
  _spill(): void {
    const used = this._used
    this._write(used === TAIL ? this._tail : this._tail.subarray(0, used))
    this._check = crc32(this._tail, 0, used, this._check)
    this._written += used
    this._used = 0
  }

  _write(bytes: Uint8Array): void {
    try {
      if (this._file === null) {
        this._file = this._openFile("w+")
        this._file.write(this._header, 0)
      }
      this._file.write(bytes, this._written)
    } catch (error) {
      this._broken = true
      throw nativeFailure(error, `cannot write to the log of ${this._path}`)
    }
  }

  _copy(offset: number, target: Uint8Array, at: number, length: number): void {
    const stored = Math.max(0, Math.min(length, this._written - offset))
    if (stored > 0) this._read(this._file as FilesFile, target.subarray(at, at + stored), offset)
    if (stored < length) {
      copyBytes(this._tail, offset + stored - this._written, target, at + stored, length - stored)
    }
  }

  _read(file: FilesFile, target: Uint8Array, offset: number): void {
    let count: number
    try {
      count = file.read(target, offset)
    } catch (error) {
      throw nativeFailure(error, `cannot read the log of ${this._path}`)
    }
    if (count < target.length) throw failure("EIO", `the log of ${this._path} was cut by someone else`)
  }

  _name(turn: number): string {
    return `${this._path}/log${turn}`
  }

  _openFile(mode: "r" | "r+" | "w+"): FilesFile {
    try {
      return this._files.openFile({ path: this._name(this._generation & 1), mode })
    } catch (error) {
      throw nativeFailure(error, `cannot open the log of ${this._path}`)
    }
  }

  /** Reads the header of a log file into `_header`; false when there is none, or not a whole one. */
  _readHeader(turn: number): boolean {
    const path = this._name(turn)
    try {
      if (this._files.status(path).mode === 0) return false
      const file = this._files.openFile({ path, mode: "r" })
      const count = file.read(this._header, 0)
      file.close()
      const view = this._headerView
      return (
        count === HEADER &&
        view.getUint16(0, true) === MAGIC &&
        view.getUint32(12, true) === crc32(this._header, 0, 12, 0)
      )
    } catch (error) {
      throw nativeFailure(error, `cannot read ${path}`)
    }
  }

  /** Lists the entries up to the last commit that is whole; what follows was never flushed. */
  _replay(file: FilesFile): void {
    const size = file.status().size
    const window = this._tail
    const view = this._tailView
    let base = 0
    let filled = 0
    let offset = HEADER
    let check = this._chain
    const load = (length: number): number => {
      if (offset < base || offset + length > base + filled) {
        base = offset
        filled = file.read(window, offset)
      }
      return offset - base
    }
    while (offset + ENTRY <= size) {
      let at = load(ENTRY)
      const position = view.getUint32(at, true)
      const length = view.getUint16(at + 4, true)
      check = crc32(window, at, at + ENTRY, check)
      offset += ENTRY
      this.index.add(position, length)
      if (length === COMMIT) {
        if (offset + CHECK > size || view.getUint32(load(CHECK), true) !== check) break
        offset += CHECK
        this._settle(offset, check, position)
      } else if (length !== TRIM) {
        const end = offset + length
        if (end > size) break
        while (offset < end) {
          at = load(1)
          const count = Math.min(end - offset, base + filled - offset)
          check = crc32(window, at, at + count, check)
          offset += count
        }
      }
    }
    this.index.count = this._committed
  }
}
