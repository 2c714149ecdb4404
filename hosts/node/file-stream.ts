/**
 * A file as a RandomAccessStream, through the synchronous fd functions of node:fs or of a memfs Volume.
 * Invariant: one process, through one FileStream, owns the file while it is open for writing, so `_size`
 * follows its length without asking the system.
 */
import * as nodeFs from "node:fs"
import { dirname } from "node:path"
import { type ErrorCode, type FlashtreeError, failure } from "../../src/errors.ts"
import { checkSize, checkTransfer } from "../../src/stream/check-arguments.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"

/** The part of node:fs that FileStream uses; node:fs and a memfs Volume satisfy it. */
export interface NodeFsLike {
  openSync(path: string, flags: number, mode?: number): number
  readSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  writeSync(fd: number, buffer: Uint8Array, offset: number, length: number, position: number): number
  fstatSync(fd: number): { size: number }
  ftruncateSync(fd: number, size: number): void
  fsyncSync(fd: number): void
  closeSync(fd: number): void
  /** The open flags of this file system; those of Linux when left out (memfs has them on every system). */
  constants?: { O_RDONLY: number; O_RDWR: number; O_CREAT: number }
}

export interface FileStreamOptions {
  /**
   * Creates the file when it is missing; an existing one is never truncated. Default: true unless readonly.
   */
  create?: boolean
  /** Opens for reading only: write and setSize throw EROFS. */
  readonly?: boolean
  /** The file system; node:fs when left out. */
  fs?: NodeFsLike
}

const LINUX_FLAGS = { O_RDONLY: 0, O_RDWR: 2, O_CREAT: 0o100 }

const CODES: Record<string, ErrorCode> = {
  EACCES: "EROFS",
  EPERM: "EROFS",
  EROFS: "EROFS",
  ENOSPC: "ENOSPC",
  EDQUOT: "ENOSPC",
  EFBIG: "ENOSPC",
}

function systemCode(error: unknown): string {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return code ?? "no code"
}

function fileFailure(error: unknown, action: string): FlashtreeError {
  const reason = error instanceof Error ? error.message : String(error)
  return failure(CODES[systemCode(error)] ?? "EIO", `${action}: ${reason}`, error)
}

function openFailure(error: unknown, path: string, create: boolean): FlashtreeError {
  if (systemCode(error) !== "ENOENT") return fileFailure(error, `cannot open ${path}`)
  const advice = create
    ? `create the directory ${dirname(path)} first`
    : "check the path or open with create: true"
  return failure("EIO", `${path} does not exist: ${advice}`, error)
}

/**
 * A stream over a file. Everything it throws for the system's errors has that as `cause`: EACCES, EPERM,
 * EROFS come as EROFS; ENOSPC, EDQUOT, EFBIG as ENOSPC; all others as EIO. The file must not change behind
 * the stream's back.
 *
 * Writes are durable after `flush`, not atomic: wrap it in `journaled` for that.
 */
export class FileStream implements RandomAccessStream {
  readonly atomic: boolean
  /** A system call costs about as much as writing this many bytes to the system's cache. */
  readonly callCost: number
  readonly readonly: boolean
  _fs: NodeFsLike
  _path: string
  _fd: number
  _size: number
  _nameDurable: boolean

  /**
   * Opens the file, and creates it when it is missing unless `create` is false. Costs an open and an fstat.
   * @throws EINVAL the path is not a string; EIO when the file is missing and not to be created, or its directory is missing; EROFS; ENOSPC
   */
  constructor(path: string, options?: FileStreamOptions) {
    // Bytes of an image, which are easily given in its place, are not to be shown.
    if (typeof path !== "string")
      throw failure("EINVAL", `path is ${typeof path}, expected the name of a file`)
    const fs: NodeFsLike = options?.fs ?? nodeFs
    const readonly = options?.readonly === true
    const create = options?.create ?? !readonly
    const flags = fs.constants ?? LINUX_FLAGS
    this.atomic = false
    this.callCost = 1024
    this.readonly = readonly
    this._fs = fs
    this._path = path
    try {
      this._fd = fs.openSync(
        path,
        (readonly ? flags.O_RDONLY : flags.O_RDWR) | (create ? flags.O_CREAT : 0),
        0o666,
      )
    } catch (error) {
      throw openFailure(error, path, create)
    }
    try {
      this._size = fs.fstatSync(this._fd).size
    } catch (error) {
      fs.closeSync(this._fd)
      throw fileFailure(error, `cannot ask for the size of ${path}`)
    }
    this._nameDurable = this._size > 0
  }

