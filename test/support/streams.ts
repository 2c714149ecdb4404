/**
 * Streams for tests: one that counts, one that fails, and two of the objects fromSeekable adapts.
 */
import { type ErrorCode, failure } from "../../src/errors.ts"
import type { Seekable } from "../../src/stream/seekable.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"

/** Gives a generator of numbers in [0, limit), the same for the same seed. */
export function makeRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0
  return (limit) => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return ((mixed ^ (mixed >>> 15)) >>> 0) % limit
  }
}

/** Gives `length` bytes that look random and are never zero, the same for the same seed. */
export function makeBytes(length: number, seed: number): Uint8Array {
  const random = makeRandom(seed)
  return Uint8Array.from({ length }, () => 1 + random(255))
}

/** Gives all bytes of a stream. */
export function readAll(stream: RandomAccessStream): Uint8Array {
  const bytes = new Uint8Array(stream.size())
  if (stream.read(bytes, 0) !== bytes.length) throw new Error("the stream is shorter than its size")
  return bytes
}

/**
 * Gives the index of the first difference, the shorter length included, or -1: quick, unlike toEqual on many
 * bytes.
 */
export function firstDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const common = Math.min(a.length, b.length)
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return i
  return a.length === b.length ? -1 : common
}

/** Passes everything on. The three streams below override what they watch. */
class PassingStream implements RandomAccessStream {
  readonly inner: RandomAccessStream
  readonly atomic: boolean
  readonly readonly: boolean

  constructor(inner: RandomAccessStream) {
    this.inner = inner
    this.atomic = inner.atomic
    this.readonly = inner.readonly === true
  }

  read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    return this.inner.read(buffer, position, start, length)
  }

  write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    this.inner.write(buffer, position, start, length)
  }

  size(): number {
    return this.inner.size()
  }

  setSize(size: number): void {
    this.inner.setSize(size)
  }

  flush(): void {
    this.inner.flush()
  }

  close(): void {
    this.inner.close()
  }
}

/** Counts what goes through. With a shared `log`, several streams tell the order of their changes. */
export class CountingStream extends PassingStream {
  reads = 0
  writes = 0
  bytesRead = 0
  bytesWritten = 0
  flushes = 0
  sizeChanges = 0
  /** [start, end) of each write. */
  ranges: [number, number][] = []
  readonly name: string
  readonly log: string[]

  constructor(inner: RandomAccessStream, name = "", log: string[] = []) {
    super(inner)
    this.name = name
    this.log = log
  }

  override read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    this.reads++
    const count = super.read(buffer, position, start, length)
    this.bytesRead += count
    return count
  }

  override write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    this.writes++
    this.bytesWritten += length
    this.ranges.push([position, position + length])
    this.log.push(`${this.name} write ${position}+${length}`)
    super.write(buffer, position, start, length)
  }

  override setSize(size: number): void {
    this.sizeChanges++
    this.log.push(`${this.name} setSize ${size}`)
    super.setSize(size)
  }

  override flush(): void {
    this.flushes++
    this.log.push(`${this.name} flush`)
    super.flush()
  }

  /** Starts counting anew. */
  reset(): void {
    this.reads = this.writes = this.bytesRead = this.bytesWritten = this.flushes = this.sizeChanges = 0
    this.ranges = []
    this.log.length = 0
  }
}

/** When calls fail, and with what; shared by the streams whose calls it counts together. */
export class Fault {
  calls = 0
  /** How many calls have failed. */
  failures = 0
  at: number
  code: ErrorCode
  forever: boolean

  /** Call number `at`, from 0, throws `code`; with `forever` so does each one after it. */
  constructor(at = Infinity, code: ErrorCode = "EIO", forever = false) {
    this.at = at
    this.code = code
    this.forever = forever
  }

  /** Counts a call; true: it fails. */
  next(): boolean {
    const call = this.calls++
    const fails = this.forever ? call >= this.at : call === this.at
    if (fails) this.failures++
    return fails
  }

  error(what: string): Error {
    return failure(this.code, `injected into ${what}`)
  }
}

/**
 * Fails as `fault` says at reads, writes, size changes and flushes; a write that fails may have written its
 * first half.
 */
export class FailingStream extends PassingStream {
  readonly fault: Fault

  constructor(inner: RandomAccessStream, fault: Fault) {
    super(inner)
    this.fault = fault
  }

  override read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    if (this.fault.next()) throw this.fault.error("read")
    return super.read(buffer, position, start, length)
  }

  override write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    const fails = this.fault.next()
    super.write(buffer, position, start, fails ? length >> 1 : length)
    if (fails) throw this.fault.error("write")
  }

  override setSize(size: number): void {
    if (this.fault.next()) throw this.fault.error("setSize")
    super.setSize(size)
  }

  override flush(): void {
    if (this.fault.next()) throw this.fault.error("flush")
    super.flush()
  }
}

/**
 * A file object as MicroPython has it: reads bytes, tells its size, and can be cut. A gap is left as garbage.
 */
export class MicroPythonFile implements Seekable {
  contents: number[] = []
  position = 0
  flushes = 0
  closed = false

  read(count: number): Uint8Array | string | undefined {
    const part = Uint8Array.from(this.contents.slice(this.position, this.position + count))
    this.position += part.length
    return part
  }

  write(bytes: Uint8Array): number {
    while (this.contents.length < this.position) this.contents.push(0xa5)
    for (const byte of bytes) this.contents[this.position++] = byte
    return bytes.length
  }

  seek(position: number): void {
    this.position = position
  }

  size(): number {
    return this.contents.length
  }

  truncate(size: number): void {
    this.contents.length = Math.min(size, this.contents.length)
  }

  flush(): void {
    this.flushes++
  }

  close(): void {
    this.closed = true
  }
}

/**
 * A file as Espruino has it: reads binary strings, undefined at the end; no size, truncate or flush. FatFs
 * gaps.
 */
export class EspruinoFile implements Seekable {
  readonly file = new MicroPythonFile()

  read(count: number): string | undefined {
    const part = this.file.read(count) as Uint8Array
    return part.length === 0 ? undefined : String.fromCharCode(...part)
  }

  write(bytes: Uint8Array): number {
    return this.file.write(bytes)
  }

  seek(position: number): void {
    this.file.seek(position)
  }
}
