/**
 * NOR flash as a device driver in C would give it: its work allocates nothing and is taken off XS's meter, so that what
 * is counted is the library's. Programs AND, erases set, and reads come from one array.
 */
import type { FlashDevice, FlashStatus } from "../../../../src/flash/device.ts"

/** The worker's: sets the limit (0: none) and the meter, and gives what the meter was. */
declare function resetMeter(limit: number, meter: number): number

export class NorFlash implements FlashDevice {
  readonly bytes: Uint8Array
  readonly blockLength: number
  reads = 0

  constructor(size: number, blockLength = 4096) {
    this.bytes = new Uint8Array(size).fill(0xff)
    this.blockLength = blockLength
  }

  read(buffer: Uint8Array, byteOffset: number): number {
    const meter = resetMeter(0, 0)
    const bytes = this.bytes
    const length = buffer.length
    for (let i = 0; i < length; i++) buffer[i] = bytes[byteOffset + i]
    this.reads++
    resetMeter(0, meter)
    return length
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    const meter = resetMeter(0, 0)
    const bytes = this.bytes
    const length = buffer.length
    for (let i = 0; i < length; i++) bytes[byteOffset + i] &= buffer[i]
    resetMeter(0, meter)
  }

  eraseBlock(start: number, end: number): void {
    const meter = resetMeter(0, 0)
    this.bytes.fill(0xff, start * this.blockLength, end * this.blockLength)
    resetMeter(0, meter)
  }

  status(): FlashStatus {
    const size = this.bytes.length
    return { size, blocks: size / this.blockLength, blockLength: this.blockLength }
  }

  close(): void {}
}
