/**
 * Goal: the tree behaves like a sorted array, whatever is done to it and in whatever order.
 *
 * Method: fast-check makes a configuration (page size, minkeypage, byte order, checksums, order of keys, kind of
 * stream), a pool of keys and a list of operations over that pool; every operation is done on the tree and on
 * test/property/model.ts and the answers are compared at once. Sizes crowd round the inline limit, prefixes are
 * shared, the cache is the smallest there is, so that splits, evictions and overflow chains happen in nearly every run.
 * At the end the tree must be sound (check), count right (stat), and read the same in both directions after reopening.
 * Every run is ended by force after 5 s, so an endless loop is a failing (and shrinking) example.
 *
 * Replay: SEED=<seed> [FC_PATH=<path>] npx vitest run test/property. RUNS=<n> sets the number of runs of each property.
 */
import fc from "fast-check"
import { test } from "vitest"
import { type Bytes, btree, MemoryStream, type RandomAccessStream } from "../../hosts/node/index.ts"
import { AtomicMemoryStream } from "../support/atomic-stream.ts"
import {
  type Compare,
  compareBytes,
  compareDescending,
  compareFromEnd,
  type Entry,
  inlineLimit,
  Model,
  ModelCursor,
  ModelIterator,
  pattern,
  sameBytes,
  withDeadline,
} from "./model.ts"

type BTree = ReturnType<typeof btree.open>
type Cursor = ReturnType<BTree["cursor"]>
type Options = NonNullable<Parameters<typeof btree.open>[1]>

const SEED = Number(process.env.SEED ?? 20261123)
const RUNS = Number(process.env.RUNS ?? 0)
const RUN_TIME_MAX = 5000
/** For all runs of one property, shrinking included. */
const PROPERTY_TIME_MAX = RUNS > 0 ? 500_000 : 50_000
const SLOTS = 3

// ---- what is generated -------------------------------------------------------------------------------------------

type Checksums = boolean | "adopt"

interface Config {
  pagesize: number
  minkeypage: number
  lorder: 0 | 1234 | 4321
  checksums: Checksums
  /** "prefix": the default order, given as the options compare and prefix. */
  order: "bytes" | "prefix" | "fromEnd" | "descending"
  atomic: boolean
}

type KeySpec =
  | { kind: "raw"; bytes: number[] }
  | { kind: "shared"; length: number; n: number }
  | { kind: "limit"; delta: number; n: number; front: boolean }
  | { kind: "big"; length: number; n: number; front: boolean }

type ValueSpec =
  | { kind: "length"; length: number; seed: number }
  | { kind: "fit"; delta: number; seed: number }

type Step = "first" | "last" | "next" | "previous" | "seek" | "delete" | "close"
type Action = "look" | "cursorDelete" | "delete" | "overwrite" | "insert"

type Op =
  | { op: "set"; k: number; v: ValueSpec }
  | { op: "put"; k: number; v: ValueSpec; flags: number }
  | { op: "get"; k: number; fallback: boolean }
  | { op: "getInto"; k: number; size: number; offset: number }
  | { op: "find"; k: number }
  | { op: "has"; k: number }
  | { op: "delete"; k: number }
  | { op: "deleteUnderCursor" }
  | { op: "deleteRange"; start: number | null; end: number | null }
  | { op: "clear" }
  | {
      op: "bulk"
      from: number
      count: number
      keySize: number
      valueSize: number
      order: "up" | "down" | "mixed"
    }
  | { op: "bulkDelete"; from: number; count: number; keySize: number; step: number; down: boolean }
  | { op: "iterate"; slot: number; kind: Kind; start: number | null; end: number | null; flags: number }
  | { op: "step"; slot: number; count: number }
  | { op: "return"; slot: number }
  | { op: "cursor"; slot: number }
  | { op: "move"; slot: number; step: Step; k: number; count: number }
  | { op: "seq"; code: number; k: number | null }
  | {
      op: "forEach"
      start: number | null
      end: number | null
      flags: number
      stopAfter: number
      action: Action
      k: number
      v: ValueSpec
    }
  | { op: "flush" }
  | { op: "rollback" }
  | { op: "reopen"; minkeypage: number; checksums: Checksums }
  | { op: "check" }

type Kind = "keys" | "values" | "items"

