/**
 * Goal: a device that fails never makes the engine crash, lie or lose what was flushed.
 *
 * Method: SQLite's anomaly loop. The Nth stream call of an operation fails (EIO on any call; ENOSPC on those that may need
 * space), once or for ever after, for N = 1, 2, 3 ... until the operation completes without meeting the fault. After each:
 * the operation gave the device's error or succeeded; a handle whose write failed refuses further writes and says "reopen";
 * after ENOSPC every get goes on working; what the medium holds can be opened without a crash, and is exactly the last
 * flushed state where nothing was written. On a stream that is atomic the medium always holds the last flushed state, and
 * rollback() heals the handle to exactly that.
 */

import { describe, expect, test } from "vitest"
import { btree, isFlashtreeError, MemoryStream, type RandomAccessStream } from "../../hosts/node/index.ts"
import { PowerCut, SimulatedFile, SimulatedPower } from "../../hosts/node/node.ts"
import { type Entry, Model, pattern, sameBytes, withDeadline } from "../property/model.ts"
import { AtomicMemoryStream } from "../support/atomic-stream.ts"

type BTree = ReturnType<typeof btree.open>
type Code = "EIO" | "ENOSPC"
type Medium = MemoryStream | AtomicMemoryStream

const PAGESIZE = 512
const RECORDS = 60
const CASE_TIME_MAX = 10_000
const CALLS_MAX = 5000

/** Passes every call on, until the fault is armed and its call comes. */
class Faulty implements RandomAccessStream {
  readonly inner: Medium
  readonly atomic: boolean
  rollback?: () => void
  /** Writes and setSizes that reached the medium since the last flush that did. */
  written = 0
  /** The call that met the fault first. */
  met: string | undefined
  private countdown = 0
  private code: Code = "EIO"
  private forever = false

  constructor(inner: Medium) {
    this.inner = inner
    this.atomic = inner.atomic
    if (inner instanceof AtomicMemoryStream) {
      this.rollback = () => {
        this.written = 0
        inner.rollback()
      }
    }
  }

  /** The `n`th call from now on fails with `code`. */
  arm(n: number, code: Code, forever: boolean): void {
    this.countdown = n
    this.code = code
    this.forever = forever
  }

  disarm(): void {
    this.countdown = 0
    this.forever = false
  }

  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this.count("read")
    return this.inner.read(buffer, position, start, length)
  }
  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this.count("write", () => {
      // A device that fails may have taken a part.
      const from = start ?? 0
      const half = (length ?? buffer.length - from) >> 1
      if (this.code === "EIO" && half > 0) {
        this.inner.write(buffer, position, from, half)
        this.written++
      }
    })
    this.inner.write(buffer, position, start, length)
    this.written++
  }
  size(): number {
    this.count("size")
    return this.inner.size()
  }
  setSize(size: number): void {
    this.count("setSize")
    this.inner.setSize(size)
    this.written++
  }
  flush(): void {
    this.count("flush")
    this.inner.flush()
    this.written = 0
  }
  close(): void {
    this.inner.close()
  }

  private count(call: string, tear?: () => void): void {
    if (this.code === "ENOSPC" && (call === "read" || call === "size")) return
    if (this.countdown === 0) return
    if (this.countdown > 1) {
      this.countdown--
      return
    }
    this.met ??= call
    if (!this.forever) this.countdown = 0
    tear?.()
    throw Object.assign(new Error(`${this.code}: made by the test in ${call}`), {
      name: "FlashtreeError",
      code: this.code,
    })
  }
}

function keyOf(i: number): Uint8Array {
  return new TextEncoder().encode(`key${String((i * 37) % 1000).padStart(4, "0")}`)
}

function valueFor(i: number): Uint8Array {
  return pattern(i % 9 === 4 ? 300 + i : 20 + (i % 30), i)
}

const options = { pagesize: PAGESIZE, cachesize: 0 }

function makeModel(): Model {
  const model = new Model()
  for (let i = 0; i < RECORDS; i++) model.put(keyOf(i), valueFor(i))
  return model
}

function makeMedium(): Uint8Array {
  const stream = new MemoryStream()
  const db = btree.open(stream, options)
  for (let i = 0; i < RECORDS; i++) db.set(keyOf(i), valueFor(i))
  db.close()
  return stream.bytes()
}

