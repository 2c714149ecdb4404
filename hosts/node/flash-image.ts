/**
 * A file that holds the bytes of a flash partition (a dump, or an image to be flashed) as a FlashDevice.
 * Invariant: `_flash` and the file hold the same bytes until a write to the file fails; then nothing more is
 * written.
 */
import { type FlashtreeError, failure } from "../../src/errors.ts"
import type { FlashDevice, FlashStatus } from "../../src/flash/device.ts"
import { FileStream, type NodeFsLike } from "./file-stream.ts"
import { SimulatedFlash } from "./simulator/simulated-flash.ts"

export interface FlashImageOptions {
  /** Opens for reading only: write and eraseBlock throw EROFS. */
  readonly?: boolean
  /** The length of an erase block in bytes, a multiple of 256. Default: 4096. */
  blockLength?: number
  /** The program unit in bytes: a power of two to 256. Default: 1. */
  writeAlign?: number
  /** The file system; node:fs when left out. */
  fs?: NodeFsLike
}

/**
 * A partition image as a device. The whole file is held in memory; programs and erases go through to it at
 * once, and are durable after close. The rules of NOR flash are those of SimulatedFlash: breaking one throws
 * FlashViolation and changes nothing. Units of the file that are not all 0xFF count as programmed.
 */
export class FlashImage implements FlashDevice {
  readonly readonly: boolean
  _path: string
  _file: FileStream
  _flash: SimulatedFlash
  _changed = false
  _failed = false

  /**
   * Opens the file and reads all of it.
   * @throws EIO when the file is missing or cannot be read; EINVAL when it is empty or not a multiple of
   * `blockLength`, or the path is not a string; EROFS when it may only be read and readonly was not given
   */
  constructor(path: string, options: FlashImageOptions = {}) {
    const { readonly = false, blockLength = 4096, writeAlign = 1, fs } = options
    this.readonly = readonly
    this._path = path
    this._file = openFile(path, readonly, fs)
    try {
      const image = new Uint8Array(this._file.size())
      if (image.length === 0 || image.length % blockLength !== 0) {
        throw failure(
          "EINVAL",
          `${path} has ${image.length} bytes, expected a multiple of the block length ${blockLength}`,
        )
      }
      this._file.read(image, 0)
      this._flash = new SimulatedFlash({ size: image.length, blockLength, writeAlign, image })
    } catch (error) {
      this._file.close()
      throw error
    }
  }

  /** Fills `buffer` from `byteOffset` and gives its length. @throws FlashViolation beyond the image, ECLOSED */
  read(buffer: Uint8Array, byteOffset: number): number {
    return this._flash.read(buffer, byteOffset)
  }

  /** Programs `buffer` at `byteOffset`. @throws FlashViolation, EROFS, ECLOSED, ENOSPC, EIO */
  write(buffer: Uint8Array, byteOffset: number): void {
    this._checkWritable()
    this._flash.write(buffer, byteOffset)
    this._writeThrough(byteOffset, buffer.length)
  }

  /** Erases the blocks [start, end). @throws FlashViolation, EROFS, ECLOSED, ENOSPC, EIO */
  eraseBlock(start: number, end: number): void {
    this._checkWritable()
    this._flash.eraseBlock(start, end)
    const { blockLength } = this._flash.status()
    this._writeThrough(start * blockLength, (end - start) * blockLength)
  }

  /** Gives the geometry. @throws ECLOSED */
  status(): FlashStatus {
    return this._flash.status()
  }

  /** Makes all changes durable (fsync) and closes the file; may be called twice. @throws EIO, ENOSPC */
  close(): void {
    this._flash.close()
    try {
      if (this._changed) this._file.flush()
    } finally {
      this._changed = false
      this._file.close()
    }
  }

  _checkWritable(): void {
    this._flash.status() // throws when closed
    if (this.readonly) throw failure("EROFS", `${this._path} was opened with readonly: true`)
    if (this._failed) throw failure("EIO", `a write to ${this._path} failed before: reopen it`)
  }

  _writeThrough(byteOffset: number, length: number): void {
    const bytes = new Uint8Array(length)
    this._flash.read(bytes, byteOffset)
    this._changed = true
    this._failed = true
    this._file.write(bytes, byteOffset)
    this._failed = false
  }
}

function openFile(path: string, readonly: boolean, fs?: NodeFsLike): FileStream {
  try {
    return new FileStream(path, { readonly, create: false, ...(fs && { fs }) })
  } catch (error) {
    const cause = (error as FlashtreeError).cause as NodeJS.ErrnoException | undefined
    if (cause?.code !== "ENOENT") throw error
    throw failure("EIO", `${path} does not exist: expected a file with the bytes of a flash partition`, cause)
  }
}
