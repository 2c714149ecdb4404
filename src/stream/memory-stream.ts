/**
 * A stream in memory, the plainest implementation of stream.ts. Invariant: every byte of `_buffer` at or
 * after `_size` is zero, so that growing needs no clearing.
 */
import { failure } from "../errors.ts"
import { checkSize, checkTransfer, isByteCount, POSITION_MAX } from "./check-arguments.ts"
import type { RandomAccessStream } from "./stream.ts"

export interface MemoryStreamOptions {
  /**
   * The size in bytes the stream may grow to; beyond it write and setSize throw ENOSPC. Default: no limit.
   */
  maxSize?: number
}

/**
 * A stream whose bytes live in memory and are gone when it is. `flush` does nothing; `close` keeps the
 * contents for `bytes()`. Reads and writes allocate one view each; growing past the capacity at least doubles
 * the buffer, and the old and the new one exist together while it is copied.
 */
export class MemoryStream implements RandomAccessStream {
  readonly atomic: boolean
  _buffer: Uint8Array
  _size: number
  _maxSize: number
  _closed: boolean

  /**
   * The stream starts with a copy of `initial`, or empty.
   * @throws EINVAL when `maxSize` is not a whole number of bytes or less than `initial` holds
   */
  constructor(initial?: Uint8Array, options?: MemoryStreamOptions) {
    const maxSize = options === undefined || options.maxSize === undefined ? POSITION_MAX : options.maxSize
    const size = initial === undefined ? 0 : initial.length
    if (!isByteCount(maxSize) || maxSize < size) {
      throw failure("EINVAL", `maxSize is ${maxSize}, expected a whole number from ${size}`)
    }
    this.atomic = false
    this._buffer = new Uint8Array(size)
    if (initial !== undefined) this._buffer.set(initial)
    this._size = size
    this._maxSize = maxSize
    this._closed = false
  }

  /** Gives a copy of the contents, also after close. */
  bytes(): Uint8Array {
    const copy = new Uint8Array(this._size)
    copy.set(this._buffer.subarray(0, this._size))
    return copy
  }

  /**
   * Reads into `buffer[start, start + length)` from byte `position` and gives the number of bytes read, 0 at
   * or after the end.
   * @throws EINVAL, ECLOSED
   */
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._checkOpen()
    const from = start === undefined ? 0 : start
    let count = length === undefined ? buffer.length - from : length
    checkTransfer(buffer.length, position, from, count)
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    buffer.set(this._buffer.subarray(position, position + count), from)
    return count
  }

  /**
   * Writes `buffer[start, start + length)` at byte `position`; a gap before it reads as zeros. When it
   * throws, the contents are as before.
   * @throws EINVAL, ECLOSED, ENOSPC beyond maxSize, ENOMEM when the host has no such buffer
   */
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this._checkOpen()
    const from = start === undefined ? 0 : start
    const count = length === undefined ? buffer.length - from : length
    checkTransfer(buffer.length, position, from, count)
    if (count === 0) return
    const end = position + count
    this._reserve(end)
    this._buffer.set(count === buffer.length ? buffer : buffer.subarray(from, from + count), position)
    if (end > this._size) this._size = end
  }

  /** Gives the length in bytes. @throws ECLOSED */
  size(): number {
    this._checkOpen()
    return this._size
  }

  /**
   * Cuts the stream, or extends it with zeros. Cutting releases no memory.
   * @throws EINVAL, ECLOSED, ENOSPC, ENOMEM
   */
  setSize(size: number): void {
    this._checkOpen()
    checkSize(size)
    if (size < this._size) this._buffer.fill(0, size, this._size)
    else this._reserve(size)
    this._size = size
  }

  /** Does nothing: there is no medium. @throws ECLOSED */
  flush(): void {
    this._checkOpen()
  }

  /** Ends the use of the stream; may be called twice. */
  close(): void {
    this._closed = true
  }

  _checkOpen(): void {
    if (this._closed) throw failure("ECLOSED", "the stream is closed")
  }

  _reserve(size: number): void {
    if (size <= this._buffer.length) return
    if (size > this._maxSize) {
      throw failure("ENOSPC", `the stream is limited to ${this._maxSize} bytes, ${size} are needed`)
    }
    let capacity = this._buffer.length * 2
    if (capacity < size) capacity = size
    if (capacity > this._maxSize) capacity = this._maxSize
    let grown: Uint8Array
    try {
      grown = new Uint8Array(capacity)
    } catch (error) {
      throw failure("ENOMEM", `no memory for a stream of ${capacity} bytes`, error)
    }
    grown.set(this._buffer.subarray(0, this._size))
    this._buffer = grown
  }
}
