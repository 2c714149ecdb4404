/**
 * Makes a RandomAccessStream of anything with MicroPython- or Espruino-style read(n), write(bytes),
 * seek(position). Invariants: the object is used by nobody else, so `_size` follows its length without
 * asking; every byte before `_size` has been written or was there at the start, because what such an object
 * leaves in a gap is undefined (FatFs: whatever the medium held).
 */
import { type FlashtreeError, failure, isFlashtreeError } from "../errors.ts"
import { checkSize, checkTransfer } from "./check-arguments.ts"
import type { RandomAccessStream } from "./stream.ts"

/** The size of the pieces in which gaps are filled with zeros, in bytes. */
const ZEROS_SIZE = 512

/** What fromSeekable needs of an object, and the optional members it uses where they are. */
export interface Seekable {
  /** Gives up to `count` bytes from where the object stands; a string has a byte in each char code. Less than
   * asked is asked again; undefined, null or nothing means the end. */
  read(count: number): Uint8Array | string | undefined | null
  /** Writes where the object stands and gives the number of bytes written; no number means all. */
  write(bytes: Uint8Array): number | void | null
  seek(position: number): unknown
  size?: number | (() => number)
  length?: number | (() => number)
  truncate?(size: number): unknown
  setSize?(size: number): unknown
  flush?(): unknown
  close?(): unknown
}

export interface SeekableOptions {
  /**
   * The length of the object in bytes; when left out, its `size` or `length` (a number or a method) tells.
   */
  size?: number
  /**
   * True when the object makes all writes up to a flush durable together or not at all. False when left out.
   */
  atomic?: boolean
}

// What the object threw, as EIO, or as ENOSPC where it says so; an error of flashtree's own goes through
// unchanged.
function deviceFailure(error: unknown, action: string): FlashtreeError {
  if (isFlashtreeError(error)) return error
  const full = error instanceof Error && (error as { code?: unknown }).code === "ENOSPC"
  return failure(full ? "ENOSPC" : "EIO", `${action} failed: ${error}`, error)
}

function lengthOf(object: Seekable): number {
  try {
    if (typeof object.size === "function") return object.size()
    if (typeof object.size === "number") return object.size
    if (typeof object.length === "function") return object.length()
    if (typeof object.length === "number") return object.length
  } catch (error) {
    throw deviceFailure(error, "asking for the size")
  }
  throw failure("EINVAL", "the object tells no size or length, expected the option { size }")
}

function copyBinaryString(text: string, target: Uint8Array, start: number): void {
  let seen = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    seen |= code
    target[start + i] = code
  }
  if (seen > 255) throw failure("EIO", "read gave text, expected a binary string with char codes up to 255")
}

class SeekableStream implements RandomAccessStream {
  readonly atomic: boolean
  readonly exclusive: boolean
  _object: Seekable
  _size: number
  _closed: boolean