const configs: fc.Arbitrary<Config> = fc.record({
  pagesize: fc.constantFrom(512, 700, 1024, 4096),
  minkeypage: fc.oneof(
    { weight: 3, arbitrary: fc.constant(2) },
    { weight: 2, arbitrary: fc.integer({ min: 3, max: 8 }) },
  ),
  lorder: fc.constantFrom<(0 | 1234 | 4321)[]>(0, 1234, 4321),
  checksums: fc.constantFrom<Checksums[]>(false, true, "adopt"),
  order: fc.constantFrom<Config["order"][]>("bytes", "bytes", "bytes", "prefix", "fromEnd", "descending"),
  atomic: fc.boolean(),
})

const keySpecs: fc.Arbitrary<KeySpec> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("raw" as const),
      bytes: fc.array(fc.constantFrom(0, 1, 0x61, 0x7f, 0x80, 0xff), { maxLength: 5, size: "max" }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("shared" as const),
      length: fc.integer({ min: 1, max: 220 }),
      n: fc.nat(255),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("limit" as const),
      delta: fc.integer({ min: -9, max: 4 }),
      n: fc.nat(7),
      front: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("big" as const),
      length: fc.integer({ min: 0, max: 2000 }),
      n: fc.nat(7),
      front: fc.boolean(),
    }),
  },
)

const valueSpecs: fc.Arbitrary<ValueSpec> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("length" as const),
      length: fc.nat(60),
      seed: fc.nat(65535),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("fit" as const),
      delta: fc.integer({ min: -4, max: 4 }),
      seed: fc.nat(65535),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("length" as const),
      length: fc.nat(3000),
      seed: fc.nat(65535),
    }),
  },
)

const key = fc.nat(63)
const bound = fc.option(key, { nil: null, freq: 3 })
const slot = fc.nat(SLOTS - 1)
const scanFlags = fc.nat(3)
const c = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)

function operations(): fc.Arbitrary<Op> {
  return fc.oneof(
    { weight: 16, arbitrary: fc.record({ op: c("set"), k: key, v: valueSpecs }) },
    {
      weight: 8,
      arbitrary: fc.record({
        op: c("put"),
        k: key,
        v: valueSpecs,
        flags: fc.constantFrom(0, 8, 8, 1, 1, 1, 3, 4, 5, 10, -1),
      }),
    },
    { weight: 4, arbitrary: fc.record({ op: c("get"), k: key, fallback: fc.boolean() }) },
    { weight: 4, arbitrary: fc.record({ op: c("getInto"), k: key, size: fc.nat(400), offset: fc.nat(400) }) },
    { weight: 4, arbitrary: fc.record({ op: c("find"), k: key }) },
    { weight: 2, arbitrary: fc.record({ op: c("has"), k: key }) },
    { weight: 10, arbitrary: fc.record({ op: c("delete"), k: key }) },
    { weight: 3, arbitrary: fc.record({ op: c("deleteUnderCursor") }) },
    { weight: 3, arbitrary: fc.record({ op: c("deleteRange"), start: bound, end: bound }) },
    { weight: 1, arbitrary: fc.record({ op: c("clear") }) },
    {
      weight: 6,
      arbitrary: fc.record({
        op: c("bulk"),
        from: fc.nat(200),
        count: fc.integer({ min: 1, max: 100 }),
        keySize: fc.integer({ min: 4, max: 120 }),
        valueSize: fc.nat(60),
        order: fc.constantFrom<("up" | "down" | "mixed")[]>("up", "down", "mixed"),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        op: c("bulkDelete"),
        from: fc.nat(200),
        count: fc.integer({ min: 1, max: 100 }),
        keySize: fc.integer({ min: 4, max: 120 }),
        step: fc.integer({ min: 1, max: 4 }),
        down: fc.boolean(),
      }),
    },
    {
      weight: 7,
      arbitrary: fc.record({
        op: c("iterate"),
        slot,
        kind: fc.constantFrom<Kind[]>("keys", "values", "items"),
        start: bound,
        end: bound,
        flags: scanFlags,
      }),
    },
    { weight: 12, arbitrary: fc.record({ op: c("step"), slot, count: fc.integer({ min: 1, max: 8 }) }) },
    { weight: 1, arbitrary: fc.record({ op: c("return"), slot }) },
    { weight: 4, arbitrary: fc.record({ op: c("cursor"), slot }) },
    {
      weight: 16,
      arbitrary: fc.record({
        op: c("move"),
        slot,
        step: fc.constantFrom<Step[]>(
          "first",
          "last",
          "next",
          "next",
          "next",
          "previous",
          "previous",
          "seek",
          "delete",
          "delete",
          "close",
        ),
        k: key,
        count: fc.integer({ min: 1, max: 6 }),
      }),
    },
    {
      weight: 10,
      arbitrary: fc.record({
        op: c("seq"),
        code: fc.constantFrom(1, 1, 3, 6, 7, 7, 7, 9, 9, 9, 0, 2, 8, 10, -1),
        k: fc.option(key, { nil: null, freq: 4 }),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        op: c("forEach"),
        start: bound,
        end: bound,
        flags: scanFlags,
        stopAfter: fc.integer({ min: 1, max: 30 }),
        action: fc.constantFrom<Action[]>("look", "cursorDelete", "delete", "overwrite", "insert"),
        k: key,
        v: valueSpecs,
      }),
    },
    { weight: 5, arbitrary: fc.record({ op: c("flush") }) },
    { weight: 3, arbitrary: fc.record({ op: c("rollback") }) },
    {
      weight: 3,
      arbitrary: fc.record({
        op: c("reopen"),
        minkeypage: fc.integer({ min: 2, max: 8 }),
        checksums: fc.constantFrom<Checksums[]>(false, true, "adopt"),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: c("check") }) },
  )
}