const flushedBytes = makeMedium()

interface Operation {
  name: string
  /** Changes made before the fault is armed; not flushed. */
  prepare?: (db: BTree, model: Model) => void
  /** What meets the fault. No key is changed twice in an operation, nor in prepare and run. */
  run: (db: BTree, model: Model) => void
}

function put(db: BTree, model: Model, key: Uint8Array, value: Uint8Array): void {
  model.put(key, value)
  db.set(key, value)
}

function change(db: BTree, model: Model): void {
  for (let i = 0; i < 8; i++) put(db, model, keyOf(i * 7), pattern(i === 3 ? 900 : 25, 500 + i))
}

const operations: Operation[] = [
  {
    name: "put",
    run: (db, model) => {
      for (let i = 0; i < 14; i++) put(db, model, keyOf(100 + i), valueFor(100 + i))
      for (let i = 0; i < 12; i++) put(db, model, keyOf(i * 5), pattern(i % 4 === 0 ? 700 : 60, 300 + i))
    },
  },
  {
    name: "put, page by page growing a long value",
    run: (db, model) => put(db, model, keyOf(200), pattern(6000, 9)),
  },
  {
    name: "delete",
    run: (db, model) => {
      for (let i = 0; i < 40; i++) {
        model.delete(keyOf(i))
        db.delete(keyOf(i))
      }
    },
  },
  {
    name: "deleteRange",
    run: (db, model) => {
      model.deleteRange(keyOf(3), undefined)
      db.deleteRange(keyOf(3))
    },
  },
  {
    name: "clear",
    run: (db, model) => {
      model.entries = []
      db.clear()
      db.flush()
    },
  },
  {
    name: "get",
    run: (db, model) => {
      for (let i = 0; i < RECORDS; i++) same(db.get(keyOf(i)), model.find(keyOf(i))?.value)
    },
  },
  {
    name: "get with changed pages in the cache",
    prepare: change,
    run: (db, model) => {
      for (let i = 0; i < RECORDS; i++) same(db.get(keyOf(i)), model.find(keyOf(i))?.value)
    },
  },
  { name: "scan", run: scan },
  { name: "scan with changed pages in the cache", prepare: change, run: scan },
  { name: "flush", prepare: change, run: (db) => db.flush() },
  { name: "close", prepare: change, run: (db) => db.close() },
]

function scan(db: BTree, model: Model): void {
  let index = 0
  db.forEach((cursor) => {
    const entry = model.entries[index++]
    same(cursor.key(), entry?.key)
    same(cursor.value(), entry?.value)
  })
  expect(index).toBe(model.entries.length)
}

function same(actual: Uint8Array | undefined, expected: Uint8Array | undefined): void {
  const equal =
    actual === undefined || expected === undefined ? actual === expected : sameBytes(actual, expected)
  if (!equal) throw new Error(`${actual?.length} bytes instead of ${expected?.length}`)
}

/** The code of what `task` throws; anything but a flashtree error goes through and fails the test. */
function codeOf(task: () => unknown): string | undefined {
  try {
    task()
    return undefined
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error.code
  }
}

function messageOf(task: () => unknown): string {
  try {
    task()
    return "no error"
  } catch (error) {
    return String(error)
  }
}

function mediumOf(bytes: Uint8Array, atomic: boolean): Medium {
  return atomic ? new AtomicMemoryStream(bytes) : new MemoryStream(bytes)
}

/** What a power cut now would leave, opened: exactly `expected`. */
function holds(bytes: Uint8Array, expected: Model): void {
  const db = btree.open(new MemoryStream(bytes), { cachesize: 0 })
  scan(db, expected)
  expect(db.check()).toEqual([])
}

/** The medium may be torn, but nothing may crash or hang on it. */
function survives(bytes: Uint8Array): void {
  const tasks: ((db: BTree) => unknown)[] = [
    (db) => db.forEach(() => {}),
    (db) => db.check(),
    (db) => db.get(keyOf(3)),
    (db) => db.set(keyOf(3), "x"),
    (db) => db.delete(keyOf(4)),
    (db) => db.close(),
  ]
  let db: BTree | undefined
  codeOf(() => {
    db = btree.open(new MemoryStream(bytes), { cachesize: 0 })
  })
  for (const task of tasks) {
    const opened = db
    if (opened !== undefined) codeOf(() => task(opened))
  }
}

