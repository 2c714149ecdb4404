/**
 * Goal: an append-only tree is a sorted map with versions: every snapshot goes on reading the map as it was, whatever comes later.
 *
 * Method: fast-check makes a page size, an order, a cache, a shape of keys and values and a list of operations: puts and deletes alone or in
 * transactions that are committed, aborted or left by a failing clock, batches, range walks with changes in between, snapshots and cursors
 * held open, reverts, compaction into a new stream, reopening, junk behind the end. Each is done on the tree and on arrays of records, one a commit. After each
 * operation one snapshot is compared, at the end all of them, forward and backward; check() has to be clean and stat() to tell the truth.
 *
 * Replay: SEED=<seed> [FC_PATH=<path>] npx vitest run test/property/append. RUNS=<n> sets the number of runs.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import * as append from "../../src/append/index.ts"
import { isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { makeRandom } from "../support/streams.ts"
import { compareBytes, sameBytes, withDeadline } from "./model.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const RUNS = Number(process.env.RUNS ?? 500)

type Entry = [Uint8Array, Uint8Array]

interface Config {
  pagesize: number
  reverse: boolean
  cachesize: number
  shape: number
  values: number
  seed: number
}

const configs: fc.Arbitrary<Config> = fc.record({
  pagesize: fc.constantFrom(512, 512, 512, 1024, 1500, 4096),
  reverse: fc.boolean(),
  cachesize: fc.constantFrom(0, 0, 20_000, 200_000),
  shape: fc.nat(5),
  values: fc.constantFrom(8, 8, 60, 140, 900, 3000),
  seed: fc.nat(1 << 30),
})

type Op =
  | { op: "put"; count: number }
  | { op: "delete"; count: number }
  | { op: "batch"; puts: number; deletes: number; end: "commit" | "commit" | "abort" | "fail" }
  | { op: "walk"; from: number; steps: number; changes: boolean }
  | { op: "snapshot" }
  | { op: "drain"; share: number; down: boolean }
  | { op: "revert" }
  | { op: "compact" }
  | { op: "reopen" }
  | { op: "junk"; pages: number; fill: number }
  | { op: "cache"; pages: number }

const c = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)

const ops: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: c("put"), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ op: c("delete"), count: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: c("batch"),
      puts: fc.constantFrom(0, 1, 20, 40, 120),
      deletes: fc.constantFrom(0, 1, 20, 40, 100),
      end: fc.constantFrom<("commit" | "abort" | "fail")[]>("commit", "commit", "commit", "abort", "fail"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: c("walk"), from: fc.nat(), steps: fc.nat(60), changes: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ op: c("snapshot") }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: c("drain"), share: fc.constantFrom(50, 90, 100), down: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ op: c("revert") }) },
  { weight: 1, arbitrary: fc.record({ op: c("compact") }) },
  { weight: 2, arbitrary: fc.record({ op: c("reopen") }) },
  { weight: 1, arbitrary: fc.record({ op: c("junk"), pages: fc.nat(3), fill: fc.constantFrom(0, 255, 77) }) },
  { weight: 1, arbitrary: fc.record({ op: c("cache"), pages: fc.nat(40) }) },
)

interface Held {
  txn: append.Transaction
  entries: Entry[]
  /** Commits of the tree when it was taken: a revert below that ends it. */
  commits: number
  tree: append.AppendTree
}

class Run {
  readonly config: Config
  readonly random: (below: number) => number
  stream = new MemoryStream()
  tree!: append.AppendTree
  /** The records after each commit, [] before the first. */
  commits: Entry[][] = [[]]
  isCompacted = false
  held: Held[] = []
  isClockBroken = false
  stats = { commits: 0, reverts: 0, depth: 0, empties: 0 }

  constructor(config: Config) {
    this.config = config
    this.random = makeRandom(config.seed)
    this.open()
  }

  open(): void {
    const { pagesize, reverse, cachesize } = this.config
    this.tree = append.open(this.stream, {
      pagesize,
      cachesize,
      flags: reverse ? append.BT_REVERSEKEY : 0,
      clock: () => {
        if (this.isClockBroken) throw new Error("the clock is broken")
        return 1_700_000_000
      },
    })
  }

  get entries(): Entry[] {
    return this.commits.at(-1) as Entry[]
  }