const runs = fc.record({
  config: configs,
  keys: fc.array(keySpecs, { minLength: 1, maxLength: 24, size: "max" }),
  ops: fc.array(operations(), { maxLength: 60, size: "max" }),
})

function makeKey(spec: KeySpec, limit: number): Uint8Array {
  if (spec.kind === "raw") return Uint8Array.from(spec.bytes)
  const length = spec.kind === "limit" ? Math.max(limit + spec.delta, 1) : spec.length
  const bytes = new Uint8Array(length).fill(0x70)
  const mark = spec.kind !== "shared" && spec.front ? 0 : length - 1
  if (length > 0) bytes[mark] = spec.n
  return bytes
}

function makeValue(spec: ValueSpec, keyLength: number, limit: number): Uint8Array {
  const length = spec.kind === "length" ? spec.length : Math.max(limit - keyLength + spec.delta, 0)
  return pattern(length, spec.seed)
}

function bulkKey(n: number, size: number): Uint8Array {
  const digits = String(n).padStart(4, "0")
  return new TextEncoder().encode(digits.padStart(size, "b"))
}

// ---- the tree and the model side by side -------------------------------------------------------------------------

/** Counts writes, to know whether a changed page has left the cache. */
class Tap implements RandomAccessStream {
  readonly inner: MemoryStream | AtomicMemoryStream
  readonly atomic: boolean
  writes = 0
  rollback?: () => void

  constructor(inner: MemoryStream | AtomicMemoryStream) {
    this.inner = inner
    this.atomic = inner.atomic
    if (inner instanceof AtomicMemoryStream) this.rollback = () => inner.rollback()
  }
  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    return this.inner.read(buffer, position, start, length)
  }
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this.writes++
    this.inner.write(buffer, position, start, length)
  }
  size(): number {
    return this.inner.size()
  }
  setSize(size: number): void {
    this.writes++
    this.inner.setSize(size)
  }
  flush(): void {
    this.inner.flush()
  }
  close(): void {
    this.inner.close()
  }
}

interface OpenIterator {
  kind: Kind
  real: { next(): IteratorResult<unknown>; return?(): unknown }
  model: ModelIterator
}

interface OpenCursor {
  real: Cursor
  model: ModelCursor
}

const goOn = () => true

function codeOf(task: () => unknown): string {
  try {
    task()
    return "none"
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if ((error as Error).name !== "FlashtreeError" || typeof code !== "string") throw error
    return code
  }
}

function show(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return "nothing"
  const hex = Buffer.from(bytes.subarray(0, 12)).toString("hex")
  return `${hex}${bytes.length > 12 ? ".." : ""} (${bytes.length} bytes)`
}

function same(what: string, actual: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  if (actual === undefined && expected === undefined) return
  if (actual !== undefined && expected !== undefined && sameBytes(actual, expected)) return
  throw new Error(`${what}: the tree says ${show(actual)}, the model ${show(expected)}`)
}

