/**
 * Goal: after warm-up the engine lives on the memory it has, and asks the stream for no more than it must.
 *
 * Method: Uint8Array and ArrayBuffer are replaced by constructors that count while 10,000 calls of one kind run on a tree
 * several times larger than its cache; the number of frames before and after must be equal and no buffer of a page or
 * more may be made. The traffic of single calls is taken from a stream that notes position and length of every call.
 */
import { describe, expect, test } from "vitest"
import { btree, MemoryStream } from "../../hosts/node/index.ts"
import { pattern } from "../property/model.ts"

const PAGESIZE = 512
const CALLS = 10_000
const RECORDS = 1000

interface StreamCall {
  call: "read" | "write" | "setSize" | "flush" | "size"
  position: number
  length: number
}

class Recorder extends MemoryStream {
  calls: StreamCall[] = []
  override read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    this.calls.push({ call: "read", position, length })
    return super.read(buffer, position, start, length)
  }
  override write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    this.calls.push({ call: "write", position, length })
    super.write(buffer, position, start, length)
  }
  override setSize(size: number): void {
    this.calls.push({ call: "setSize", position: 0, length: size })
    super.setSize(size)
  }
  override size(): number {
    this.calls.push({ call: "size", position: 0, length: 0 })
    return super.size()
  }
  override flush(): void {
    this.calls.push({ call: "flush", position: 0, length: 0 })
    super.flush()
  }
  take(call?: StreamCall["call"]): StreamCall[] {
    const calls = this.calls
    this.calls = []
    return call === undefined ? calls : calls.filter((one) => one.call === call)
  }
}

interface Allocations {
  /** Bytes in all typed arrays and buffers made; views of existing memory count nothing. */
  bytes: number
  /** How many were of a page or larger. */
  pages: number
}

/** Runs `task` and counts the byte buffers it makes, by whichever of the constructors and of slice. */
function allocationsOf(task: () => void): Allocations {
  const counted: Allocations = { bytes: 0, pages: 0 }
  const note = (bytes: number) => {
    counted.bytes += bytes
    if (bytes >= PAGESIZE) counted.pages++
  }
  const counting = <T extends Uint8ArrayConstructor | ArrayBufferConstructor>(real: T): T =>
    new Proxy(real, {
      construct(target, args, newTarget) {
        const [first] = args
        if (typeof first === "number") note(first)
        else if (!(first instanceof RealArrayBuffer))
          note((first as { length?: number } | undefined)?.length ?? 0)
        return Reflect.construct(target, args, newTarget)
      },
    })
  const RealUint8Array = globalThis.Uint8Array
  const RealArrayBuffer = globalThis.ArrayBuffer
  const realSlice = RealUint8Array.prototype.slice
  try {
    globalThis.Uint8Array = counting(RealUint8Array)
    globalThis.ArrayBuffer = counting(RealArrayBuffer)
    RealUint8Array.prototype.slice = function (this: Uint8Array<ArrayBuffer>, ...args: [number?, number?]) {
      const copy = realSlice.apply(this, args)
      note(copy.length)
      return copy
    }
    task()
  } finally {
    globalThis.Uint8Array = RealUint8Array
    globalThis.ArrayBuffer = RealArrayBuffer
    RealUint8Array.prototype.slice = realSlice
  }
  return counted
}

function keyOf(i: number): Uint8Array {
  return new TextEncoder().encode(`sensor/${String((i * 7919) % RECORDS).padStart(5, "0")}/value`)
}

const keys = Array.from({ length: RECORDS }, (_, i) => keyOf(i))

/** A flushed tree of three levels, several times larger than the minimal cache. */
function stored(checksums = false): Uint8Array {
  const stream = new MemoryStream()
  const db = btree.open(stream, { pagesize: PAGESIZE, checksums })
  for (const [i, key] of keys.entries()) db.set(key, pattern(24, i))
  db.close()
  return stream.bytes()
}

const contents = stored()

function open(bytes = contents, options: { cachesize?: number; checksums?: boolean } = {}) {
  const stream = new Recorder(bytes)
  const db = btree.open(stream, { cachesize: 0, ...options })
  return { stream, db }
}

