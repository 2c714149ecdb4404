/** The partitions of a board, for the doubles of the SDK's flash modules: NOR cells that outlive every handle. */

export class Nor {
  readonly bytes: Uint8Array
  readonly blockLength = 4096
  /** The driver below refuses everything. */
  broken = false
  /** What was asked for, in order: a test sees that a call was made, or was not. */
  readonly calls: string[] = []

  constructor(blocks: number) {
    this.bytes = new Uint8Array(blocks * this.blockLength).fill(0xff)
  }

  has(offset: number, length: number): boolean {
    return !this.broken && offset >= 0 && length >= 0 && offset + length <= this.bytes.length
  }

  program(offset: number, source: Uint8Array): void {
    for (let i = 0; i < source.length; i++) this.bytes[offset + i] &= source[i]
  }

  erase(start: number, end: number): void {
    this.bytes.fill(0xff, start * this.blockLength, end * this.blockLength)
  }
}

/** Label -> partition. A test puts in what its board has. */
export const partitions = new Map<string, Nor>()

/** Gives the bytes of a buffer as the engine takes it: any element size but one is refused. */
export function bufferBytes(buffer: unknown): Uint8Array {
  if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer)
  if (buffer instanceof DataView || (ArrayBuffer.isView(buffer) && !("BYTES_PER_ELEMENT" in buffer)))
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.byteLength)
  if (buffer instanceof Uint8Array || buffer instanceof Int8Array || buffer instanceof Uint8ClampedArray)
    return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)
  throw new TypeError("invalid buffer")
}

/** As the engine converts an argument to an integer: undefined becomes 0, a fraction is cut off. */
export function toInteger(value: unknown): number {
  return Math.trunc(Number(value)) || 0
}
