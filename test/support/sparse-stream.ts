/** A stream of any size that keeps only what was written: bytes between are zeros and take no memory. */
import type { RandomAccessStream } from "../../src/index.ts"

const BLOCK = 4096

export class SparseStream implements RandomAccessStream {
  readonly atomic = false
  readonly #blocks = new Map<number, Uint8Array>()
  #size = 0

  size(): number {
    return this.#size
  }

  setSize(size: number): void {
    for (const [number, block] of this.#blocks) {
      const left = size - number * BLOCK
      if (left <= 0) this.#blocks.delete(number)
      else if (left < BLOCK) block.fill(0, left)
    }
    this.#size = size
  }

  read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    const count = Math.max(0, Math.min(length, this.#size - position))
    for (let done = 0; done < count; ) {
      const number = Math.floor((position + done) / BLOCK)
      const at = position + done - number * BLOCK
      const part = Math.min(BLOCK - at, count - done)
      const block = this.#blocks.get(number)
      if (block === undefined) buffer.fill(0, start + done, start + done + part)
      else buffer.set(block.subarray(at, at + part), start + done)
      done += part
    }
    return count
  }

  write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    for (let done = 0; done < length; ) {
      const number = Math.floor((position + done) / BLOCK)
      const at = position + done - number * BLOCK
      const part = Math.min(BLOCK - at, length - done)
      let block = this.#blocks.get(number)
      if (block === undefined) {
        block = new Uint8Array(BLOCK)
        this.#blocks.set(number, block)
      }
      block.set(buffer.subarray(start + done, start + done + part), at)
      done += part
    }
    this.#size = Math.max(this.#size, position + length)
  }

  flush(): void {}

  close(): void {}
}
