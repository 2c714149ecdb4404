import { checkSize, checkTransfer } from "../../../src/stream/check-arguments.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import type { RandomAccessStream } from "../../../src/stream/stream.ts"
import { SimulatedPower } from "./power.ts"
import { makeRandom } from "./random.ts"

/**
 * What becomes of the changes since the last flush: all lost; all landed; all landed, but the last one torn;
 * or each at random, see SimulatedFile.
 */
export type FileCutMode = "lost" | "landed" | "torn" | "shuffled"

type Change = { position: number; bytes: Uint8Array } | { size: number }

function apply(medium: MemoryStream, change: Change, random?: (limit: number) => number): void {
  if ("size" in change) {
    medium.setSize(change.size)
    return
  }
  // Torn where there is a `random`: each piece lands or not, pieces being bytes or, in large writes, part of
  // a sector.
  const { position, bytes } = change
  const piece = random === undefined ? bytes.length : bytes.length > 128 ? 64 : 1
  for (let i = 0; i < bytes.length; i += piece) {
    if (random !== undefined && random(2) === 0) continue
    medium.write(bytes, position + i, i, Math.min(piece, bytes.length - i))
  }
}

/**
 * A plain file that is changed in place (FAT, SPIFFS, ext4) across a power cut. Until a flush returns, each change (write or
 * setSize) since the one before may be on the medium, not be there, or be there in part, and in any order; `crash()` chooses.
 * After a cut every call throws PowerCut.
 */
export class SimulatedFile implements RandomAccessStream {
  readonly atomic = false
  readonly power: SimulatedPower
  private readonly live: MemoryStream
  private durable: Uint8Array
  private pending: Change[] = []

  /** The file holds a copy of `initial`, flushed. Each write, setSize and flush is a change that `power` counts. */
  constructor(initial: Uint8Array = new Uint8Array(0), power: SimulatedPower = new SimulatedPower()) {
    this.live = new MemoryStream(initial)
    this.durable = initial.slice()
    this.power = power
  }

  read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    this.power.check()
    return this.live.read(buffer, position, start, length)
  }

  write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    checkTransfer(buffer.length, position, start, length)
    this.change({ position, bytes: buffer.slice(start, start + length) })
  }

  setSize(size: number): void {
    checkSize(size)
    this.change({ size })
  }

  flush(): void {
    this.live.flush() // throws when closed
    if (this.power.next()) this.power.check()
    this.durable = this.live.bytes()
    this.pending = []
  }

  size(): number {
    this.power.check()
    return this.live.size()
  }

  /** Leaves what was not flushed as it is: on its way, or not. */
  close(): void {
    this.live.close()
  }

  private change(change: Change): void {
    this.live.size() // throws when closed
    const cut = this.power.next()
    this.pending.push(change)
    if (cut) this.power.check()
    apply(this.live, change)
  }

  /** Gives what the medium holds after the cut; the seed decides in modes "torn" and "shuffled". */
  crash(mode: FileCutMode, seed = 0): Uint8Array {
    const medium = new MemoryStream(this.durable)
    const next = makeRandom(seed)
    const random = (limit: number) => next() % limit
    const whole = mode === "landed" ? this.pending.length : mode === "torn" ? this.pending.length - 1 : 0
    for (const change of this.pending.slice(0, Math.max(whole, 0))) apply(medium, change)
    const last = this.pending.at(-1)
    if (mode === "torn" && last !== undefined) apply(medium, last, random)
    if (mode !== "shuffled") return medium.bytes()
    const left = [...this.pending]
    while (left.length > 0) {
      const [change] = left.splice(random(left.length), 1) as [Change]
      const fate = random(3)
      if (fate !== 0) apply(medium, change, fate === 1 ? undefined : random)
    }
    return medium.bytes()
  }
}