describe("memory after warm-up", () => {
  test("the counting itself sees every way to make a buffer", () => {
    expect(allocationsOf(() => new Uint8Array(600))).toEqual({ bytes: 600, pages: 1 })
    expect(allocationsOf(() => new ArrayBuffer(512))).toEqual({ bytes: 512, pages: 1 })
    expect(allocationsOf(() => keys[0]?.slice(1, 5))).toEqual({ bytes: 4, pages: 0 })
    expect(allocationsOf(() => Uint8Array.from(new Array(700).fill(1))).pages).toBe(1)
    expect(allocationsOf(() => keys[0]?.subarray(1, 5))).toEqual({ bytes: 0, pages: 0 })
  })

  const target = new Uint8Array(64)
  const value = new Uint8Array(24)
  type Handle = ReturnType<typeof open>
  const tasks: [string, (handle: Handle) => () => void][] = [
    [
      "getInto",
      ({ db }) =>
        () => {
          for (let i = 0; i < CALLS; i++) db.getInto(keys[i % RECORDS] as Uint8Array, target)
        },
    ],
    [
      "find",
      ({ db }) =>
        () => {
          for (let i = 0; i < CALLS; i++) db.find(keys[i % RECORDS] as Uint8Array)
        },
    ],
    [
      "has",
      ({ db }) =>
        () => {
          for (let i = 0; i < CALLS; i++) db.has(keys[i % RECORDS] as Uint8Array)
        },
    ],
    [
      "cursor steps",
      ({ db }) => {
        const cursor = db.cursor()
        cursor.first()
        return () => {
          for (let i = 0; i < CALLS; i++) {
            if (!cursor.next()) cursor.first()
            cursor.keyInto(target)
            cursor.valueInto(target)
          }
        }
      },
    ],
    [
      "cursor steps back",
      ({ db }) => {
        const cursor = db.cursor()
        return () => {
          for (let i = 0; i < CALLS; i++) if (!cursor.previous()) cursor.last()
        }
      },
    ],
    [
      "seek",
      ({ db }) => {
        const cursor = db.cursor()
        return () => {
          for (let i = 0; i < CALLS; i++) cursor.seek(keys[i % RECORDS] as Uint8Array)
        }
      },
    ],
    [
      "same-size overwrites",
      ({ db }) =>
        () => {
          for (let i = 0; i < CALLS; i++) {
            value[0] = i
            db.put(keys[i % RECORDS] as Uint8Array, value)
          }
        },
    ],
    [
      "same-size overwrites, each flushed",
      ({ db }) =>
        () => {
          for (let i = 0; i < CALLS; i++) {
            value[0] = i
            db.put(keys[i % RECORDS] as Uint8Array, value)
            db.flush()
          }
        },
    ],
    [
      "delete and put back, without a split",
      ({ db }) =>
        () => {
          for (let i = 0; i < CALLS; i++) {
            const key = keys[i % RECORDS] as Uint8Array
            db.delete(key)
            db.put(key, value)
          }
        },
    ],
  ]
  for (const checksums of [false, true]) {
    const bytes = checksums ? stored(true) : contents
    test.each(tasks)(
      `%s (checksums ${checksums}): no page buffer, no frame, nothing that grows`,
      (_, prepare) => {
        const handle = open(bytes, { checksums })
        const task = prepare(handle)
        task()
        handle.stream.take()
        const frames = handle.db.cache.frames
        const misses = handle.db.cache.misses
        const counted = allocationsOf(task)
        expect(handle.db.cache.frames).toBe(frames)
        // The cache is too small for the tree, or this would show nothing.
        expect(handle.db.cache.misses).toBeGreaterThan(misses)
        expect(counted).toEqual({ bytes: 0, pages: 0 })
        expect(handle.db.check()).toEqual([])
      },
    )
  }

  test("the cache holds as many frames as it says, whatever is done", () => {
    const { db } = open()
    for (const [i, key] of keys.entries()) db.put(key, pattern(i % 100, i))
    for (const key of db.keys()) db.getInto(key, target)
    expect(db.cache.capacity).toBe(5)
    const { frames } = db.cache
    // A split pins five pages and works on one more.
    expect(frames).toBeLessThanOrEqual(db.cache.capacity + 6)
    for (const [i, key] of keys.entries()) db.put(key, pattern((i * 7) % 100, i))
    db.deleteRange()
    for (const [i, key] of keys.entries()) db.put(key, pattern((i * 3) % 100, i))
    expect(db.cache.frames).toBe(frames)
  })
})