function entriesOf(model: Model): Entry[] {
  return model.entries.slice()
}

/** Every key has the value from before the operation or the one from after it. */
function getsWork(db: BTree, before: Model, after: Model): void {
  for (const { key } of [...before.entries, ...after.entries]) {
    const value = db.get(key)
    const fits = [before.find(key)?.value, after.find(key)?.value].some((one) =>
      one === undefined || value === undefined ? one === value : sameBytes(one, value),
    )
    if (!fits) throw new Error(`get gives ${value?.length} bytes, neither the old nor the new value`)
  }
}

interface Fault {
  code: Code
  forever: boolean
  atomic: boolean
}

/** One turn of the loop; false when the operation met no fault. */
function meets(operation: Operation, fault: Fault, n: number): boolean {
  const flushed = makeModel()
  const stream = new Faulty(mediumOf(flushedBytes, fault.atomic))
  const db = btree.open(stream, options)
  const model = new Model()
  model.entries = entriesOf(flushed)
  operation.prepare?.(db, model)
  const before = new Model()
  before.entries = entriesOf(model)
  stream.arm(n, fault.code, fault.forever)
  const code = codeOf(() => operation.run(db, model))
  const closed = operation.name === "close" && code === undefined
  if (stream.met === undefined) {
    expect(code).toBeUndefined()
    return false
  }
  if (code !== undefined) expect(code).toBe(fault.code)

  // What a program can do while the device is still bad: reads that need no write go on after ENOSPC.
  if (fault.code === "ENOSPC" && !closed) getsWork(db, before, model)
  stream.disarm()

  const failedWrite = stream.met === "write" || stream.met === "setSize" || stream.met === "flush"
  if (!closed) {
    if (failedWrite && code !== undefined) {
      const refused = () => db.set("new key", "value")
      expect(codeOf(refused)).toBe("EIO")
      expect(messageOf(refused)).toMatch(/reopen/)
      expect(codeOf(() => db.delete(keyOf(1)))).toBe("EIO")
      expect(codeOf(() => db.flush())).toBe("EIO")
    } else if (code === undefined) {
      // The call went on without the space it asked for: the next change, or the flush, has to say so or make it good.
      const late = codeOf(() => db.flush())
      if (late === undefined) holds(stream.inner.bytes(), model)
      else expect(["ENOSPC", "EIO"]).toContain(late)
    } else if (operation.name.startsWith("get") || operation.name.startsWith("scan")) {
      // A failed read spoils nothing.
      getsWork(db, before, before)
      scan(db, before)
      expect(db.check()).toEqual([])
      expect(codeOf(() => db.set("new key", "value"))).toBeUndefined()
      expect(codeOf(() => db.delete("new key"))).toBeUndefined()
    } else {
      // A change cut short by a failed read: it may be refused, or whole, or not have happened; never half.
      const again = codeOf(() => getsWork(db, before, model))
      if (again !== undefined) expect(again).toBe("EIO")
      const refused = codeOf(() => db.set("new key", "value"))
      if (refused === undefined) {
        db.delete("new key")
        expect(db.check()).toEqual([])
      } else expect(refused).toBe("EIO")
    }
  }

  if (fault.atomic) {
    if (code !== undefined) {
      holds(stream.inner.bytes(), flushed)
      heals(db, stream, flushed)
    }
  } else if (
    code !== undefined &&
    stream.written === 0 &&
    stream.inner.bytes().length === flushedBytes.length
  ) {
    holds(stream.inner.bytes(), flushed)
  } else {
    survives(stream.inner.bytes())
  }
  return true
}

/** rollback() gives back the last flushed state, and the handle works again. */
function heals(db: BTree, stream: Faulty, flushed: Model): void {
  db.rollback()
  scan(db, flushed)
  expect(db.check()).toEqual([])
  holds(stream.inner.bytes(), flushed)
  const next = new Model()
  next.entries = entriesOf(flushed)
  change(db, next)
  db.flush()
  scan(db, next)
  holds(stream.inner.bytes(), next)
}

