/**
 * A stream over a folder of files, for LittleFS, where a write in the middle of a file costs an erase for every block behind it. What
 * is flushed goes to a log, one append and one erase however much of the tree it touches, and makes the flush all-or-nothing. When
 * the log is full it is carried over to the segments, files of one erase block each, of which each one that changed is written once.
 * Invariant: a segment file says nothing of bytes that the log changes; nothing is carried over that is not committed.
 */
import { failure } from "../../src/errors.ts"
import { checkSize, checkTransfer } from "../../src/stream/check-arguments.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import { checkPath } from "./file-stream.ts"
import type { FilesDirectory, FilesFile } from "./files-directory.ts"
import { nativeFailure } from "./native.ts"
import { RedoLog } from "./redo-log.ts"
import { Views } from "./views.ts"

export interface SegmentedFileStreamOptions {
  /** Bytes in a segment file, a multiple of 256: an erase block of the file system. Default: 4096. */
  segmentLength?: number
  /**
   * Bytes that the log may have before it is carried over. Default: 2048. More saves erases and costs programmed bytes, since LittleFS
   * copies the block that is appended to. With LittleFS's cache_size at 512, 448 is best: a log that fits into the cache lies in the
   * directory, and most flushes erase nothing.
   */
  logLength?: number
  /** The directory; the root of `embedded:storage/files` when left out. */
  files?: FilesDirectory
  /** Opens for reading only: write and setSize throw EROFS. */
  readonly?: boolean
}

/** Bytes moved at a time when the log is carried over. */
const PIECE = 512
/** Segment files held open for reading; each takes about 100 bytes of the C heap. */
const READERS = 4
const SIZE_MAX = 0x7fffffff
const FAILED = "a write failed before: roll back, or reopen"

/** An atomic stream over a folder of segment files and a log. Memory: 1.5 KB, and 6 bytes for each change in the log. */
export class SegmentedFiles implements RandomAccessStream {
  readonly atomic: true
  readonly readonly: boolean
  _files: FilesDirectory
  _path: string
  _segmentLength: number
  _logLength: number
  _log: RedoLog
  _size: number
  _failed = ""
  _closed = false
  _views = new Views()
  _piece = new Uint8Array(PIECE)
  _readers: (FilesFile | null)[] = []
  _readerOf: number[] = []
  _turn = 0

  /** Opens the folder at `path`, or makes it. Reads the log. @throws EINVAL, EFTYPE, EIO, ENOSPC */
  constructor(path: string, options: SegmentedFileStreamOptions | undefined, root: FilesDirectory) {
    checkPath(path)
    const length = options?.segmentLength ?? 4096
    if (!(length >= 256 && length < 65536 && length % 256 === 0)) {
      throw failure("EINVAL", `segmentLength ${length}: a multiple of 256 below 65536 is expected`)
    }
    this.atomic = true
    this.readonly = options?.readonly === true
    this._files = options?.files ?? root
    this._path = path
    this._segmentLength = length
    this._logLength = options?.logLength ?? 2048
    this._log = new RedoLog(this._files, path, length, this.readonly)
    if (!this._log.load()) this._create()
    this._size = this._log.size
  }