  constructor(object: Seekable, size: number, atomic: boolean) {
    this.atomic = atomic
    this.exclusive = false // a file is anybody's
    this._object = object
    this._size = size
    this._closed = false
  }

  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._checkOpen()
    const from = start === undefined ? 0 : start
    let count = length === undefined ? buffer.length - from : length
    checkTransfer(buffer.length, position, from, count)
    if (count > this._size - position) count = this._size - position
    if (count <= 0) return 0
    try {
      this._object.seek(position)
      let done = 0
      while (done < count) {
        const piece = this._object.read(count - done)
        if (piece === undefined || piece === null || piece.length === 0) break
        if (piece.length > count - done) {
          throw failure("EIO", `read gave ${piece.length} bytes, expected up to ${count - done}`)
        }
        if (typeof piece === "string") copyBinaryString(piece, buffer, from + done)
        else buffer.set(piece, from + done)
        done += piece.length
      }
      if (done < count) {
        throw failure(
          "EIO",
          `read ${done} of ${count} bytes at ${position}: shorter than ${this._size} bytes`,
        )
      }
    } catch (error) {
      throw deviceFailure(error, `read at ${position}`)
    }
    return count
  }

  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this._checkOpen()
    const from = start === undefined ? 0 : start
    const count = length === undefined ? buffer.length - from : length
    checkTransfer(buffer.length, position, from, count)
    if (count === 0) return
    this._fillTo(position)
    this._put(count === buffer.length ? buffer : buffer.subarray(from, from + count), position)
  }

  size(): number {
    this._checkOpen()
    return this._size
  }

  setSize(size: number): void {
    this._checkOpen()
    checkSize(size)
    if (size >= this._size) {
      this._fillTo(size)
      return
    }
    const object = this._object
    if (typeof object.truncate !== "function" && typeof object.setSize !== "function") {
      throw failure("EINVAL", `cannot cut to ${size} of ${this._size} bytes: no truncate or setSize`)
    }
    try {
      if (typeof object.truncate === "function") object.truncate(size)
      else if (typeof object.setSize === "function") object.setSize(size)
    } catch (error) {
      throw deviceFailure(error, `truncate to ${size}`)
    }
    this._size = size
  }

  flush(): void {
    this._checkOpen()
    try {
      if (typeof this._object.flush === "function") this._object.flush()
    } catch (error) {
      throw deviceFailure(error, "flush")
    }
  }

  close(): void {
    if (this._closed) return
    this._closed = true
    try {
      if (typeof this._object.close === "function") this._object.close()
    } catch (error) {
      throw deviceFailure(error, "close")
    }
  }

  _checkOpen(): void {
    if (this._closed) throw failure("ECLOSED", "the stream is closed")
  }

  // Seeks before every transfer: C libraries ask for it between a read and a write, and it costs no I/O.
  _put(bytes: Uint8Array, position: number): void {
    const count = bytes.length
    let written: unknown
    try {
      this._object.seek(position)
      written = this._object.write(bytes)
    } catch (error) {
      throw deviceFailure(error, `write at ${position}`)
    }
    const done = typeof written === "number" ? written : count
    if (position + done > this._size) this._size = position + done
    if (done === count) return
    // A medium that fills up takes a part; an Espruino file opened for reading takes nothing and does not
    // throw.
    throw failure(done > 0 ? "ENOSPC" : "EIO", `wrote ${done} of ${count} bytes at ${position}`)
  }

  _fillTo(end: number): void {
    if (end <= this._size) return
    const zeros = new Uint8Array(Math.min(ZEROS_SIZE, end - this._size))
    while (this._size < end) {
      const left = end - this._size
      this._put(left < zeros.length ? zeros.subarray(0, left) : zeros, this._size)
    }
  }
}

/**
 * Gives a stream over an object that reads, writes and seeks, and that nothing else uses meanwhile. The
 * stream's close closes the object where that has a close.
 *
 * `setSize` cuts through the object's truncate or setSize and throws EINVAL where there is neither (Espruino
 * files); it grows by writing zeros, as does a write past the end, in pieces of 512 bytes. `flush` is the
 * object's; without one (Espruino files, where every write is durable) it does nothing.
 *
 * Costs per call: a read or write one seek and one transfer; a read allocates what the object returns, a
 * write of a part of a buffer one view, filling a gap one buffer of up to 512 bytes. `size()` asks the object
 * once, here.
 *
 * The stream throws EINVAL, ECLOSED; EIO or ENOSPC for what the object throws (`cause`) and for a short
 * write.
 * @throws EINVAL when the size is neither given nor told by the object, or not a whole number of bytes
 */
export function fromSeekable(object: Seekable, options?: SeekableOptions): RandomAccessStream {
  const given = options === undefined ? undefined : options.size
  const size = given === undefined ? lengthOf(object) : given
  checkSize(size)
  return new SeekableStream(object, size, options !== undefined && options.atomic === true)
}