const faults: [string, Fault][] = []
for (const code of ["EIO", "ENOSPC"] as const) {
  for (const forever of [false, true]) {
    for (const atomic of [false, true]) {
      const name = `${code} ${forever ? "for ever" : "once"}, ${atomic ? "atomic" : "plain"} stream`
      faults.push([name, { code, forever, atomic }])
    }
  }
}

describe.each(operations.map((operation) => [operation.name, operation] as const))("%s", (_, operation) => {
  test.each(faults)("%s", (name, fault) => {
    let n = 1
    try {
      withDeadline(CASE_TIME_MAX, () => {
        while (meets(operation, fault, n)) {
          n++
          if (n > CALLS_MAX) throw new Error("the operation never completes")
        }
      })
    } catch (error) {
      if (error instanceof Error) error.message = `${operation.name}, ${name}, call ${n}: ${error.message}`
      throw error
    }
    // A loop that met no fault at all would prove nothing, except where the operation asks nothing of that kind.
    const asksNothing = fault.code === "ENOSPC" && (operation.name === "get" || operation.name === "scan")
    expect(n > 1).toBe(!asksNothing)
  })
})

describe("open", () => {
  test.each([false, true])("EIO, for ever: %s", (forever) => {
    for (let n = 1; ; n++) {
      const stream = new Faulty(new MemoryStream(flushedBytes))
      stream.arm(n, "EIO", forever)
      let db: BTree | undefined
      const code = codeOf(() => {
        db = btree.open(stream, options)
      })
      if (stream.met === undefined) {
        expect(code).toBeUndefined()
        expect(n).toBeGreaterThan(1)
        break
      }
      expect(code).toBe("EIO")
      stream.disarm()
      expect(db).toBeUndefined()
      scan(btree.open(stream, options), makeModel())
      expect(stream.inner.bytes()).toEqual(flushedBytes)
    }
  })

  test("an empty stream that fails is not taken for an empty database", () => {
    for (let n = 1; ; n++) {
      const stream = new Faulty(new MemoryStream())
      stream.arm(n, "EIO", true)
      const code = codeOf(() => btree.open(stream, options))
      if (stream.met === undefined) break
      expect(code).toBe("EIO")
      expect(n).toBeLessThan(10)
    }
  })
})

describe("rollback", () => {
  test("its own reads and its stream's rollback may fail: it says so, and works when tried again", () => {
    for (let n = 1; ; n++) {
      const flushed = makeModel()
      const stream = new Faulty(new AtomicMemoryStream(flushedBytes))
      const db = btree.open(stream, options)
      change(db, makeModel())
      stream.arm(n, "EIO", false)
      const code = codeOf(() => db.rollback())
      if (stream.met === undefined) {
        expect(code).toBeUndefined()
        break
      }
      expect(code).toBe("EIO")
      stream.disarm()
      heals(db, stream, flushed)
    }
  })
})

describe("a power cut is not an error of the device", () => {
  test.each(operations.map((operation) => [operation.name, operation] as const))(
    "%s: it passes through unchanged, nothing is tried again, and the medium can be opened",
    (_, operation) => {
      let n = 0
      for (; n < CALLS_MAX; n++) {
        const stream = new SimulatedFile(flushedBytes, new SimulatedPower(n))
        const db = btree.open(stream, options)
        const model = makeModel()
        let thrown: unknown
        try {
          operation.prepare?.(db, model)
          operation.run(db, model)
          db.flush()
        } catch (error) {
          thrown = error
        }
        if (!stream.power.cut) {
          const ended = operation.name === "close"
          expect(thrown === undefined || (ended && isFlashtreeError(thrown))).toBe(true)
          break
        }
        expect(thrown).toBeInstanceOf(PowerCut)
        const changes = stream.power.changes
        expect(() => db.set("new key", "value")).toThrow()
        expect(() => db.flush()).toThrow()
        expect(stream.power.changes).toBe(changes)
        for (const mode of ["lost", "landed", "shuffled"] as const) survives(stream.crash(mode, n))
      }
      expect(n).toBeLessThan(CALLS_MAX)
    },
  )
})