function equal<T>(what: string, actual: T, expected: T): void {
  if (actual !== expected)
    throw new Error(`${what}: the tree says ${String(actual)}, the model ${String(expected)}`)
}

const COMPARES: Record<Config["order"], Compare> = {
  bytes: compareBytes,
  prefix: compareBytes,
  fromEnd: compareFromEnd,
  descending: compareDescending,
}

/** How many bytes of `b` tell it from the smaller key `a`. */
function prefixOf(a: Uint8Array, b: Uint8Array): number {
  let same = 0
  while (same < a.length && same < b.length && a[same] === b[same]) same++
  return Math.min(same + 1, b.length)
}

class Runner {
  private readonly config: Config
  private readonly compare: Compare
  private readonly duplicates: boolean
  private readonly keys: Uint8Array[]
  private readonly limit: number
  private readonly model: Model
  private stream: Tap
  private db: BTree
  private minkeypage: number
  private minkeypageMax: number
  private checksums: Checksums
  /** Buffers given to the tree in this operation; it must not keep them, so they are overwritten afterwards. */
  private lent: Uint8Array[] = []
  private turn = 0
  /** What the last flush left: the records, the bytes of the medium, and the number of writes until then. */
  private flushed: { entries: Entry[]; bytes: Uint8Array; writes: number }
  private handleCursor: ModelCursor
  private iterators: (OpenIterator | undefined)[] = []
  private cursors: (OpenCursor | undefined)[] = []

  constructor(config: Config, keySpecs: KeySpec[], duplicates: boolean) {
    this.config = config
    this.duplicates = duplicates
    this.compare = COMPARES[config.order]
    this.limit = inlineLimit(config.pagesize, config.minkeypage)
    this.keys = keySpecs.map((spec) => makeKey(spec, this.limit))
    this.model = new Model(this.compare, duplicates)
    this.minkeypage = config.minkeypage
    this.minkeypageMax = config.minkeypage
    this.checksums = config.checksums
    this.stream = this.streamOn(new Uint8Array(0))
    this.db = this.open()
    this.flushed = { entries: [], bytes: new Uint8Array(0), writes: 0 }
    this.handleCursor = new ModelCursor(this.model)
  }

  apply(op: Op): void {
    this.perform(op)
    for (const buffer of this.lent) buffer.fill(0xaa)
    this.lent = []
  }

  private perform(op: Op): void {
    switch (op.op) {
      case "set": {
        const [key, value] = [this.key(op.k), this.value(op.v, op.k)]
        this.db.set(this.give(key), this.give(value))
        this.model.put(key, value)
        return
      }
      case "put":
        this.put(this.key(op.k), this.value(op.v, op.k), op.flags)
        return
      case "get": {
        const fallback = new Uint8Array([1])
        const expected = this.model.find(this.key(op.k))?.value
        const actual = op.fallback
          ? this.db.get(this.give(this.key(op.k)), fallback)
          : this.db.get(this.give(this.key(op.k)))
        same("get", actual, expected ?? (op.fallback ? fallback : undefined))
        return
      }
      case "getInto":
        this.getInto(this.key(op.k), op.size, Math.min(op.offset, op.size))
        return
      case "find":
        this.find(this.key(op.k))
        return
      case "has":
        equal("has", this.db.has(this.give(this.key(op.k))), this.model.find(this.key(op.k)) !== undefined)
        return
      case "delete":
        equal("delete", this.db.delete(this.give(this.key(op.k))), this.model.delete(this.key(op.k)))
        return
      case "deleteUnderCursor":
        this.deleteUnderCursor()
        return
      case "deleteRange": {
        const [start, end] = [this.bound(op.start), this.bound(op.end)]
        equal(
          "deleteRange",
          this.db.deleteRange(this.giveBound(start), this.giveBound(end)),
          this.model.deleteRange(start, end),
        )
        return
      }
      case "clear":
        this.db.clear()
        this.model.entries = []
        return
      case "bulk":
        for (let i = 0; i < op.count; i++) {
          const place = op.order === "up" ? i : op.order === "down" ? op.count - 1 - i : (i * 37) % op.count
          const key = bulkKey(op.from + place, op.keySize)
          const value = pattern(op.valueSize, op.from + place)
          this.db.set(key, value)
          this.model.put(key, value)
        }
        return
      case "bulkDelete":
        for (let i = 0; i < op.count; i += op.step) {
          const key = bulkKey(op.from + (op.down ? op.count - 1 - i : i), op.keySize)
          equal("bulkDelete", this.db.delete(key), this.model.delete(key))
        }
        return
      case "iterate":
        this.iterate(op)
        return
      case "step":
        for (let i = 0; i < op.count; i++) this.stepIterator(this.iterators[op.slot])
        return
      case "return": {
        const iterator = this.iterators[op.slot]
        if (iterator === undefined) return
        iterator.real.return?.()
        iterator.model.return()
        return
      }
      case "cursor":
        this.cursors[op.slot] = { real: this.db.cursor(), model: new ModelCursor(this.model) }
        return
      case "move":
        this.move(op)
        return
      case "seq":
        this.seq(op.code, op.k === null ? undefined : this.key(op.k))
        return
      case "forEach":
        this.forEach(op)
        return
      case "flush":
        this.db.flush()
        this.noteFlush()
        return
      case "rollback":
        this.rollback()
        return
      case "reopen":
        this.minkeypage = op.minkeypage
        this.checksums = op.checksums
        this.minkeypageMax = Math.max(this.minkeypageMax, op.minkeypage)
        this.closeAndOpen()
        return
      case "check":
        this.sound()
        return
    }
  }