  /**
   * Reads into `buffer[start, start + length)` from byte `position` and gives the number of bytes read, 0 at
   * or after the end. Costs one system call and allocates nothing.
   * @throws EINVAL, ECLOSED, EIO
   */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._checkOpen()
    const from = start ?? 0
    let count = length ?? buffer.length - from
    checkTransfer(buffer.length, position, from, count)
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    let done = 0
    try {
      do {
        const piece = this._fs.readSync(this._fd, buffer, from + done, count - done, position + done)
        if (piece === 0) break
        done += piece
      } while (done < count)
    } catch (error) {
      throw fileFailure(error, `cannot read ${this._path}`)
    }
    if (done < count) {
      throw failure(
        "EIO",
        `read ${done} of ${count} bytes at ${position}: ${this._path} was cut by someone else`,
      )
    }
    return count
  }

  /**
   * Writes `buffer[start, start + length)` at byte `position`; a gap before it reads as zeros. Costs one
   * system call and allocates nothing.
   * @throws EINVAL, ECLOSED, EROFS, ENOSPC, EIO
   */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this._checkOpen()
    const from = start ?? 0
    const count = length ?? buffer.length - from
    checkTransfer(buffer.length, position, from, count)
    this._checkWritable()
    let done = 0
    try {
      while (done < count) {
        const piece = this._fs.writeSync(this._fd, buffer, from + done, count - done, position + done)
        if (piece === 0) break
        done += piece
        if (position + done > this._size) this._size = position + done
      }
    } catch (error) {
      throw fileFailure(error, `wrote ${done} of ${count} bytes at ${position} to ${this._path}`)
    }
    if (done < count) {
      throw failure("EIO", `wrote ${done} of ${count} bytes at ${position} to ${this._path}`)
    }
  }

  /** Gives the length in bytes; costs no system call. @throws ECLOSED */
  size(): number {
    this._checkOpen()
    return this._size
  }

  /**
   * Cuts the file, or extends it with zeros. Costs one system call.
   * @throws EINVAL, ECLOSED, EROFS, ENOSPC, EIO
   */
  setSize(size: number): void {
    this._checkOpen()
    checkSize(size)
    this._checkWritable()
    if (size === this._size) return
    try {
      this._fs.ftruncateSync(this._fd, size)
    } catch (error) {
      throw fileFailure(error, `cannot set the size of ${this._path} to ${size}`)
    }
    this._size = size
  }

  /**
   * Makes everything written durable (fsync), and the first time the name of a file that may be new. A
   * read-only stream has nothing to do.
   * @throws ECLOSED, ENOSPC, EIO
   */
  flush(): void {
    this._checkOpen()
    if (this.readonly) return
    try {
      this._fs.fsyncSync(this._fd)
    } catch (error) {
      throw fileFailure(error, `cannot flush ${this._path}`)
    }
    if (!this._nameDurable) this._flushName()
    this._nameDurable = true
  }

  /** Closes the file without flushing it; may be called twice. @throws EIO, ENOSPC */
  close(): void {
    if (this._fd < 0) return
    const fd = this._fd
    this._fd = -1
    try {
      this._fs.closeSync(fd)
    } catch (error) {
      throw fileFailure(error, `cannot close ${this._path}`)
    }
  }

  _checkOpen(): void {
    if (this._fd < 0) throw failure("ECLOSED", `${this._path} is closed`)
  }

  _checkWritable(): void {
    if (this.readonly) throw failure("EROFS", `${this._path} was opened with readonly: true`)
  }

  // POSIX: the name of a new file survives a power cut only after an fsync of its directory. Without it a
  // journal could be gone while the changes it undoes are not.
  _flushName(): void {
    const flags = this._fs.constants ?? LINUX_FLAGS
    let fd = -1
    try {
      fd = this._fs.openSync(dirname(this._path), flags.O_RDONLY)
      this._fs.fsyncSync(fd)
    } catch (error) {
      // All else is a system that opens or flushes no directories (Windows, where a name is durable with its
      // file).
      if (systemCode(error) === "EIO") throw fileFailure(error, `cannot flush the directory of ${this._path}`)
    } finally {
      if (fd >= 0) this._fs.closeSync(fd)
    }
  }
}
