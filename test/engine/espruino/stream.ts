/** A stream in memory for the modules of a realm: what is read goes into the realm's arrays byte by byte. */

export class Stream {
  readonly atomic: boolean
  data: Uint8Array
  /** Bytes as of the last flush. */
  flushed: Uint8Array

  constructor(data: Uint8Array = new Uint8Array(0), atomic = false) {
    this.atomic = atomic
    this.data = data.slice()
    this.flushed = data.slice()
  }

  read(buffer: Uint8Array, position: number, start = 0, length: number = buffer.length - start): number {
    const count = Math.max(0, Math.min(length, this.data.length - position))
    for (let i = 0; i < count; i++) buffer[start + i] = this.data[position + i] as number
    return count
  }

  write(buffer: Uint8Array, position: number, start = 0, length: number = buffer.length - start): void {
    if (position + length > this.data.length) this.setSize(position + length)
    for (let i = 0; i < length; i++) this.data[position + i] = buffer[start + i] as number
  }

  size(): number {
    return this.data.length
  }

  setSize(size: number): void {
    const data = new Uint8Array(size)
    data.set(this.data.subarray(0, size))
    this.data = data
  }

  flush(): void {
    this.flushed = this.data.slice()
  }

  rollback(): void {
    this.data = this.flushed.slice()
  }

  close(): void {}
}