  /** The tree must be sound, count right, and hold the same records after it was closed and opened again. */
  finish(): void {
    this.sound()
    this.closeAndOpen()
    this.sound()
    this.compareAll("after reopening")
    for (const key of this.keys) {
      same("get after reopening", this.db.get(key), this.model.find(key)?.value)
    }
    this.db.close()
  }

  private streamOn(bytes: Uint8Array): Tap {
    return new Tap(this.config.atomic ? new AtomicMemoryStream(bytes) : new MemoryStream(bytes))
  }

  private open(): BTree {
    const options: Options = {
      flags: this.duplicates ? btree.R_DUP : 0,
      pagesize: this.config.pagesize,
      cachesize: 0,
      minkeypage: this.minkeypage,
      lorder: this.config.lorder,
      checksums: this.checksums,
      ...this.orderOption(),
    }
    return btree.open(this.stream, options)
  }

  /** The same bytes in one of the forms a key or a value may have. */
  private give(bytes: Uint8Array): Bytes {
    this.turn++
    if (this.turn % 4 === 1) {
      const copy = bytes.slice()
      this.lent.push(copy)
      return copy.buffer
    }
    if (this.turn % 4 === 2) {
      const larger = new Uint8Array(bytes.length + 7).fill(0x5a)
      larger.set(bytes, 3)
      this.lent.push(larger)
      return larger.subarray(3, 3 + bytes.length)
    }
    if (this.turn % 4 === 3 && bytes.every((byte) => byte < 0x80))
      return Buffer.from(bytes).toString("latin1")
    return bytes
  }

  private giveBound(bytes: Uint8Array | undefined): Bytes | undefined {
    return bytes === undefined ? undefined : this.give(bytes)
  }

  private key(index: number): Uint8Array {
    return this.keys[index % this.keys.length] as Uint8Array
  }

  private bound(index: number | null): Uint8Array | undefined {
    return index === null ? undefined : this.key(index)
  }

  private value(spec: ValueSpec, index: number): Uint8Array {
    return makeValue(spec, this.key(index).length, this.limit)
  }

  private put(key: Uint8Array, value: Uint8Array, flags: number): void {
    if (flags === btree.R_CURSOR) {
      this.putUnderCursor(key, value)
      return
    }
    if (flags !== 0 && flags !== btree.R_NOOVERWRITE) {
      equal(
        `put with flags ${flags}`,
        codeOf(() => this.db.put(key, value, flags)),
        "EINVAL",
      )
      return
    }
    const expected = this.model.put(key, value, flags === btree.R_NOOVERWRITE)
    equal("put", this.db.put(this.give(key), this.give(value), flags), expected)
  }

  /** The record goes; a new one comes where its key belongs, and the cursor stands on that. */
  private putUnderCursor(poolKey: Uint8Array, value: Uint8Array): void {
    const index = this.handleCursor.index()
    const entry = this.model.entries[index]
    if (entry === undefined) {
      equal(
        "put R_CURSOR, no record",
        codeOf(() => this.db.put(poolKey, value, btree.R_CURSOR)),
        "EINVAL",
      )
      return
    }
    // Mostly the same key, as a program that changes values does it.
    const key = value.length % 4 === 0 ? poolKey : entry.key
    equal("put R_CURSOR", this.db.put(this.give(key), this.give(value), btree.R_CURSOR), true)
    this.handleCursor.replace(key, value)
  }

