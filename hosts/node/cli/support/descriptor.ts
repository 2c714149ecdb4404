/** Synchronous reads and writes on file descriptors that hold out where a pipe or terminal is not ready. */
import { readSync, writeSync } from "node:fs"

/** Thrown when the reader of a pipe has gone (`| head`): the verb ends quietly. */
export class ClosedPipe extends Error {}

/** Writes all of `bytes`. @throws ClosedPipe */
export function writeAll(fd: number, bytes: Uint8Array): void {
  let done = 0
  while (done < bytes.length) {
    try {
      done += writeSync(fd, bytes, done)
    } catch (error) {
      const code = codeOf(error)
      if (code === "EPIPE") throw new ClosedPipe()
      if (code !== "EAGAIN") throw error
      pause()
    }
  }
}

/** Reads what there is, at most `target.length` bytes; 0 at the end. */
export function readSome(fd: number, target: Uint8Array): number {
  for (;;) {
    try {
      return readSync(fd, target, 0, target.length, null)
    } catch (error) {
      const code = codeOf(error)
      // Windows reports the end of a pipe as an error.
      if (code === "EOF") return 0
      if (code !== "EAGAIN") throw error
      pause()
    }
  }
}

/** Writes to stderr at once; a closed stderr is nobody's loss. */
export function writeStderr(text: string): void {
  try {
    writeAll(2, Buffer.from(text))
  } catch {}
}

function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code
}

// A descriptor in non-blocking mode said EAGAIN: wait a moment without giving up the thread.
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
}
