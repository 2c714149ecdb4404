/**
 * Standard output and files, written synchronously through one buffer: the engine is synchronous, so a verb never
 * yields, and an asynchronous stream would hold a whole dump in memory.
 */
import { closeSync, openSync, statSync } from "node:fs"
import { writeAll } from "./descriptor.ts"
import { CliError } from "./failure.ts"

const BUFFER_SIZE = 64 * 1024

/** Buffered text and bytes to a file descriptor. */
export class Output {
  readonly #fd: number
  readonly #buffer = Buffer.allocUnsafe(BUFFER_SIZE)
  #used = 0

  constructor(fd: number) {
    this.#fd = fd
  }

  /** True: a person reads this on a terminal. */
  get isTerminal(): boolean {
    return this.#fd === 1 && process.stdout.isTTY === true
  }

  /** Writes `text` and a line end. @throws ClosedPipe when nobody reads any more. */
  line(text: string): void {
    this.write(text)
    this.write("\n")
  }

  /** @throws ClosedPipe when nobody reads any more. */
  write(data: string | Uint8Array): void {
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    const sizeMax = typeof data === "string" ? data.length * 3 : data.length
    if (sizeMax > BUFFER_SIZE - this.#used) this.flush()
    if (sizeMax > BUFFER_SIZE) {
      writeAll(this.#fd, typeof data === "string" ? Buffer.from(data) : data)
    } else if (typeof data === "string") {
      this.#used += this.#buffer.write(data, this.#used)
    } else {
      this.#buffer.set(data, this.#used)
      this.#used += data.length
    }
  }

  /** Hands what is buffered to the operating system. @throws ClosedPipe */
  flush(): void {
    const used = this.#used
    this.#used = 0
    writeAll(this.#fd, this.#buffer.subarray(0, used))
  }

  /** Flushes and closes a file; standard output stays open. */
  close(): void {
    this.flush()
    if (this.#fd > 2) closeSync(this.#fd)
  }
}

/** Standard output, for every verb; main flushes it at the end. */
export const stdout: Output = new Output(1)

/** Opens `path` for writing. @throws EINVAL where it is the database `source` itself, under whatever name. */
export function outputFile(path: string, source: string): Output {
  const target = statSync(path, { throwIfNoEntry: false })
  const database = statSync(source)
  if (target !== undefined && target.ino === database.ino && target.dev === database.dev)
    throw new CliError("EINVAL", `--output ${path} is the database itself`, "give another file name")
  return new Output(openSync(path, "w"))
}