  private getInto(key: Uint8Array, size: number, offset: number): void {
    const target = new Uint8Array(size).fill(0xee)
    const value = this.model.find(key)?.value
    equal("getInto", this.db.getInto(this.give(key), target, offset), value === undefined ? -1 : value.length)
    const copied = value === undefined ? 0 : Math.min(value.length, size - offset)
    const expected = new Uint8Array(size).fill(0xee)
    if (value !== undefined) expected.set(value.subarray(0, copied), offset)
    same("getInto target", target, expected)
  }

  private find(key: Uint8Array): void {
    const entry = this.model.find(key)
    equal("find", this.db.find(this.give(key)), entry !== undefined)
    if (entry !== undefined) this.lookAt("find", this.db, entry)
  }

  /** Compares the bytes a find or a cursor points at; a length of -1 (on overflow pages) only where that may be. */
  private lookAt(
    what: string,
    at: { bytes: Uint8Array; keyOffset: number; keyLength: number; valueOffset: number; valueLength: number },
    entry: Entry,
  ): void {
    const inline =
      entry.key.length + entry.value.length <= inlineLimit(this.config.pagesize, this.minkeypageMax)
    if (at.keyLength >= 0) {
      same(`${what} key bytes`, at.bytes.subarray(at.keyOffset, at.keyOffset + at.keyLength), entry.key)
    } else if (inline) throw new Error(`${what}: an inline key is said to be on overflow pages`)
    if (at.valueLength >= 0) {
      same(
        `${what} value bytes`,
        at.bytes.subarray(at.valueOffset, at.valueOffset + at.valueLength),
        entry.value,
      )
    } else if (inline) throw new Error(`${what}: an inline value is said to be on overflow pages`)
  }

  private deleteUnderCursor(): void {
    equal("delete R_CURSOR", this.db.delete(this.key(0), btree.R_CURSOR), this.handleCursor.delete())
  }

  private iterate(op: Extract<Op, { op: "iterate" }>): void {
    const [start, end] = [this.bound(op.start), this.bound(op.end)]
    if (start !== undefined && start.length === 0) {
      const code = codeOf(() => this.db[op.kind](start, end, op.flags).next())
      equal(`${op.kind} from the empty key`, code, "EINVAL")
      return
    }
    this.iterators[op.slot] = {
      kind: op.kind,
      real: this.db[op.kind](this.giveBound(start), this.giveBound(end), op.flags),
      model: new ModelIterator(this.model, start, end, op.flags),
    }
  }

  private stepIterator(iterator: OpenIterator | undefined): void {
    if (iterator === undefined) return
    const expected = iterator.model.next()
    const result = iterator.real.next()
    equal(`${iterator.kind} done`, result.done === true, expected === undefined)
    if (expected === undefined) {
      equal("value when done", result.value, undefined)
      return
    }
    this.sameItem(iterator.kind, result.value, expected)
  }

  private sameItem(kind: Kind, actual: unknown, expected: Entry): void {
    if (kind === "keys") same("keys", actual as Uint8Array, expected.key)
    else if (kind === "values") same("values", actual as Uint8Array, expected.value)
    else {
      const [key, value] = actual as [Uint8Array, Uint8Array]
      same("items key", key, expected.key)
      same("items value", value, expected.value)
    }
  }

  private move(op: Extract<Op, { op: "move" }>): void {
    const cursor = this.cursors[op.slot]
    if (cursor === undefined) return
    if (op.step === "close") {
      cursor.real.close()
      this.cursors[op.slot] = undefined
      return
    }
    if (op.step === "delete") {
      if (cursor.model.position === undefined) return
      equal("cursor.delete", cursor.real.delete(), cursor.model.delete())
      return
    }
    const times = op.step === "next" || op.step === "previous" ? op.count : 1
    for (let i = 0; i < times; i++) this.moveOnce(cursor, op.step, this.key(op.k))
  }

