/**
 * What every flash partition of the SDK needs around it. The modules check next to nothing: a wrong range is for the driver below to
 * refuse, use after close is a SyntaxError, and an argument left out becomes 0. So all of that is checked here, before the call.
 */
import { failure } from "../../src/errors.ts"
import type { FlashDevice, FlashStatus } from "../../src/flash/index.ts"
import { nativeFailure } from "./native.ts"

export interface FlashPartitionOptions {
  /** The label of the partition. */
  path: string
  /** The program unit in bytes, where the SDK does not say it: 16 under ESP32 flash encryption. Default: 1. */
  writeAlign?: number
  /** "unknown" under ESP32 flash encryption, where an erased block reads as garbage. Default: "ff". */
  erasedReads?: "ff" | "unknown"
  /** Opens for reading only: write and eraseBlock throw EROFS. */
  readonly?: boolean
}

/** What differs between the SDK's modules: one open partition, as `embedded:storage/flash` has it. */
export interface PartitionDriver {
  read(buffer: Uint8Array, byteOffset: number): unknown
  write(buffer: Uint8Array, byteOffset: number): void
  eraseBlock(start: number, end: number): void
  status(): {
    size: number
    blockLength: number
    writeAlign?: number | undefined
    eraseValue?: number | undefined
  }
  close(): void
}

/** A partition as a device: every range is checked, and every error of the SDK comes as EIO with that as `cause`. */
export class Partition implements FlashDevice {
  /** Two devices on one label are one place. */
  readonly medium: string
  readonly readonly: boolean
  _driver: PartitionDriver | null
  _path: string
  _size: number
  _blockLength: number
  _align: number
  _eraseValue: number
  _erasedReads: "ff" | "unknown"

  /** `open` opens the partition, for writing unless told otherwise. */
  constructor(options: FlashPartitionOptions, open: (path: string, readonly: boolean) => PartitionDriver) {
    if (typeof options !== "object" || options === null || typeof options.path !== "string") {
      throw failure("EINVAL", 'the options need a partition label, as in { path: "btree" }')
    }
    const path = options.path
    this.medium = `flash partition ${path}`
    this.readonly = options.readonly === true
    this._path = path
    let driver: PartitionDriver
    let status: ReturnType<PartitionDriver["status"]>
    try {
      driver = open(path, this.readonly)
      status = driver.status()
    } catch (error) {
      throw nativeFailure(
        error,
        `no flash partition "${path}": it must be in the partition table that was flashed (PARTITIONS_FILE, then a clean build)`,
      )
    }
    this._driver = driver
    this._size = status.size
    this._blockLength = status.blockLength
    this._align = options.writeAlign ?? status.writeAlign ?? 1
    this._eraseValue = status.eraseValue ?? 0xff
    this._erasedReads = options.erasedReads ?? "ff"
  }

  /** Fills `buffer` from `byteOffset` and gives its length. Allocates nothing. @throws EINVAL, EIO, ECLOSED */
  read(buffer: Uint8Array, byteOffset: number): number {
    const driver = this._driver
    const length = buffer.length
    // Called only where it fails: a read is what the deepest calls end with, and the stack of a board is short.
    if (driver === null || !(byteOffset >= 0 && byteOffset + length <= this._size && byteOffset % 1 === 0)) {
      this._enter()
      this._checkRange(byteOffset, length, 1)
    }
    if (length === 0) return 0
    try {
      ;(driver as PartitionDriver).read(buffer, byteOffset)
    } catch (error) {
      throw nativeFailure(error, `cannot read ${length} bytes at ${byteOffset} of "${this._path}"`)
    }
    return length
  }

  /** Programs `buffer` at `byteOffset`; both ends lie on writeAlign. @throws EINVAL, EIO, EROFS, ECLOSED */
  write(buffer: Uint8Array, byteOffset: number): void {
    const driver = this._enterWrite()
    this._checkRange(byteOffset, buffer.length, this._align)
    if (buffer.length === 0) return
    try {
      driver.write(buffer, byteOffset)
    } catch (error) {
      throw nativeFailure(error, `cannot program ${buffer.length} bytes at ${byteOffset} of "${this._path}"`)
    }
  }

  /** Erases the blocks [start, end). @throws EINVAL, EIO, EROFS, ECLOSED */
  eraseBlock(start: number, end: number): void {
    const driver = this._enterWrite()
    const blocks = Math.floor(this._size / this._blockLength)
    if (!(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end > start && end <= blocks)) {
      throw failure("EINVAL", `erase blocks ${start} to ${end} of ${blocks} in "${this._path}"`)
    }
    try {
      driver.eraseBlock(start, end)
    } catch (error) {
      throw nativeFailure(error, `cannot erase blocks ${start} to ${end} of "${this._path}"`)
    }
  }

  /** Gives the geometry. @throws ECLOSED */
  status(): FlashStatus {
    this._enter()
    return {
      size: this._size,
      blocks: Math.floor(this._size / this._blockLength),
      blockLength: this._blockLength,
      writeAlign: this._align,
      eraseValue: this._eraseValue,
      erasedReads: this._erasedReads,
    }
  }

  /** Closes the partition; may be called twice. */
  close(): void {
    const driver = this._driver
    this._driver = null
    if (driver !== null) driver.close()
  }

  _enter(): PartitionDriver {
    const driver = this._driver
    if (driver === null) throw failure("ECLOSED", `the partition "${this._path}" is closed`)
    return driver
  }

  _enterWrite(): PartitionDriver {
    const driver = this._enter()
    if (this.readonly) throw failure("EROFS", `the partition "${this._path}" was opened with readonly: true`)
    return driver
  }

  _checkRange(byteOffset: number, length: number, align: number): void {
    if (!(Number.isInteger(byteOffset) && byteOffset >= 0 && byteOffset + length <= this._size)) {
      throw failure("EINVAL", `${length} bytes at ${byteOffset} of ${this._size} in "${this._path}"`)
    }
    if (align > 1 && (byteOffset % align !== 0 || length % align !== 0)) {
      throw failure("EINVAL", `${length} bytes at ${byteOffset} are not on the write alignment ${align}`)
    }
  }
}