  /** Reads into `buffer[start, start + length)`; gives the number of bytes read, 0 at the end. @throws EINVAL, ECLOSED, EIO */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._enter()
    const from = start ?? 0
    let count = length ?? buffer.length - from
    checkTransfer(buffer.length, position, from, count)
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    this._readSegments(buffer, from, position, count)
    this._log.overlay(buffer, from, position, position + count)
    return count
  }

  /** Notes `buffer[start, start + length)` for the next flush. @throws EINVAL, ECLOSED, EROFS, ENOSPC, EIO */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this._enterWrite()
    const from = start ?? 0
    const count = length ?? buffer.length - from
    checkTransfer(buffer.length, position, from, count)
    if (position + count > SIZE_MAX)
      throw failure("EINVAL", `a stream of files has at most ${SIZE_MAX} bytes`)
    if (count === 0) return
    this._failed = FAILED
    this._log.add(position, buffer, from, count)
    this._failed = ""
    if (position + count > this._size) this._size = position + count
  }

  /** Gives the length in bytes. @throws ECLOSED */
  size(): number {
    this._enter()
    return this._size
  }

  /** Cuts the stream, or extends it with zeros, with the next flush. @throws EINVAL, ECLOSED, EROFS, ENOSPC, EIO */
  setSize(size: number): void {
    this._enterWrite()
    checkSize(size)
    if (size > SIZE_MAX) throw failure("EINVAL", `a stream of files has at most ${SIZE_MAX} bytes`)
    this._failed = FAILED
    if (size < this._size) this._log.trim(size)
    this._failed = ""
    this._size = size
  }

  /**
   * Makes all writes since the last flush durable, together. One append to the log; when that is full, also one write of each segment
   * that it changes. @throws ECLOSED, ENOSPC, EIO
   */
  flush(): void {
    this._enter()
    if (this._failed !== "") throw failure("EIO", this._failed)
    const log = this._log
    if (!log.open && this._size === log.size) return
    this._failed = FAILED
    log.commit(this._size)
    this._failed = ""
    if (log.length < this._logLength) return
    try {
      this._carryOver()
    } catch {
      // The log has all of it, and the next flush tries again.
      this._closeReaders()
    }
  }

  /** Forgets everything since the last flush. @throws ECLOSED, EIO */
  rollback(): void {
    this._enter()
    this._log.rollback()
    this._size = this._log.size
    this._failed = ""
  }

  /** Forgets what was not flushed and closes all files; may be called twice. */
  close(): void {
    if (this._closed) return
    this._closed = true
    this._closeReaders()
    this._log.close()
  }

  _enter(): void {
    if (this._closed) throw failure("ECLOSED", `${this._path} is closed`)
  }

  _enterWrite(): void {
    this._enter()
    if (this.readonly) throw failure("EROFS", `${this._path} was opened with readonly: true`)
    if (this._failed !== "") throw failure("EIO", this._failed)
  }

  _create(): void {
    try {
      const folder = this._files.status(this._path)
      if (folder.mode === 0 && !this.readonly) {
        this._files.createDirectory(this._path)
        return
      }
      if (folder.mode !== 0 && !folder.isFile() && this._files.status(this._name(0)).mode === 0) return
    } catch (error) {
      throw nativeFailure(error, `cannot make the folder ${this._path}`)
    }
    throw failure("EFTYPE", `${this._path} is not a folder of segments with its log`)
  }

  _name(segment: number): string {
    return `${this._path}/${segment}`
  }

  /** Reads what the segment files say; what none of them holds is zero. */
  _readSegments(buffer: Uint8Array, start: number, position: number, count: number): void {
    const length = this._segmentLength
    for (let done = 0; done < count; ) {
      const offset = (position + done) % length
      const part = Math.min(count - done, length - offset)
      const file = this._reader(Math.floor((position + done) / length))
      let filled = 0
      if (file !== null) {
        try {
          filled = file.read(this._views.of(buffer, start + done, part), offset)
        } catch (error) {
          throw nativeFailure(error, `cannot read ${this._path}`)
        }
      }
      if (filled < part) buffer.fill(0, start + done + filled, start + done + part)
      done += part
    }
  }

  /** Gives an open segment file, null when there is none yet. */
  _reader(segment: number): FilesFile | null {
    if (segment * this._segmentLength >= this._log.segmentsSize) return null
    for (let i = 0; i < this._readerOf.length; i++) if (this._readerOf[i] === segment) return this._readers[i]
    let file: FilesFile | null = null
    try {
      if (this._files.status(this._name(segment)).mode !== 0)
        file = this._files.openFile({ path: this._name(segment), mode: "r" })
    } catch (error) {
      throw nativeFailure(error, `cannot open segment ${segment} of ${this._path}`)
    }
    this._forget(this._turn)
    this._readers[this._turn] = file
    this._readerOf[this._turn] = segment
    this._turn = (this._turn + 1) % READERS
    return file
  }

  _forget(turn: number): void {
    const file = this._readers[turn]
    this._readers[turn] = null
    this._readerOf[turn] = -1
    if (file) file.close()
  }

  _closeReaders(): void {
    for (let i = 0; i < this._readers.length; i++) this._forget(i)
  }

  /** Brings the segments up to date and begins a new log. All of it is done again if it is cut: the log decides. */
  _carryOver(): void {
    const log = this._log
    const length = this._segmentLength
    this._closeReaders()
    for (let at = log.index.nextChange(0); at < this._size; ) {
      const segment = Math.floor(at / length)
      const end = Math.min((segment + 1) * length, this._size)
      this._writeSegment(segment, at, log.index.lastChange(at, end))
      at = log.index.nextChange((segment + 1) * length)
    }
    for (let segment = Math.ceil(this._size / length); segment * length < log.extent; segment++) {
      this._files.delete(this._name(segment))
    }
    const last = Math.floor(this._size / length)
    if (this._size < log.extent && this._size % length !== 0) this._cutSegment(last, this._size % length)
    log.retire()
  }

  /**
   * Writes the bytes [from, to) of the stream to their segment file, in one pass: LittleFS programs a file that is written from front
   * to back once, and copies what is before and behind by itself.
   */
  _writeSegment(segment: number, from: number, to: number): void {
    const base = segment * this._segmentLength
    const path = this._name(segment)
    const exists = this._files.status(path).mode !== 0
    const file = this._files.openFile({ path, mode: exists ? "r+" : "w+" })
    try {
      for (let at = from; at < to; at += PIECE) {
        const count = Math.min(PIECE, to - at)
        this._readSegments(this._piece, 0, at, count)
        this._log.overlay(this._piece, 0, at, at + count)
        file.write(count === PIECE ? this._piece : this._piece.subarray(0, count), at - base)
      }
      file.flush()
    } finally {
      file.close()
    }
    this._closeReaders() // they show the file as it was
  }

  _cutSegment(segment: number, length: number): void {
    const path = this._name(segment)
    if (this._files.status(path).mode === 0) return
    const file = this._files.openFile({ path, mode: "r+" })
    try {
      if (file.status().size > length) file.setSize(length)
      file.flush()
    } finally {
      file.close()
    }
  }
}
