import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import type { RandomAccessStream } from "../../../src/stream/stream.ts"
import { SimulatedPower } from "./power.ts"

const BLOCK_LENGTH = 4096
const POINTER_LENGTH = 4
const PROGRAM_LENGTH = 16
const COMMIT_LENGTH = 32

/** How many pointers to blocks before it block `index` of a LittleFS file begins with. */
function pointersOf(index: number): number {
  return index === 0 ? 0 : 32 - Math.clz32(index & -index)
}

/** Gives the block of a LittleFS file that holds byte `position`, and where in the block it lies. */
function locate(position: number): { index: number; offset: number } {
  let index = 0
  let start = 0
  for (;;) {
    const header = pointersOf(index) * POINTER_LENGTH
    const next = start + BLOCK_LENGTH - header
    if (position < next) return { index, offset: header + position - start }
    start = next
    index++
  }
}

/**
 * A file on LittleFS with 4 KiB blocks (cache and program unit of 16 bytes). The file system copies on write:
 * what was not flushed is gone after a cut, and what was is whole. A write costs a new copy of the file from
 * the block it touches to the end; one that does not follow on the write before it costs one more, and so does
 * a write after a read. The figures leave out the erases of the directory (1 in about 100 flushes) and that
 * files of up to 16 bytes have no block.
 */
export class SimulatedLittlefsFile implements RandomAccessStream {
  readonly atomic = false
  /** Blocks erased. */
  erases = 0
  /** Bytes programmed: file, pointers, padding and the commits in the directory. */
  programmedBytes = 0
  readonly power: SimulatedPower
  private readonly live: MemoryStream
  private durable: Uint8Array
  private dirty = false
  /** [start, end) of the writes that followed on each other and are not copied yet; start -1: none. */
  private runStart = -1
  private runEnd = -1

  /** The file holds a copy of `initial`, flushed. Each write, setSize and flush is a change that `power` counts. */
  constructor(initial: Uint8Array = new Uint8Array(0), power: SimulatedPower = new SimulatedPower()) {
    this.live = new MemoryStream(initial)
    this.durable = this.live.bytes()
    this.power = power
  }

  read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    this.power.check()
    const count = this.live.read(buffer, position, start, length)
    this.endRun()
    return count
  }

  write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    const before = this.begin()
    this.live.write(buffer, position, start, length)
    if (length > 0) this.touch(Math.min(position, before), position + length)
  }

  size(): number {
    this.power.check()
    return this.live.size()
  }

  setSize(size: number): void {
    const before = this.begin()
    // Shortening the chain of blocks copies nothing but what was written before.
    if (size < before) this.endRun()
    this.live.setSize(size)
    if (size > before) this.touch(before, size)
    this.dirty ||= size < before
  }

  flush(): void {
    this.begin()
    this.live.flush()
    this.commit()
  }

  /** As lfs_file_close: flushes, unless the power is off. */
  close(): void {
    if (!this.power.cut) this.commit()
    this.live.close()
  }

  /** Gives the file as it is found after a cut, under a new power: as of the last flush that returned. */
  crash(): SimulatedLittlefsFile {
    return new SimulatedLittlefsFile(this.durable)
  }

  // Counts a change, which the power may cut before it has done anything.
  private begin(): number {
    if (this.power.next()) this.power.check()
    return this.live.size()
  }

  private touch(start: number, end: number): void {
    this.dirty = true
    if (this.runStart >= 0 && start !== this.runEnd) this.endRun()
    if (this.runStart < 0) this.runStart = start
    this.runEnd = end
  }

  private endRun(): void {
    if (this.runStart < 0) return
    const first = locate(this.runStart)
    const last = locate(this.live.size() - 1)
    const blocks = last.index - first.index
    const tail = Math.ceil((last.offset + 1) / PROGRAM_LENGTH) * PROGRAM_LENGTH
    this.erases += blocks + 1
    this.programmedBytes += blocks * BLOCK_LENGTH + tail
    this.runStart = -1
  }

  private commit(): void {
    if (!this.dirty) return
    this.endRun()
    this.programmedBytes += COMMIT_LENGTH
    this.dirty = false
    this.durable = this.live.bytes()
  }
}
