/**
 * Goal: a btree on a flash volume behaves like a map whose last flush survives everything; the volume alone behaves like an array
 * of bytes whose last flush does.
 *
 * Method: fast-check makes a geometry (32 to 64 KiB, so that blocks are reclaimed all the time) and a list of operations: puts,
 * deletes, ranges, values on overflow pages, flush, rollback, reopening without a flush, power cuts in every mode at the n-th
 * operation of the flash from now, cleaning ahead. Each is done on the real thing and on a model. ENOSPC may come for new content
 * only: then gets go on, rollback() heals, and an overwrite and deletes of what is there work. A second property writes, cuts and
 * grows the bare stream. At the end all is compared after one more reopening, and check() has to be clean.
 *
 * Replay: SEED=<seed> [FC_PATH=<path>] npx vitest run test/property/flash. RUNS=<n> sets the number of runs of each property.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { PowerCut } from "../../hosts/node/simulator/errors.ts"
import * as flash from "../../src/flash/index.ts"
import { btree, isFlashtreeError } from "../../src/index.ts"
import { BIG, differenceFrom, keyOf, makeValue, recordValue } from "../powercut/rig.ts"
import { firstDifference } from "../support/streams.ts"
import { withDeadline } from "./model.ts"

const SEED = Number(process.env.SEED ?? 20261123)
const RUNS = Number(process.env.RUNS ?? 0)
const RUN_TIME_MAX = 10_000
const PROPERTY_TIME_MAX = RUNS > 0 ? 3_000_000 : 60_000

type BTree = ReturnType<typeof btree.open>
type CutMode = "clean" | "torn" | "bits"

interface Config {
  blocks: number
  align: number
  encrypted: boolean
  pagesize: number
  checksum: "crc32" | "sum32"
}

const configs: fc.Arbitrary<Config> = fc.record({
  blocks: fc.integer({ min: 8, max: 16 }),
  align: fc.constantFrom(1, 4, 16, 32),
  encrypted: fc.boolean(),
  pagesize: fc.constantFrom(512, 512, 1024),
  checksum: fc.constantFrom<Config["checksum"][]>("crc32", "sum32"),
})

const modes = fc.constantFrom<CutMode[]>("clean", "torn", "bits")

class Bench {
  readonly config: Config
  chip: SimulatedFlash
  volume!: flash.FlashVolume

  constructor(config: Config) {
    this.config = config
    this.chip = new SimulatedFlash({
      size: config.blocks * 4096,
      writeAlign: config.encrypted ? Math.max(config.align, 16) : config.align,
      encrypted: config.encrypted,
      seed: SEED,
    })
    this.openVolume()
  }

  openVolume(): void {
    const { pagesize, checksum } = this.config
    this.volume = flash.open(this.chip, { pagesize, checksum })
  }

  /** What ENOSPC said last. */
  refusal = ""

  /** Runs `task` and tells how it ended. */
  attempt(task: () => void): "done" | "cut" | "full" {
    try {
      task()
      return "done"
    } catch (error) {
      if (error instanceof PowerCut) return "cut"
      if (isFlashtreeError(error) && error.code === "ENOSPC") {
        this.refusal = error.message
        return "full"
      }
      throw error
    }
  }
}

// ---- the tree ----------------------------------------------------------------------------------------------------

type TreeOp =
  | { op: "put"; k: number; count: number; flush: boolean }
  | { op: "big"; k: number; n: number }
  | { op: "delete"; k: number }
  | { op: "deleteRange"; k: number; count: number }
  | { op: "flush" }
  | { op: "rollback" }
  | { op: "reopen" }
  | { op: "cut"; after: number; mode: CutMode }
  | { op: "maintain"; erases: number }

const KEYS = 150
const c = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)
const key = fc.nat(KEYS - 1)

const treeOps: fc.Arbitrary<TreeOp> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      op: c("put"),
      k: key,
      count: fc.integer({ min: 1, max: 60 }),
      flush: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: c("big"), k: key, n: fc.nat(6) }) },
  { weight: 3, arbitrary: fc.record({ op: c("delete"), k: key }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: c("deleteRange"), k: key, count: fc.integer({ min: 1, max: 80 }) }),
  },
  { weight: 5, arbitrary: fc.record({ op: c("flush") }) },
  { weight: 2, arbitrary: fc.record({ op: c("rollback") }) },
  { weight: 2, arbitrary: fc.record({ op: c("reopen") }) },
  { weight: 5, arbitrary: fc.record({ op: c("cut"), after: fc.nat(60), mode: modes }) },
  { weight: 2, arbitrary: fc.record({ op: c("maintain"), erases: fc.integer({ min: 1, max: 4 }) }) },
)

class TreeRun extends Bench {
  tree!: BTree
  durable = new Map<number, number>()
  pending = new Map<number, number>()
  version = 0

  constructor(config: Config) {
    super(config)
    this.openTree()
  }

  openTree(): void {
    this.tree = btree.open(this.volume, { pagesize: this.config.pagesize, cachesize: 2560 })
  }

