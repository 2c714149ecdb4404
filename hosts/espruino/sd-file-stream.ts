/**
 * A file on an SD card (`E.openFile`), or on the disk of Espruino for Linux. Invariants: nobody else changes the file, so `_size` follows its
 * length without asking; there is no gap in it, since FatFs leaves in a gap whatever the card held.
 */
import { failure } from "../../src/errors.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import type { NativeFile, Natives } from "./natives.ts"

declare const E: Natives

/** Bytes of zeros written at once. */
const ZEROS = 64

export interface SdFileOptions {
  /** The file must be there, and writes are refused. */
  readonly?: boolean
}

export class SdFileStream implements RandomAccessStream {
  declare readonly atomic: false
  declare readonly readonly: boolean
  declare _path: string
  declare _file: NativeFile | null
  declare _size: number

  /**
   * Opens a file, or makes an empty one. On ESP32 call `E.connectSDCard` first. FAT and an update in place are only as safe at a power
   * cut as the card is.
   * @throws EIO when it cannot be opened (`cause`).
   */
  constructor(path: string, options?: SdFileOptions) {
    this.atomic = false
    this.readonly = options !== undefined && options.readonly === true
    this._path = path
    this._size = 0
    try {
      this._file = openFile(path, this.readonly)
      this._size = require("fs").statSync(path).size
    } catch (cause) {
      throw failure("EIO", `cannot open ${path}: ${cause}`, cause)
    }
  }

  /** Gives the bytes read, short at the end of the file. Allocates a string of that length for the time of the call. EIO, ECLOSED. */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    const file = this._open()
    const from = start === undefined ? 0 : start
    let count = length === undefined ? buffer.length - from : length
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    file.seek(position)
    const text = file.read(count)
    if (text === undefined || text.length !== count) {
      throw failure("EIO", `read ${text === undefined ? 0 : text.length} of ${count} bytes at ${position}`)
    }
    // An array takes a string here as it takes another array.
    buffer.set(text as unknown as ArrayLike<number>, from)
    return count
  }

  /** Writes a part of `buffer`; on the card when it returns, unless `E.setFlags({unsyncFiles:1})`. ENOSPC, EIO, EROFS, ECLOSED. */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    const from = start === undefined ? 0 : start
    const count = length === undefined ? buffer.length - from : length
    if (this.readonly) throw failure("EROFS", "the file was opened read-only")
    this._fill(position)
    this._put(count === buffer.length ? buffer : buffer.subarray(from, from + count), position)
  }

  /** Gives the length in bytes. */
  size(): number {
    this._open()
    return this._size
  }

  /**
   * Extends the file with zeros. Cutting it means writing it anew, since Espruino has no truncate: what stays is held in memory, and a
   * power cut can lose it. Only clear() of a tree cuts.
   */
  setSize(size: number): void {
    const file = this._open()
    if (size >= this._size) {
      this._fill(size)
      return
    }
    const kept = new Uint8Array(size)
    this.read(kept, 0)
    file.close()
    this._file = null
    E.openFile(this._path, "w").close()
    this._file = openFile(this._path, false)
    this._size = 0
    this._put(kept, 0)
  }

  /** Every write is on the card when it returns. */
  flush(): void {
    this._open()
  }

  /** Closes the file. May be called twice. */
  close(): void {
    if (this._file !== null) this._file.close()
    this._file = null
  }

  /** @internal */
  _open(): NativeFile {
    if (this._file === null) throw failure("ECLOSED", "the file is closed")
    return this._file
  }

  /** @internal Writes zeros up to `end`. */
  _fill(end: number): void {
    let zeros: Uint8Array | undefined
    while (this._size < end) {
      const left = end - this._size
      if (zeros === undefined || left < ZEROS) zeros = new Uint8Array(left < ZEROS ? left : ZEROS)
      this._put(zeros, this._size)
    }
  }

  /** @internal */
  _put(bytes: Uint8Array, position: number): void {
    const file = this._open()
    file.seek(position)
    const done = file.write(bytes)
    if (position + done > this._size) this._size = position + done
    if (done !== bytes.length) {
      throw failure(done > 0 ? "ENOSPC" : "EIO", `wrote ${done} of ${bytes.length} bytes at ${position}`)
    }
  }
}

/** `w+` cuts the file on one port and not on another: an existing file is opened `r+`, a new one is made first. */
function openFile(path: string, readonly: boolean): NativeFile {
  if (readonly) return E.openFile(path, "r")
  try {
    return E.openFile(path, "r+")
  } catch {
    E.openFile(path, "w").close()
    return E.openFile(path, "r+")
  }
}
