/**
 * A file of `embedded:storage/files` as a RandomAccessStream. Invariant: the file is this stream's alone while it is open, so `_size`
 * follows its length without asking.
 */
import { failure } from "../../src/errors.ts"
import { checkSize, checkTransfer } from "../../src/stream/check-arguments.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import type { FilesDirectory, FilesFile } from "./files-directory.ts"
import { nativeFailure } from "./native.ts"
import { Views } from "./views.ts"

export interface FileStreamOptions {
  /** The directory; the root of `embedded:storage/files` when left out. */
  files?: FilesDirectory
  /** Opens for reading only: write and setSize throw EROFS. */
  readonly?: boolean
}

/**
 * A stream over one file, made when it is missing. Writes are durable after flush, not atomic. On LittleFS a write in the middle of a
 * large file costs an erase for every 4 KB behind it: use SegmentedFileStream there.
 */
export class PlainFileStream implements RandomAccessStream {
  readonly atomic: boolean
  readonly readonly: boolean
  _path: string
  _file: FilesFile | null
  _size: number
  _views: Views

  /** Opens the file at `path`, which is neither absolute nor has "..", in `root` unless told otherwise. */
  constructor(path: string, options: FileStreamOptions | undefined, root: FilesDirectory) {
    checkPath(path)
    this.atomic = false
    this.readonly = options?.readonly === true
    this._path = path
    this._views = new Views()
    this._file = openFile(options?.files ?? root, path, this.readonly)
    try {
      this._size = this._file.status().size
    } catch (error) {
      this._file.close()
      throw nativeFailure(error, `cannot ask for the size of ${this._path}`)
    }
  }

  /**
   * Reads into `buffer[start, start + length)` and gives the number of bytes read, 0 at the end. Allocates a view the first time a
   * part of a buffer is used.
   * @throws EINVAL, ECLOSED, EIO
   */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    const file = this._enter()
    const from = start ?? 0
    let count = length ?? buffer.length - from
    checkTransfer(buffer.length, position, from, count)
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    let done: number
    try {
      done = file.read(this._views.of(buffer, from, count), position)
    } catch (error) {
      throw nativeFailure(error, `cannot read ${this._path}`)
    }
    if (done < count) throw failure("EIO", `read ${done} of ${count} bytes at ${position} of ${this._path}`)
    return count
  }

  /** Writes `buffer[start, start + length)`; the buffer must be writable memory. @throws EINVAL, ECLOSED, EROFS, ENOSPC, EIO */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    const file = this._enterWrite()
    const from = start ?? 0
    const count = length ?? buffer.length - from
    checkTransfer(buffer.length, position, from, count)
    if (count === 0) return
    // A changed range of a page hardly ever comes again: its view is not kept.
    const whole = from === 0 && count === buffer.length
    try {
      file.write(whole ? buffer : buffer.subarray(from, from + count), position)
    } catch (error) {
      throw nativeFailure(error, `cannot write ${count} bytes at ${position} to ${this._path}`)
    }
    if (position + count > this._size) this._size = position + count
  }

  /** Gives the length in bytes. @throws ECLOSED */
  size(): number {
    this._enter()
    return this._size
  }

  /** Cuts the file, or extends it with zeros. @throws EINVAL, ECLOSED, EROFS, ENOSPC, EIO */
  setSize(size: number): void {
    const file = this._enterWrite()
    checkSize(size)
    if (size === this._size) return
    try {
      file.setSize(size)
    } catch (error) {
      throw nativeFailure(error, `cannot set the size of ${this._path} to ${size}`)
    }
    this._size = size
  }

  /** Makes everything written durable. @throws ECLOSED, ENOSPC, EIO */
  flush(): void {
    const file = this._enter()
    if (this.readonly) return
    try {
      file.flush()
    } catch (error) {
      throw nativeFailure(error, `cannot flush ${this._path}`)
    }
  }

  /** Closes the file; may be called twice. On LittleFS this makes what was written durable. @throws EIO, ENOSPC */
  close(): void {
    const file = this._file
    this._file = null
    if (file === null) return
    try {
      file.close()
    } catch (error) {
      throw nativeFailure(error, `cannot close ${this._path}`)
    }
  }

  _enter(): FilesFile {
    const file = this._file
    if (file === null) throw failure("ECLOSED", `${this._path} is closed`)
    return file
  }

  _enterWrite(): FilesFile {
    const file = this._enter()
    if (this.readonly) throw failure("EROFS", `${this._path} was opened with readonly: true`)
    return file
  }
}

/** @throws EINVAL for what is no path, or one that the SDK refuses */
export function checkPath(path: string): void {
  if (typeof path !== "string" || path === "" || path.startsWith("/") || path.split("/").includes("..")) {
    throw failure("EINVAL", `path ${path}: expected one within the directory, without ".."`)
  }
}

/** Opens a file and makes it when it is missing: no mode of the SDK does both and leaves an existing file as it is. */
function openFile(files: FilesDirectory, path: string, readonly: boolean): FilesFile {
  let missing = false
  try {
    missing = files.status(path).mode === 0
    if (!missing || readonly) return files.openFile({ path, mode: readonly ? "r" : "r+" })
    return files.openFile({ path, mode: "w+" })
  } catch (error) {
    throw nativeFailure(error, missing && readonly ? `${path} does not exist` : `cannot open ${path}`)
  }
}