  apply(op: TreeOp): void {
    if (op.op === "cut") {
      this.chip.cutAfter(op.after, op.mode)
      return
    }
    if (op.op === "reopen") {
      this.reopen([this.durable])
      return
    }
    let flushing: Map<number, number> | undefined
    const flush = (): void => {
      flushing = new Map(this.pending)
      this.tree.flush()
      this.durable = flushing
      flushing = undefined
    }
    const outcome = this.attempt(() => this.perform(op, flush))
    if (outcome === "cut") this.reopen(flushing === undefined ? [this.durable] : [this.durable, flushing])
    if (outcome === "full") this.afterFull(op)
  }

  perform(op: Exclude<TreeOp, { op: "cut" | "reopen" }>, flush: () => void): void {
    switch (op.op) {
      case "put":
        for (let i = 0; i < op.count; i++) {
          this.set((op.k + i * 7) % KEYS, ++this.version)
          if (op.flush) flush()
        }
        return
      case "big":
        this.set(op.k, BIG + ++this.version * 7 + op.n)
        return
      case "delete":
        this.delete(op.k)
        return
      case "deleteRange": {
        let expected = 0
        for (let k = op.k; k < op.k + op.count; k++) if (this.pending.has(k)) expected++
        expect(this.tree.deleteRange(keyOf(op.k), keyOf(op.k + op.count))).toBe(expected)
        for (let k = op.k; k < op.k + op.count; k++) this.pending.delete(k)
        return
      }
      case "flush":
        flush()
        return
      case "rollback":
        this.tree.rollback()
        this.pending = new Map(this.durable)
        this.expectState(this.durable)
        return
      case "maintain":
        this.volume.maintain({ erases: op.erases })
        return
    }
  }

  set(k: number, version: number): void {
    this.tree.set(keyOf(k), recordValue(k, version))
    this.pending.set(k, version)
  }

  delete(k: number): void {
    expect(this.tree.delete(keyOf(k))).toBe(this.pending.has(k))
    this.pending.delete(k)
  }

  /** The volume is full: only what is new may have been refused. */
  afterFull(op: TreeOp): void {
    const before = this.durable
    const outcome = this.attempt(() => {
      for (const k of before.keys()) this.tree.get(keyOf(k))
      this.tree.rollback()
      this.pending = new Map(before)
      this.expectState(before)
    })
    if (outcome === "cut") {
      this.reopen([before])
      return
    }
    if (outcome === "full") throw new Error(`ENOSPC out of a get or a rollback after ${op.op}`)
    for (const [k, version] of before) {
      // The same length within a leaf, so nothing new; then a delete.
      if (version < BIG) {
        const next = new Map(this.durable).set(k, ++this.version)
        if (!this.commit(() => this.set(k, next.get(k) as number), next)) return
      }
      const less = new Map(this.durable)
      less.delete(k)
      if (!this.commit(() => this.delete(k), less)) return
      if (this.durable.size < before.size - 2) return
    }
  }

  /** Does a small change that may not be refused; false when the power was cut in it. */
  commit(change: () => void, next: Map<number, number>): boolean {
    const outcome = this.attempt(() => {
      change()
      this.tree.flush()
    })
    if (outcome === "full") {
      const { live, capacity, freeBlocks, blocks } = this.volume.status()
      const figures = `live ${live} of ${capacity}, ${freeBlocks} of ${blocks} blocks free`
      throw new Error(`${this.refusal}: for an overwrite or a delete in a transaction of its own; ${figures}`)
    }
    if (outcome === "cut") this.reopen([this.durable, next])
    else this.durable = next
    return outcome === "done"
  }

  reopen(allowed: Map<number, number>[]): void {
    this.chip = this.chip.reboot()
    this.openVolume()
    this.openTree()
    const found = allowed.find((state) => differenceFrom(this.tree, state) === "")
    if (found === undefined) {
      throw new Error(
        `after reopening: ${allowed.map((state) => differenceFrom(this.tree, state)).join("; ")}`,
      )
    }
    this.durable = found
    this.pending = new Map(found)
    this.sound()
  }

  expectState(state: Map<number, number>): void {
    const difference = differenceFrom(this.tree, state)
    if (difference !== "") throw new Error(`the tree ${difference}`)
  }

  sound(): void {
    expect(this.tree.check()).toEqual([])
    expect(this.volume.check()).toEqual([])
  }

  finish(): void {
    this.chip.cutAfter(Number.POSITIVE_INFINITY)
    this.expectState(this.pending)
    this.reopen([this.durable])
  }
}

// ---- the stream --------------------------------------------------------------------------------------------------

type StreamOp =
  | { op: "write"; position: number; length: number; zeros: boolean; times: number }
  | { op: "setSize"; size: number }
  | { op: "flush" }
  | { op: "rollback" }
  | { op: "reopen" }
  | { op: "cut"; after: number; mode: CutMode }
  | { op: "maintain" }

/** Positions crowd round the borders of pages. */
const SPAN = 5000
const position = fc
  .tuple(fc.nat(9), fc.integer({ min: -9, max: 9 }), fc.nat(SPAN), fc.boolean())
  .map(([page, delta, any, near]) => (near ? Math.max(page * 512 + delta, 0) : any))

