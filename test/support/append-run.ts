/** Operations on an append-only tree, each done on the tree and on arrays of records, one array a commit. */
import { expect } from "vitest"
import * as append from "../../src/append/index.ts"
import { isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { sameBytes } from "../property/model.ts"
import { type Config, type Entry, Records } from "./append-records.ts"

export type Op =
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

interface Held {
  txn: append.Transaction
  entries: Entry[]
  /** Commits of the tree when it was taken: a revert below that ends it. */
  commits: number
  tree: append.AppendTree
}

export class AppendRun extends Records {
  stream = new MemoryStream()
  tree!: append.AppendTree
  /** The records after each commit, [] before the first. */
  commits: Entry[][] = [[]]
  held: Held[] = []
  isClockBroken = false
  stats = { commits: 0, reverts: 0, depth: 0 }

  constructor(config: Config) {
    super(config)
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
      // The snapshots of a handle that is not closed go on reading what it has.
      const isClosed = this.random(2) === 0
      if (isClosed) this.tree.close()
      this.stream = new MemoryStream(this.stream.bytes())
      if (isClosed) this.held = this.held.filter(({ tree }) => tree !== this.tree)
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
  judge(): void {
    this.compareAll(this.tree.snapshot(), this.entries)
    for (const { txn, entries } of this.held) this.compareAll(txn, entries)
    expect(this.tree.check()).toEqual([])
    const { entries, depth } = this.tree.stat()
    expect(entries).toBe(this.entries.length)
    this.stats.depth = Math.max(this.stats.depth, depth)
  }
}