describe("what the stream is asked", () => {
  const depth = open().db.stat().depth

  test("the tree of these tests has at least three levels", () => {
    expect(depth).toBeGreaterThanOrEqual(3)
  })

  test("a get on a cold cache reads exactly depth pages, each whole and once", () => {
    for (let i = 0; i < RECORDS; i += 37) {
      const { stream, db } = open()
      stream.take()
      expect(db.get(keys[i] as Uint8Array)).toEqual(pattern(24, i))
      const calls = stream.take()
      expect(calls.map((one) => one.call)).toEqual(Array.from({ length: depth }, () => "read"))
      expect(calls.map((one) => one.length)).toEqual(calls.map(() => PAGESIZE))
      expect(new Set(calls.map((one) => one.position)).size).toBe(depth)
      expect(calls[0]?.position).toBe(PAGESIZE)
      for (const one of calls) expect(one.position % PAGESIZE).toBe(0)
    }
  })

  test("a get on a warm cache asks nothing", () => {
    const { stream, db } = open(contents, { cachesize: 1_000_000 })
    for (const key of keys) db.get(key)
    stream.take()
    for (const key of keys) db.get(key)
    expect(stream.take()).toEqual([])
  })

  test("put + flush of one existing key writes one range and flushes once; not the meta page", () => {
    const { stream, db } = open()
    for (let i = 0; i < 50; i++) {
      db.put(keys[i] as Uint8Array, pattern(24, 1000 + i))
      stream.take("read")
      db.flush()
      const calls = stream.take()
      expect(calls.map((one) => one.call)).toEqual(["write", "flush"])
      expect(calls[0]?.position).toBeGreaterThanOrEqual(2 * PAGESIZE)
    }
  })

  test("a same-size overwrite writes exactly the value bytes", () => {
    const { stream, db } = open()
    for (let i = 0; i < 50; i++) {
      const value = pattern(24, 5000 + i)
      db.put(keys[i] as Uint8Array, value)
      db.flush()
      const writes = stream.take("write")
      expect(writes.map((one) => one.length)).toEqual([24])
      const position = writes[0]?.position as number
      expect(stream.bytes().subarray(position, position + 24)).toEqual(value)
    }
  })

  test("with checksums a same-size overwrite writes the value bytes and one check word of its page", () => {
    const { stream, db } = open(stored(true), { checksums: true })
    for (let i = 0; i < 50; i++) {
      db.put(keys[i] as Uint8Array, pattern(24, 5000 + i))
      db.flush()
      const writes = stream.take("write")
      const pages = new Set(writes.map((one) => Math.floor(one.position / PAGESIZE)))
      expect(pages.size).toBe(1)
      expect(pages.has(0)).toBe(false)
      expect(writes.reduce((sum, one) => sum + one.length, 0)).toBeLessThanOrEqual(24 + 4)
    }
  })

  test("a put of another size touches one page, not the meta page", () => {
    const { stream, db } = open()
    for (let i = 0; i < 50; i++) {
      db.put(keys[i] as Uint8Array, pattern(20, 1000 + i))
      db.flush()
      const pages = new Set(stream.take("write").map((one) => Math.floor(one.position / PAGESIZE)))
      expect(pages.size).toBe(1)
      expect(pages.has(0)).toBe(false)
    }
  })

  test("flush with nothing changed makes no call at all", () => {
    const { stream, db } = open()
    const unchanged: (() => unknown)[] = [
      () => undefined,
      () => db.get(keys[3] as Uint8Array),
      () => db.delete("no such key"),
      () => db.put(keys[3] as Uint8Array, "x", btree.R_NOOVERWRITE),
      () => db.deleteRange("zzz"),
      () => db.deleteRange("b", "a"),
      () => [...db.keys()].length,
      () => db.flush(),
    ]
    for (const call of unchanged) {
      call()
      stream.take()
      db.flush()
      expect(stream.take()).toEqual([])
    }
    db.put(keys[3] as Uint8Array, pattern(24, 1))
    db.flush()
    stream.take()
    db.flush()
    db.close()
    expect(stream.take()).toEqual([])
  })
})