const streamOps: fc.Arbitrary<StreamOp> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      op: c("write"),
      position,
      length: fc.oneof(fc.nat(12), fc.nat(1200)),
      zeros: fc.boolean(),
      times: fc.constantFrom(1, 1, 1, 25),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: c("setSize"), size: position }) },
  { weight: 6, arbitrary: fc.record({ op: c("flush") }) },
  { weight: 2, arbitrary: fc.record({ op: c("rollback") }) },
  { weight: 2, arbitrary: fc.record({ op: c("reopen") }) },
  { weight: 3, arbitrary: fc.record({ op: c("cut"), after: fc.nat(40), mode: modes }) },
  { weight: 1, arbitrary: fc.record({ op: c("maintain") }) },
)

class StreamRun extends Bench {
  durable = new Uint8Array(0)
  pending = new Uint8Array(0)
  version = 0

  apply(op: StreamOp): void {
    if (op.op === "cut") {
      this.chip.cutAfter(op.after, op.mode)
      return
    }
    if (op.op === "reopen") {
      this.reopen([this.durable])
      return
    }
    let flushing: Uint8Array<ArrayBuffer> | undefined
    const outcome = this.attempt(() => {
      if (op.op === "flush") {
        flushing = this.pending.slice()
        this.volume.flush()
        this.durable = flushing
        flushing = undefined
      } else this.perform(op)
    })
    if (outcome === "cut") this.reopen(flushing === undefined ? [this.durable] : [this.durable, flushing])
    else if (outcome === "full") {
      // Many pages written again and again in one transaction.
      this.volume.rollback()
      this.pending = this.durable.slice()
      this.same(this.pending)
    } else this.same(this.pending)
  }

  perform(op: Exclude<StreamOp, { op: "cut" | "reopen" | "flush" }>): void {
    switch (op.op) {
      case "write":
        for (let i = 0; i < op.times; i++) {
          const at = (op.position + i * 600) % SPAN
          const bytes = op.zeros
            ? new Uint8Array(op.length)
            : makeValue(op.length, op.position, ++this.version)
          this.volume.write(bytes, at)
          if (op.length === 0) continue
          if (at + op.length > this.pending.length) this.resize(at + op.length)
          this.pending.set(bytes, at)
        }
        return
      case "setSize":
        this.volume.setSize(op.size)
        this.resize(op.size)
        return
      case "rollback":
        this.volume.rollback()
        this.pending = this.durable.slice()
        return
      case "maintain":
        this.volume.maintain({ erases: 2 })
        return
    }
  }

  resize(size: number): void {
    const next = new Uint8Array(size)
    next.set(this.pending.subarray(0, size))
    this.pending = next
  }

  contents(): Uint8Array {
    const bytes = new Uint8Array(this.volume.size())
    expect(this.volume.read(bytes, 0)).toBe(bytes.length)
    return bytes
  }

  same(expected: Uint8Array): void {
    const found = this.contents()
    const at = firstDifference(found, expected)
    if (at < 0) return
    throw new Error(
      `byte ${at} is ${found[at]}, not ${expected[at]}; ${found.length} bytes, not ${expected.length}`,
    )
  }

  reopen(allowed: Uint8Array<ArrayBuffer>[]): void {
    this.chip = this.chip.reboot()
    this.openVolume()
    const found = this.contents()
    const state = allowed.find((bytes) => firstDifference(found, bytes) < 0)
    if (state === undefined) this.same(allowed[0] as Uint8Array)
    this.durable = state as Uint8Array<ArrayBuffer>
    this.pending = this.durable.slice()
    expect(this.volume.check()).toEqual([])
  }

  finish(): void {
    this.chip.cutAfter(Number.POSITIVE_INFINITY)
    this.reopen([this.durable])
  }
}

// ---- the properties ----------------------------------------------------------------------------------------------

function holds<Op>(
  runsDefault: number,
  ops: fc.Arbitrary<Op>,
  make: (config: Config) => { apply(op: Op): void; finish(): void },
): void {
  const list = fc.array(ops, { maxLength: 40, size: "max" })
  const property = fc.property(configs, list, (config, operations) => {
    withDeadline(RUN_TIME_MAX, () => {
      const run = make(config)
      for (const op of operations) run.apply(op)
      run.finish()
    })
  })
  const path = process.env.FC_PATH
  fc.assert(property, {
    seed: SEED,
    numRuns: RUNS > 0 ? RUNS : runsDefault,
    interruptAfterTimeLimit: PROPERTY_TIME_MAX,
    markInterruptAsFailure: false,
    ...(path === undefined ? {} : { path }),
  })
}

console.log(`flash property runs: SEED=${SEED}${RUNS > 0 ? ` RUNS=${RUNS}` : ""} replays them`)

test(
  "a btree on a volume keeps what was flushed, whatever happens",
  () => {
    holds(300, treeOps, (config) => new TreeRun(config))
  },
  PROPERTY_TIME_MAX + 60_000,
)

test(
  "a volume is an array of bytes that keeps what was flushed",
  () => {
    holds(400, streamOps, (config) => new StreamRun(config))
  },
  PROPERTY_TIME_MAX + 60_000,
)