  private moveOnce(cursor: OpenCursor, step: Exclude<Step, "delete" | "close">, key: Uint8Array): void {
    const expected = step === "seek" ? cursor.model.seek(key) : cursor.model[step]()
    const moved = step === "seek" ? cursor.real.seek(this.give(key)) : cursor.real[step]()
    equal(`cursor.${step}`, moved, expected !== undefined)
    if (expected !== undefined) this.lookAtCursor(`cursor.${step}`, cursor.real, expected)
  }

  private lookAtCursor(what: string, cursor: Cursor, expected: Entry): void {
    this.lookAt(what, cursor, expected)
    same(`${what} key`, cursor.key(), expected.key)
    same(`${what} value`, cursor.value(), expected.value)
    const target = new Uint8Array(64).fill(0xee)
    equal(`${what} keyInto`, cursor.keyInto(target, 2), expected.key.length)
    same(`${what} keyInto target`, target.subarray(2, 2 + expected.key.length), expected.key.subarray(0, 62))
    equal(`${what} valueInto`, cursor.valueInto(target), expected.value.length)
    same(
      `${what} valueInto target`,
      target.subarray(0, expected.value.length),
      expected.value.subarray(0, 64),
    )
  }

  private seq(code: number, key: Uint8Array | undefined): void {
    const known = [btree.R_CURSOR, btree.R_FIRST, btree.R_LAST, btree.R_NEXT, btree.R_PREV].includes(code)
    if (!known || (code === btree.R_CURSOR && (key === undefined || key.length === 0))) {
      equal(
        `seq ${code}`,
        codeOf(() => this.db.seq(code, key)),
        "EINVAL",
      )
      return
    }
    const cursor = this.handleCursor
    let expected: Entry | undefined
    if (code === btree.R_CURSOR) expected = cursor.seek(key as Uint8Array)
    else if (code === btree.R_FIRST) expected = cursor.first()
    else if (code === btree.R_LAST) expected = cursor.last()
    else if (code === btree.R_NEXT) expected = cursor.next()
    else expected = cursor.previous()
    const actual = key === undefined ? this.db.seq(code) : this.db.seq(code, this.give(key))
    same(`seq ${code} key`, actual?.[0], expected?.key)
    same(`seq ${code} value`, actual?.[1], expected?.value)
  }

  private forEach(op: Extract<Op, { op: "forEach" }>): void {
    const [start, end] = [this.bound(op.start), this.bound(op.end)]
    if (start !== undefined && start.length === 0) {
      equal(
        "forEach from the empty key",
        codeOf(() => this.db.forEach(goOn, start, end, op.flags)),
        "EINVAL",
      )
      return
    }
    const iterator = new ModelIterator(this.model, start, end, op.flags)
    let visits = 0
    let stopped = false
    const visit = (cursor: Cursor): boolean | undefined => {
      const expected = iterator.next()
      if (stopped) throw new Error("forEach goes on after false")
      if (expected === undefined) throw new Error(`forEach visits ${show(cursor.key())}, the model has ended`)
      this.lookAtCursor("forEach", cursor, expected)
      visits++
      if (visits % 2 === 1) this.changeWhileScanning(op, cursor, iterator, expected)
      stopped = visits === op.stopAfter
      // Both ways of going on are used: nothing and true.
      return stopped ? false : visits % 3 === 0 ? true : undefined
    }
    this.db.forEach(visit, this.giveBound(start), this.giveBound(end), op.flags)
    if (!stopped) equal("forEach end", undefined, iterator.next())
  }

  private changeWhileScanning(
    op: Extract<Op, { op: "forEach" }>,
    cursor: Cursor,
    iterator: ModelIterator,
    entry: Entry,
  ): void {
    if (op.action === "cursorDelete")
      equal("forEach cursor.delete", cursor.delete(), iterator.cursor.delete())
    else if (op.action === "delete")
      equal("delete in forEach", this.db.delete(entry.key), this.model.delete(entry.key))
    else if (op.action === "overwrite" || op.action === "insert") {
      const key = op.action === "overwrite" ? entry.key : this.key(op.k)
      const value = makeValue(op.v, key.length, this.limit)
      this.db.set(key, value)
      this.model.put(key, value)
    }
  }

  private noteFlush(): void {
    const bytes = this.stream.inner.bytes()
    this.flushed = { entries: this.model.entries.slice(), bytes, writes: this.stream.writes }
    if (bytes.length === 0) {
      // A database that was never changed is a stream of 0 bytes.
      equal("records on an empty medium", 0, this.model.entries.length)
      return
    }
    // Whatever sessions with and without checks have left, no stored check may be wrong.
    const other = btree.open(new MemoryStream(bytes), {
      ...this.orderOption(),
      readonly: true,
      checksums: true,
    })
    this.compareRecords("what a flush made durable", other)
    other.close()
  }