  key(): Uint8Array {
    const { shape } = this.config
    const random = this.random
    const letters = (count: number) => Array.from({ length: count }, () => "abc"[random(3)]).join("")
    const text =
      shape === 0
        ? String(random(3000)).padStart(8, "0")
        : shape === 1
          ? letters(1 + random(18))
          : shape === 2
            ? `/configuration/devices/number/${random(40)}/sensors/number/${random(40)}/${"x".repeat(60)}${random(3)}`
            : shape === 3
              ? "k".repeat(random(250)) + letters(1 + random(4))
              : shape === 4
                ? `${letters(2)}${"long".repeat(55)}${random(500)}`
                : String.fromCharCode(...Array.from({ length: 1 + random(4) }, () => random(256)))
    return Uint8Array.from(text, (one) => one.charCodeAt(0))
  }

  value(): Uint8Array {
    const bytes = new Uint8Array(this.random(this.config.values + 1))
    return bytes.fill(this.random(256)).map((byte, i) => byte + i)
  }

  compare = (a: Uint8Array, b: Uint8Array): number =>
    this.config.reverse ? compareBytes(a.toReversed(), b.toReversed()) : compareBytes(a, b)

  place(entries: Entry[], key: Uint8Array): number {
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.compare((entries[middle] as Entry)[0], key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  putInto(entries: Entry[], key: Uint8Array, value: Uint8Array): void {
    const at = this.place(entries, key)
    const found = entries[at]
    entries.splice(at, found !== undefined && sameBytes(found[0], key) ? 1 : 0, [key, value])
  }

  deleteFrom(entries: Entry[], key: Uint8Array): boolean {
    const at = this.place(entries, key)
    const found = entries[at]
    if (found === undefined || !sameBytes(found[0], key)) return false
    entries.splice(at, 1)
    return true
  }

  /** A key of the map in three of four cases, so that deletes meet something. */
  someKey(entries: Entry[]): Uint8Array {
    if (entries.length === 0 || this.random(4) === 0) return this.key()
    return (entries[this.random(entries.length)] as Entry)[0]
  }

  commit(entries: Entry[]): void {
    this.commits.push(entries)
    this.stats.commits++
  }

  apply(op: Op): void {
    if (op.op === "put") {
      for (let i = 0; i < op.count; i++) {
        const entries = this.entries.slice()
        const key = this.random(3) === 0 ? this.someKey(entries) : this.key()
        const value = this.value()
        if (this.random(5) === 0 && this.place(entries, key) < entries.length) {
          const existing = entries[this.place(entries, key)] as Entry
          const done = this.tree.put(key, value, append.BT_NOOVERWRITE)
          if (done === sameBytes(existing[0], key)) throw new Error("BT_NOOVERWRITE")
          if (!done) continue
        } else this.tree.put(key, value)
        this.putInto(entries, key, value)
        this.commit(entries)
      }
    } else if (op.op === "delete") {
      for (let i = 0; i < op.count; i++) {
        const entries = this.entries.slice()
        const key = this.someKey(entries)
        const done = this.tree.delete(key)
        if (done !== this.deleteFrom(entries, key)) throw new Error(`delete gives ${done}`)
        if (done) this.commit(entries)
      }
    } else if (op.op === "batch") this.batch(op)
    else if (op.op === "walk") this.walk(op)
    else if (op.op === "snapshot") this.hold()
    else if (op.op === "drain") this.drain(op)
    else if (op.op === "revert") this.revert()
    else if (op.op === "compact") this.compact()
    else if (op.op === "reopen") {
      if (this.random(2) === 0) this.tree.close()
      this.stream = new MemoryStream(this.stream.bytes())
      this.held = this.held.filter(({ tree }) => tree !== this.tree)
      this.open()
    } else if (op.op === "junk") {
      const size = op.pages * this.config.pagesize + this.random(this.config.pagesize)
      this.stream.write(new Uint8Array(size).fill(op.fill), this.stream.size())
    } else this.tree.setCacheSize(op.pages)
  }

  batch({ puts, deletes, end }: Extract<Op, { op: "batch" }>): void {
    const entries = this.entries.slice()
    const txn = this.tree.begin()
    const cursor = txn.cursor()
    let changed = false
    for (let i = 0; i < Math.max(puts, deletes); i++) {
      if (i < puts) {
        const key = this.key()
        const value = this.value()
        if (!txn.put(key, value)) throw new Error("put refused")
        this.putInto(entries, key, value)
        changed = true
      }
      if (i < deletes) {
        const key = this.someKey(entries)
        const done = txn.delete(key)
        if (done !== this.deleteFrom(entries, key)) throw new Error(`delete in a transaction gives ${done}`)
        changed ||= done
      }
      if (i % 7 === 0) {
        const key = this.someKey(entries)
        const at = this.place(entries, key)
        if (cursor.seek(key) !== at < entries.length) throw new Error("seek in a transaction")
        if (at < entries.length) this.same(cursor, entries[at] as Entry)
      }
    }
    this.compareAll(txn, entries)
    // Readers of the handle do not see it.
    if (this.entries.length > 0) {
      const [key, value] = this.entries[this.random(this.entries.length)] as Entry
      if (!sameBytes(this.tree.get(key) as Uint8Array, value)) throw new Error("another transaction is seen")
    }
    if (end === "abort") txn.abort()
    else if (end === "fail") {
      this.isClockBroken = true
      try {
        txn.commit()
      } catch (error) {
        if (isFlashtreeError(error)) throw error
      }
      this.isClockBroken = false
      if (!changed) return
      // What failed is not known to be whole: a handle whose stream is not atomic says reopen.
      expect(() => this.tree.put("k", "v")).toThrow(/^EIO/)
      this.held = this.held.filter(({ tree }) => tree !== this.tree)
      this.open()
    } else {
      txn.commit()
      if (changed) this.commit(entries)
    }
  }

  same(cursor: append.AppendCursor, [key, value]: Entry): void {
    if (!sameBytes(cursor.key(), key) || !sameBytes(cursor.value(), value))
      throw new Error(`${cursor.key()} where ${key} is expected`)
    const shown = cursor.bytes.subarray(cursor.keyOffset, cursor.keyOffset + cursor.keyLength)
    if (!sameBytes(shown, key)) throw new Error("the key is not what it shows")
    if (cursor.valueLength >= 0) {
      const part = cursor.bytes.subarray(cursor.valueOffset, cursor.valueOffset + cursor.valueLength)
      if (!sameBytes(part, value)) throw new Error("the value is not what it shows")
    }
  }

  /** A cursor of the tree stays on its commit, one of a transaction sees what is changed under it. */
  walk({ from, steps, changes }: Extract<Op, { op: "walk" }>): void {
    let entries = this.entries.slice()
    const txn = changes ? this.tree.begin() : undefined
    const cursor = (txn ?? this.tree).cursor()
    // Where the cursor stands, or stood.
    let key: Uint8Array | undefined
    let changed = false
    if (entries.length > 0) {
      const entry = entries[from % entries.length] as Entry
      key = entry[0]
      cursor.seek(key)
      this.same(cursor, entry)
    }
    for (let i = 0; i < steps; i++) {
      const up = this.random(3) > 0
      if (this.random(5) === 0) {
        const another = this.key()
        const value = this.value()
        const into = txn === undefined ? this.entries.slice() : entries
        ;(txn ?? this.tree).put(another, value)
        this.putInto(into, another, value)
        if (txn === undefined) this.commit(into)
        changed = true
      }
      if (txn !== undefined && key !== undefined && this.random(3) === 0) {
        if (cursor.delete() !== this.deleteFrom(entries, key)) throw new Error("delete by the cursor")
        changed = true
      }
      let at = up ? 0 : -1
      if (key === undefined) {
        if (txn === undefined) entries = this.entries
        if (!up) at = entries.length - 1
      } else {
        at = this.place(entries, key)
        const isThere = at < entries.length && sameBytes((entries[at] as Entry)[0], key)
        at += up ? (isThere ? 1 : 0) : -1
      }
      const entry = at < 0 ? undefined : entries[at]
      const on = up ? cursor.next() : cursor.previous()
      if (on !== (entry !== undefined)) throw new Error(`a step gives ${on}`)
      if (entry === undefined) continue
      key = entry[0]
      this.same(cursor, entry)
    }
    txn?.commit()
    if (txn !== undefined && changed) this.commit(entries)
  }

  hold(): void {
    if (this.held.length > 6) this.held.shift()
    this.held.push({
      txn: this.tree.snapshot(),
      entries: this.entries,
      commits: this.commits.length,
      tree: this.tree,
    })
  }

  /** Deletes most of it from one end, in one transaction. */
  drain({ share, down }: Extract<Op, { op: "drain" }>): void {
    const entries = this.entries.slice()
    const count = Math.floor((entries.length * share) / 100)
    if (count === 0) return
    const txn = this.tree.begin()
    for (let i = 0; i < count; i++) {
      const [key] = (down ? entries.pop() : entries.shift()) as Entry
      if (!txn.delete(key)) throw new Error("drain: not there")
    }
    txn.commit()
    this.commit(entries)
  }

  revert(): void {
    if (this.commits.length === 1) {
      expect(() => this.tree.revert()).toThrow(/^EINVAL/)
      return
    }
    this.tree.revert()
    this.commits.pop()
    this.stats.reverts++
    for (const held of this.held) {
      if (held.tree !== this.tree || held.commits <= this.commits.length) continue
      expect(() => held.txn.has("x")).toThrow(/^ESTALE/)
    }
    this.held = this.held.filter((one) => one.tree !== this.tree || one.commits <= this.commits.length)
  }

  compact(): void {
    const target = new MemoryStream()
    const before = this.tree
    this.hold()
    before.compact(target)
    expect(() => before.get("x")).toThrow(/^ESTALE/)
    expect(() => append.open(this.stream)).toThrow(/^ESTALE/)
    this.stream = target
    this.open()
    // What was before is elsewhere, and cannot be reverted to.
    this.commits = [this.entries]
    if (this.entries.length > 0) {
      this.compareAll(this.tree.snapshot(), this.entries)
      expect(() => this.tree.revert()).toThrow(/^EINVAL/)
    }
  }

  compareAll(source: append.Transaction, entries: Entry[]): void {
    const cursor = source.cursor()
    let at = 0
    for (let on = cursor.first(); on; on = cursor.next()) {
      const expected = entries[at++]
      if (expected === undefined) throw new Error(`more than ${entries.length} records`)
      this.same(cursor, expected)
    }
    if (at !== entries.length) throw new Error(`${at} records, not ${entries.length}`)
    for (let on = cursor.last(); on; on = cursor.previous()) this.same(cursor, entries[--at] as Entry)
    if (at !== 0) throw new Error(`${at} records are not met backward`)
    for (let i = 0; i < 5 && entries.length > 0; i++) {
      const [key, value] = entries[this.random(entries.length)] as Entry
      if (!sameBytes(source.get(key) as Uint8Array, value)) throw new Error("get")
    }
  }

  judge(): void {
    this.compareAll(this.tree.snapshot(), this.entries)
    for (const { txn, entries } of this.held) this.compareAll(txn, entries)
    expect(this.tree.check()).toEqual([])
    const { entries, depth } = this.tree.stat()
    expect(entries).toBe(this.entries.length)
    this.stats.depth = Math.max(this.stats.depth, depth)
  }
}

test(
  "a tree is a sorted map with versions",
  () => {
    const total = { commits: 0, reverts: 0, depth: 0 }
    fc.assert(
      fc.property(configs, fc.array(ops, { minLength: 5, maxLength: 25, size: "max" }), (config, list) => {
        withDeadline(30_000, () => {
          const run = new Run(config)
          for (const op of list) {
            run.apply(op)
            const held = run.held[run.random(2 * run.held.length + 1)]
            if (held !== undefined) run.compareAll(held.txn, held.entries)
          }
          run.judge()
          total.commits += run.stats.commits
          total.reverts += run.stats.reverts
          total.depth = Math.max(total.depth, run.stats.depth)
        })
      }),
      { numRuns: RUNS, seed: SEED, ...(process.env.FC_PATH ? { path: process.env.FC_PATH } : {}) },
    )
    console.log(
      `${RUNS} runs: ${total.commits} commits, ${total.reverts} reverts, ${total.depth} levels at most`,
    )
    if (!process.env.FC_PATH) expect(total.depth).toBeGreaterThan(3)
  },
  RUNS > 500 ? 3_000_000 : 120_000,
)
