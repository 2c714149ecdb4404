/**
 * Goal: a log behaves like an array whose last flush survives everything, and whose beginning may be gone.
 *
 * Method: fast-check makes a geometry (4 to 7 blocks, so that the ring goes round all the time), a buffer and a list of operations:
 * appends of records of many lengths, with times that go on, jump, fall or are left out, flush, rollback, reopening without a flush
 * and with another buffer, power cuts in every mode at the n-th operation of the flash from now, maintain(), reading in between,
 * visits that end early, a full log that refuses more. Each is done on the log and on an array. After each reopening, and at the end,
 * everything is compared: forward, newest first, since a number, between two times; the oldest may be gone only when the ring has been
 * full, and check() has to be clean.
 *
 * Replay: SEED=<seed> [FC_PATH=<path>] npx vitest run test/property/log. RUNS=<n> sets the number of runs.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { PowerCut } from "../../hosts/node/simulator/errors.ts"
import { isFlashtreeError } from "../../src/index.ts"
import * as log from "../../src/log/index.ts"
import { makeValue } from "../powercut/rig.ts"
import { firstDifference } from "../support/streams.ts"
import { withDeadline } from "./model.ts"

const SEED = Number(process.env.SEED ?? 20261125)
const RUNS = Number(process.env.RUNS ?? 300)
const BLOCK = 4096

interface Config {
  blocks: number
  align: number
  encrypted: boolean
  checksum: "crc32" | "sum32"
  full: "overwrite" | "stop"
}

const configs: fc.Arbitrary<Config> = fc.record({
  blocks: fc.integer({ min: 4, max: 7 }),
  align: fc.constantFrom(1, 4, 16, 32),
  encrypted: fc.boolean(),
  checksum: fc.constantFrom<Config["checksum"][]>("crc32", "sum32"),
  full: fc.constantFrom<Config["full"][]>("overwrite", "overwrite", "overwrite", "stop"),
})

type Op =
  | { op: "append"; count: number; length: number; step: number; every: number }
  | { op: "flush" }
  | { op: "rollback" }
  | { op: "reopen"; buffer: number }
  | { op: "cut"; after: number; mode: "clean" | "torn" | "bits" }
  | { op: "maintain" }
  | { op: "read"; from: number; stop: number; newestFirst: boolean }

const c = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)
const BUFFERS = [128, 300, 768, 2048]

const ops: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      op: c("append"),
      count: fc.integer({ min: 1, max: 150 }),
      length: fc.constantFrom(0, 10, 32, 32, 62, 63, 64, 200, 700),
      step: fc.constantFrom(0, 1, 60, 100_000, -7, -500_000, Number.NaN),
      every: fc.constantFrom(1, 1, 3, 16, 1000),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: c("flush") }) },
  { weight: 3, arbitrary: fc.record({ op: c("rollback") }) },
  { weight: 3, arbitrary: fc.record({ op: c("reopen"), buffer: fc.constantFrom(...BUFFERS) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      op: c("cut"),
      after: fc.nat(80),
      mode: fc.constantFrom<("clean" | "torn" | "bits")[]>("clean", "torn", "bits"),
    }),
  },
  { weight: 4, arbitrary: fc.record({ op: c("maintain") }) },
  {
    weight: 4,
    arbitrary: fc.record({ op: c("read"), from: fc.nat(100), stop: fc.nat(200), newestFirst: fc.boolean() }),
  },
)

interface Entry {
  length: number
  time: number | undefined
}

class Run {
  readonly config: Config
  chip: SimulatedFlash
  log!: log.Log
  /** Entry of number n at n - 1; the first `flushed` of them are durable, and those up to one of `allowed` after a cut. */
  entries: Entry[] = []
  flushed = 0
  buffer = 768
  time = 0
  /** No record before this number has been dropped by a flush. */
  first = 1

  constructor(config: Config) {
    this.config = config
    this.chip = new SimulatedFlash({
      size: config.blocks * BLOCK,
      writeAlign: config.encrypted ? Math.max(config.align, 16) : config.align,
      encrypted: config.encrypted,
      seed: SEED,
    })
    this.open()
  }

  open(): void {
    const { checksum, full } = this.config
    this.log = log.open(this.chip, { checksum, full, buffer: this.buffer })
  }

  apply(op: Op): void {
    if (op.op === "cut") {
      this.chip.cutAfter(op.after, op.mode)
      return
    }
    try {
      this.act(op)
    } catch (error) {
      if (error instanceof PowerCut) {
        this.chip = this.chip.reboot()
        this.reopen([this.flushed, this.entries.length])
      } else if (isFlashtreeError(error) && error.code === "ENOSPC") {
        this.rollback()
        this.compare()
      } else throw error
    }
  }

  act(op: Exclude<Op, { op: "cut" }>): void {
    if (op.op === "append") this.append(op)
    else if (op.op === "flush") this.flush()
    else if (op.op === "rollback") this.rollback()
    else if (op.op === "maintain") this.log.maintain()
    else if (op.op === "reopen") {
      this.buffer = op.buffer
      this.reopen([this.flushed])
    } else {
      let left = op.stop
      const from = this.log.first + Math.floor((this.log.count * op.from) / 100)
      this.log.since(
        from,
        (record, number, time) => {
          this.expectEntry(record, number, time)
          return left-- > 0
        },
        { newestFirst: op.newestFirst, lost: () => undefined },
      )
    }
  }

  append({ count, length, step, every }: Extract<Op, { op: "append" }>): void {
    const size = Math.min(length, this.log.status().recordMax)
    for (let i = 1; i <= count; i++) {
      this.time += Number.isNaN(step) ? 0 : step
      const time = Number.isNaN(step) ? undefined : this.time
      const number = this.entries.length + 1
      const record = makeValue(size, number, 1)
      if (this.log.append(record, time) !== number) throw new Error(`not number ${number}`)
      this.entries.push({ length: size, time })
      if (i % every === 0) this.flush()
    }
  }

  flush(): void {
    this.log.flush()
    this.flushed = this.entries.length
  }

  rollback(): void {
    this.log.rollback()
    this.entries.length = this.flushed
  }

  reopen(allowed: number[]): void {
    this.open()
    if (!allowed.includes(this.log.last))
      throw new Error(`the last record is ${this.log.last}, not ${allowed}`)
    this.entries.length = this.log.last
    this.flushed = this.log.last
    this.compare()
  }

  expectEntry(record: Uint8Array, number: number, time: number | undefined): void {
    const entry = this.entries[number - 1]
    if (entry === undefined) throw new Error(`there is no record ${number}`)
    if (firstDifference(record, makeValue(entry.length, number, 1)) >= 0)
      throw new Error(`record ${number} is wrong`)
    if (time !== entry.time) throw new Error(`record ${number} has the time ${time}, not ${entry.time}`)
  }

  compare(): void {
    // Reading programs what is not flushed, which may drop the oldest block.
    this.log.since(this.log.last, () => false)
    const { first, last } = this.log
    if (last !== this.entries.length) throw new Error(`${last} records, not ${this.entries.length}`)
    if (first < this.first) throw new Error(`record ${first} is there again`)
    this.first = first
    this.expectRoom(first)
    const lost = this.expectVisit(first, last, false)
    if (this.expectVisit(first, last, true) !== lost) throw new Error("another loss newest first")
    const middle = Math.ceil((first + last) / 2)
    this.expectVisit(middle, last, false)
    for (const share of [0.2, 0.7]) this.expectBetween(Math.floor(first + (last - first) * share))
    const findings = this.log.check()
    if (findings.length > 0) throw new Error(`check: ${findings[0]?.message}`)
  }

  /** The oldest go only where they may, and only when every block has been used. */
  expectRoom(first: number): void {
    if (first === 1) return
    if (this.config.full === "stop") throw new Error(`record 1 is gone: the first is ${first}`)
    const { counters } = this.chip
    if (counters.programBytes < (this.config.blocks - 2) * BLOCK * 0.5)
      throw new Error(`record 1 is gone after ${counters.programBytes} bytes`)
  }

  /** Compares all from `from` on; gives how many are lost, which only those of the oldest block of a full log may be. */
  expectVisit(from: number, last: number, newestFirst: boolean): number {
    let expected = newestFirst ? last : from
    let lost = 0
    const visit = (record: Uint8Array, number: number, time: number | undefined) => {
      if (number !== expected) throw new Error(`record ${number} comes where ${expected} should`)
      this.expectEntry(record, number, time)
      expected += newestFirst ? -1 : 1
    }
    const onLost = (a: number, b: number) => {
      if ((newestFirst ? b : a) !== expected) throw new Error(`${a} to ${b} lost where ${expected} should be`)
      const { usedBlocks, blocks } = this.log.status()
      if (usedBlocks < blocks) throw new Error(`lost: ${a} to ${b}`)
      expected = newestFirst ? a - 1 : b + 1
      lost += b - a + 1
    }
    this.log.since(from, visit, { newestFirst, lost: onLost })
    const end = newestFirst ? from - 1 : last + 1
    if (expected !== end) throw new Error(`the records end at ${expected}, not at ${end}`)
    return lost
  }

  expectBetween(number: number): void {
    const time = this.entries[number - 1]?.time
    if (time === undefined) return
    const expected: number[] = []
    for (let n = this.log.first; n <= this.log.last; n++) {
      const at = this.entries[n - 1]?.time
      if (at !== undefined && at >= time - 50 && at <= time + 500) expected.push(n)
    }
    for (const newestFirst of [false, true]) {
      const found: number[] = []
      const lost = new Set<number>()
      this.log.between(time - 50, time + 500, (_, n) => found.push(n), {
        newestFirst,
        lost: (a, b) => {
          for (let n = a; n <= b; n++) lost.add(n)
        },
      })
      const wanted = expected.filter((n) => !lost.has(n))
      if (newestFirst) found.reverse()
      if (firstDifference(found, wanted) >= 0)
        throw new Error(`between ${time - 50} and ${time + 500}: ${found}, not ${wanted}`)
    }
  }
}

test(
  "a log is an array",
  () => {
    let wrapped = 0
    let cuts = 0
    fc.assert(
      fc.property(configs, fc.array(ops, { minLength: 10, maxLength: 60, size: "max" }), (config, list) => {
        withDeadline(20_000, () => {
          const run = new Run(config)
          for (const op of list) run.apply(op)
          run.chip = run.chip.reboot()
          run.reopen([run.flushed])
          run.apply({ op: "append", count: 20, length: 8, step: 1, every: 7 })
          run.compare()
          if (run.log.first > 1) wrapped++
          cuts += list.filter(({ op }) => op === "cut").length
        })
      }),
      { numRuns: RUNS, seed: SEED, ...(process.env.FC_PATH ? { path: process.env.FC_PATH } : {}) },
    )
    console.log(`${RUNS} runs: ${wrapped} logs went round, ${cuts} cuts`)
    if (!process.env.FC_PATH) expect(wrapped).toBeGreaterThan(RUNS / 4)
  },
  RUNS > 300 ? 3_000_000 : 120_000,
)
