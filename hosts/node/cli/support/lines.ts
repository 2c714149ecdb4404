/**
 * Lines of bytes from a file descriptor, one at a time, read synchronously. Bytes and not text: db_dump's print
 * format may carry any byte. Memory is one chunk plus the longest line.
 */
import { closeSync, openSync } from "node:fs"
import { readSome } from "./descriptor.ts"
import { CliError } from "./failure.ts"

const CHUNK_SIZE = 64 * 1024
const LINE_SIZE_MAX = 256 * 1024 * 1024
const LINE_FEED = 10
const CARRIAGE_RETURN = 13

/** Gives up to `target.length` bytes, 0 at the end. */
export type ReadBytes = (target: Uint8Array) => number

export class LineReader {
  /** Number of the line last given, from 1. */
  number = 0
  /** Bytes consumed so far, for progress. */
  position = 0
  readonly #read: ReadBytes
  #buffer = new Uint8Array(CHUNK_SIZE)
  #start = 0
  #end = 0
  #ended = false

  /** @throws EINVAL where the input starts like UTF-16. A UTF-8 byte order mark is skipped. */
  constructor(read: ReadBytes) {
    this.#read = read
    while (this.#end < 3 && this.#fill()) {}
    const [a, b, c] = this.#buffer
    if (this.#end >= 2 && ((a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff)))
      throw new CliError("EINVAL", "the input is UTF-16", "convert it: iconv -f UTF-16 -t UTF-8")
    if (this.#end >= 3 && a === 0xef && b === 0xbb && c === 0xbf) this.#start = 3
  }

  /** Gives the next line without its line feed, valid until the next call; undefined at the end. */
  next(): Uint8Array | undefined {
    const end = this.#find()
    if (end === undefined) return undefined
    const line = this.#buffer.subarray(this.#start, end)
    const taken = Math.min(end + 1, this.#end)
    this.position += taken - this.#start
    this.#start = taken
    this.number++
    return line
  }

  /** Gives the next line and leaves it to be read. */
  peek(): Uint8Array | undefined {
    const end = this.#find()
    return end === undefined ? undefined : this.#buffer.subarray(this.#start, end)
  }

  /** An EINVAL error that names the line last given. */
  malformed(message: string, hint?: string): CliError {
    return new CliError("EINVAL", `line ${this.number}: ${message}`, hint)
  }

  // Gives where the line at #start ends; a last line without a line feed ends with the input.
  #find(): number | undefined {
    let from = this.#start
    for (;;) {
      const at = this.#buffer.subarray(0, this.#end).indexOf(LINE_FEED, from)
      if (at >= 0) return at
      const scanned = this.#end - this.#start
      if (!this.#fill()) return this.#end > this.#start ? this.#end : undefined
      from = this.#start + scanned
    }
  }

  // Moves the unread bytes to the front and reads more behind them; false at the end of the input.
  #fill(): boolean {
    if (this.#ended) return false
    const kept = this.#end - this.#start
    if (kept > LINE_SIZE_MAX)
      throw new CliError("EINVAL", `line ${this.number + 1} is longer than ${LINE_SIZE_MAX} bytes`)
    if (kept * 2 > this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2)
      larger.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = larger
    } else if (this.#start > 0) this.#buffer.copyWithin(0, this.#start, this.#end)
    this.#start = 0
    this.#end = kept
    const count = this.#read(this.#buffer.subarray(kept))
    this.#end += count
    this.#ended = count === 0
    return count > 0
  }
}

/** Gives `line` without a carriage return at its end: files that went through Windows. */
export function withoutReturn(line: Uint8Array): Uint8Array {
  return line[line.length - 1] === CARRIAGE_RETURN ? line.subarray(0, -1) : line
}

/** An open input. */
export interface Input {
  readonly fd: number
  readonly read: ReadBytes
  close(): void
}

/** Opens `path`, or standard input where it is `-` or undefined. */
export function openInput(path: string | undefined): Input {
  const isStdin = path === undefined || path === "-"
  const fd = isStdin ? 0 : openSync(path, "r")
  return { fd, read: (target) => readSome(fd, target), close: () => void (isStdin || closeSync(fd)) }
}

/** Reads everything that is left of `read`. */
export function readAll(read: ReadBytes): Uint8Array {
  const parts: Uint8Array[] = []
  for (;;) {
    const part = new Uint8Array(CHUNK_SIZE)
    const count = read(part)
    if (count === 0) return Buffer.concat(parts)
    parts.push(part.subarray(0, count))
  }
}