  private orderOption(): Options {
    if (this.config.order === "bytes") return {}
    if (this.config.order === "prefix") return { compare: this.compare, prefix: prefixOf }
    return { compare: this.compare }
  }

  private rollback(): void {
    const untouched = this.stream.writes === this.flushed.writes
    const code = codeOf(() => this.db.rollback())
    if (this.config.atomic || untouched) equal("rollback", code, "none")
    else if (code !== "none") equal("rollback after an eviction", code, "EINVAL")
    this.model.entries = this.flushed.entries.slice()
    if (code === "none") {
      this.compareAll("after rollback")
      return
    }
    // The handle is poisoned and the medium torn: both must be said, and only an older copy of the medium helps.
    equal(
      "set on a poisoned handle",
      codeOf(() => this.db.set("a", "b")),
      "EIO",
    )
    equal(
      "delete on a poisoned handle",
      codeOf(() => this.db.delete("a")),
      "EIO",
    )
    equal(
      "flush on a poisoned handle",
      codeOf(() => this.db.flush()),
      "EIO",
    )
    this.forgetHandles()
    this.stream = this.streamOn(this.flushed.bytes)
    this.flushed = { ...this.flushed, writes: 0 }
    this.db = this.open()
    this.compareAll("after a poisoned rollback")
  }

  private closeAndOpen(): void {
    this.db.close()
    this.noteFlush()
    const stale = this.cursors.find((cursor) => cursor !== undefined)
    if (stale !== undefined)
      equal(
        "cursor of a closed tree",
        codeOf(() => stale.real.next()),
        "ECLOSED",
      )
    this.forgetHandles()
    this.db = this.open()
  }

  private forgetHandles(): void {
    this.iterators = []
    this.cursors = []
    this.handleCursor = new ModelCursor(this.model)
  }

  private sound(): void {
    const findings = this.db.check()
    if (findings.length > 0) throw new Error(`check: ${JSON.stringify(findings.slice(0, 5))}`)
    equal("stat().entries", this.db.stat().entries, this.model.entries.length)
  }

  private compareAll(what: string): void {
    this.compareRecords(what, this.db)
  }

  private compareRecords(what: string, db: BTree): void {
    const forward = this.model.entries
    let index = 0
    db.forEach((cursor: Cursor) => {
      const expected = forward[index++]
      if (expected === undefined)
        throw new Error(`${what}: more records than the ${forward.length} of the model`)
      same(`${what}, key ${index}`, cursor.key(), expected.key)
      same(`${what}, value ${index}`, cursor.value(), expected.value)
    })
    equal(`${what}, count`, index, forward.length)
    const backward = db.keys(undefined, undefined, btree.DESC)
    for (let i = forward.length - 1; i >= 0; i--) {
      same(`${what}, backward`, backward.next().value, (forward[i] as Entry).key)
    }
    equal(`${what}, backward end`, backward.next().done, true)
  }
}

// ---- the properties ----------------------------------------------------------------------------------------------

function holds(runsDefault: number, duplicates: boolean): void {
  const property = fc.property(runs, ({ config, keys, ops }) => {
    withDeadline(RUN_TIME_MAX, () => {
      const runner = new Runner(config, keys, duplicates)
      for (const op of ops) runner.apply(op)
      runner.finish()
    })
  })
  const path = process.env.FC_PATH
  const parameters = {
    seed: SEED,
    numRuns: RUNS > 0 ? RUNS : runsDefault,
    interruptAfterTimeLimit: PROPERTY_TIME_MAX,
    markInterruptAsFailure: true,
  }
  fc.assert(property, path === undefined ? parameters : { ...parameters, path })
}

console.log(`property runs: SEED=${SEED}${RUNS > 0 ? ` RUNS=${RUNS}` : ""} replays them`)

test(
  "a tree without duplicates behaves like a sorted array",
  () => {
    holds(1000, false)
  },
  PROPERTY_TIME_MAX + 30_000,
)

test(
  "a tree with duplicates behaves like a stable multimap",
  () => {
    holds(600, true)
  },
  PROPERTY_TIME_MAX + 30_000,
)
