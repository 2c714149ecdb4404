/**
 * Operations of the tree, run so many times in one request that slots and compute units of one can be told: the test
 * takes "nothing" off, which costs what the loop and the request cost.
 */
import { type BTree, type Cursor, open as openTree } from "../../../../src/btree/index.ts"
import { open as openVolume } from "../../../../src/flash/index.ts"
import { MemoryStream } from "../../../../src/stream/memory-stream.ts"
import { makeRandom } from "../../../support/streams.ts"
import { serve } from "./commands.ts"
import { NorFlash } from "./nor-flash.ts"

export interface Scenario {
  /** Random bytes, or `cfg/item/NNNNNNN`; 16 bytes either way. */
  keys: "random" | "config"
  count: number
  pagesize: number
  frames: number
  /** A stream in memory, or a volume on NOR flash of so many bytes. */
  flash?: number
}

const KEY_LENGTH = 16
const VALUE_LENGTH = 32

class Bench {
  readonly db: BTree
  readonly cursor: Cursor
  readonly keys: Uint8Array[] = []
  readonly texts: string[] = []
  readonly values = [new Uint8Array(VALUE_LENGTH).fill(1), new Uint8Array(VALUE_LENGTH).fill(2)]
  readonly target = new Uint8Array(VALUE_LENGTH)
  readonly device: NorFlash | undefined
  /** Makes the next value another one, so that an overwrite changes bytes. */
  version = 0
  found: unknown

  /** Fills the database in an order of no order, flushes, and asks for every key once. */
  constructor({ keys, count, pagesize, frames, flash }: Scenario) {
    const random = makeRandom(count)
    for (let i = 0; i < count; i++) {
      const text = `cfg/item/${String(i).padStart(7, "0")}`
      this.texts.push(text)
      const key = new Uint8Array(KEY_LENGTH)
      for (let j = 0; j < KEY_LENGTH; j++) key[j] = keys === "random" ? random(256) : text.charCodeAt(j)
      this.keys.push(key)
    }
    for (let i = count - 1; i > 0; i--) this.exchange(i, random(i + 1))
    this.device = flash === undefined ? undefined : new NorFlash(flash)
    const stream = this.device === undefined ? new MemoryStream() : openVolume(this.device, { pagesize })
    this.db = openTree(stream, { pagesize, cachesize: frames * pagesize })
    for (const key of this.keys) {
      this.db.set(key, this.values[0] as Uint8Array)
      if (flash !== undefined) this.db.flush()
    }
    this.db.flush()
    for (const key of this.keys) if (!this.db.has(key)) throw new Error("a key is missing")
    this.cursor = this.db.cursor()
    this.cursor.first()
  }

  private exchange(i: number, j: number): void {
    for (const list of [this.keys, this.texts] as unknown[][]) {
      const one = list[i]
      list[i] = list[j]
      list[j] = one
    }
  }
}

const OPERATIONS: Record<string, (bench: Bench, key: Uint8Array, text: string) => void> = {
  nothing() {},
  find(bench, key) {
    bench.found = bench.db.find(key)
  },
  getInto(bench, key) {
    bench.found = bench.db.getInto(key, bench.target)
  },
  get(bench, key) {
    bench.found = bench.db.get(key)
  },
  getText(bench, _, text) {
    bench.found = bench.db.get(text)
  },
  step(bench) {
    if (!bench.cursor.next()) bench.cursor.first()
  },
  overwrite(bench, key) {
    bench.db.set(key, bench.values[++bench.version & 1] as Uint8Array)
  },
  overwriteAndFlush(bench, key) {
    bench.db.set(key, bench.values[++bench.version & 1] as Uint8Array)
    bench.db.flush()
  },
}

let bench: Bench | undefined

serve({
  prepare(scenario: Scenario) {
    bench = new Bench(scenario)
    const { pages, depth } = bench.db.stat()
    return { pages, depth, frames: bench.db.cache.frames, capacity: bench.db.cache.capacity }
  },

  run({ operation, times }: { operation: string; times: number }) {
    const { db, keys, texts, device } = bench as Bench
    const task = OPERATIONS[operation] as (bench: Bench, key: Uint8Array, text: string) => void
    const misses = db.cache.misses
    const reads = device?.reads ?? 0
    const count = keys.length
    for (let i = 0, at = 0; i < times; i++, at++) {
      if (at === count) at = 0
      task(bench as Bench, keys[at] as Uint8Array, texts[at] as string)
    }
    return { misses: db.cache.misses - misses, reads: (device?.reads ?? 0) - reads }
  },
})
