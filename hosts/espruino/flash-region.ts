/**
 * Erase blocks of Espruino's raw flash, or of an external chip. Invariant: every call that reaches the chip lies within the region
 * and, for programs, on whole units, because the chip's driver reports nothing: it reads zeros and writes nothing out of range.
 */
import { failure } from "../../src/errors.ts"
import type { FlashDevice, FlashStatus } from "../../src/flash/device.ts"
import type { FlashLike } from "./natives.ts"

export interface RegionOptions {
  /** The chip: `require("Flash")` when left out, or a driver with read, write, erasePage and getPage. */
  flash?: FlashLike
  /** First byte, the start of an erase page; 0x310000 when left out, the free 64 KiB of the ESP32 builds. */
  address?: number
  /** Bytes, whole erase pages; 0x10000 when left out. */
  length?: number
  /** Bytes of a program unit: 4 when left out; 8 on STM32L4. */
  writeAlign?: number
}

export class FlashRegion implements FlashDevice {
  /** The chip, and the region's first byte on it: two regions that share a part are found by these. */
  declare readonly medium: FlashLike
  declare readonly origin: number
  declare _status: FlashStatus
  declare _closed: boolean

  /**
   * Nothing is read or written. Espruino's `getFree()` is not asked: on ESP32 it lists a part of Storage as free.
   * @throws EINVAL where the region is not whole erase pages of one length on the chip.
   */
  constructor(options?: RegionOptions) {
    const given: RegionOptions = options === undefined ? {} : options
    const flash: FlashLike = given.flash === undefined ? require("Flash") : given.flash
    const address = given.address === undefined ? 0x310000 : given.address
    const length = given.length === undefined ? 0x10000 : given.length
    const page = flash.getPage(address)
    const size = page === undefined || page.addr !== address ? 0 : page.length
    let at = address
    while (size > 0 && at < address + length) {
      const next = flash.getPage(at)
      if (next === undefined || next.addr !== at || next.length !== size) break
      at += size
    }
    if (at !== address + length || at === address) {
      throw failure(
        "EINVAL",
        `address ${address}, length ${length}: the region must be whole erase pages of one length; it is not from ${at} on`,
      )
    }
    this.medium = flash
    this.origin = address
    this._status = {
      size: length,
      blocks: (length / size) | 0,
      blockLength: size,
      writeAlign: given.writeAlign === undefined ? 4 : given.writeAlign,
    }
    this._closed = false
  }

  /** Fills `buffer` and gives its length. Allocates an array of that length for the time of the call. EINVAL, EIO, ECLOSED. */
  read(buffer: Uint8Array, byteOffset: number): number {
    const length = buffer.length
    if (length === 0) return 0
    const bytes = this.medium.read(length, this._place(byteOffset, length, 1))
    // Out of memory for that array, the driver gives undefined and says nothing.
    if (bytes === undefined || bytes.length !== length) throw failure("EIO", `could not read ${length} bytes`)
    buffer.set(bytes)
    return length
  }

  /** Programs `buffer`, whole program units. The driver reports no failure: what was written has to be read back. EINVAL, ECLOSED. */
  write(buffer: Uint8Array, byteOffset: number): void {
    this.medium.write(buffer, this._place(byteOffset, buffer.length, this._status.writeAlign as number))
  }

  /** Erases blocks `start` up to but without `end`. EINVAL, ECLOSED. */
  eraseBlock(start: number, end: number): void {
    const size = this._status.blockLength
    const from = this._place(start * size, (end - start) * size, size)
    // A number that is whole but not kept as an integer (what a division gives) is refused by erasePage.
    for (let i = 0; i < end - start; i++) this.medium.erasePage((from + i * size) | 0)
  }

  /** Gives the geometry. */
  status(): FlashStatus {
    return this._status
  }

  /** Ends the handle; the chip itself needs nothing. May be called twice. */
  close(): void {
    this._closed = true
  }

  /** @internal Gives the address of a part of the region. */
  _place(offset: number, length: number, unit: number): number {
    if (this._closed) throw failure("ECLOSED", "the region is closed")
    if (
      !(offset >= 0 && length >= 0 && offset + length <= this._status.size) ||
      (offset | length) % unit !== 0
    ) {
      throw failure(
        "EINVAL",
        `bytes ${offset} to ${offset + length} of a region of ${this._status.size}, in units of ${unit}`,
      )
    }
    return this.origin + offset
  }
}
