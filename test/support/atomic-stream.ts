/**
 * A stream in memory whose flush is all or nothing, the smallest thing that keeps the promises of an atomic
 * RandomAccessStream (src/stream/stream.ts): writes go to a second copy that reads see; flush makes that copy the
 * current contents; rollback forgets it. close() forgets it too, as a power cut would.
 */
import type { RandomAccessStream } from "../../hosts/node/index.ts"

export class AtomicMemoryStream implements RandomAccessStream {
  readonly atomic: true = true
  declare readonly pagesize?: number
  /** How many times flush made changes current. */
  commits = 0
  private current: Uint8Array
  private working: Uint8Array
  private workingSize: number
  private changed = false
  private closed = false

  constructor(initial: Uint8Array = new Uint8Array(0), options: { pagesize?: number } = {}) {
    this.current = initial.slice()
    this.working = initial.slice()
    this.workingSize = initial.length
    if (options.pagesize !== undefined) this.pagesize = options.pagesize
  }

  /** A copy of what the last flush left: the contents after a power cut. */
  bytes(): Uint8Array {
    return this.current.slice()
  }

  read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    this.open()
    const count = Math.max(Math.min(length, this.workingSize - position), 0)
    buffer.set(this.working.subarray(position, position + count), start)
    return count
  }

  write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    this.open()
    this.changed = true
    if (position + length > this.workingSize) this.resize(position + length)
    this.working.set(buffer.subarray(start, start + length), position)
  }

  size(): number {
    this.open()
    return this.workingSize
  }

  setSize(size: number): void {
    this.open()
    this.changed = true
    this.resize(size)
  }

  flush(): void {
    this.open()
    if (!this.changed) return
    this.current = this.working.slice(0, this.workingSize)
    this.changed = false
    this.commits++
  }

  rollback(): void {
    this.open()
    this.working = this.current.slice()
    this.workingSize = this.current.length
    this.changed = false
  }

  close(): void {
    this.closed = true
  }

  private open(): void {
    if (!this.closed) return
    const error = new Error("ECLOSED: the stream is closed") as Error & { code: string }
    error.name = "FlashtreeError"
    error.code = "ECLOSED"
    throw error
  }

  private resize(size: number): void {
    if (size > this.working.length) {
      const larger = new Uint8Array(Math.max(size, this.working.length * 2, 4096))
      larger.set(this.working.subarray(0, this.workingSize))
      this.working = larger
    } else if (size < this.workingSize) this.working.fill(0, size, this.workingSize)
    this.workingSize = size
  }
}
