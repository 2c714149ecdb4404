/**
 * Goal: a commit of the append-only tree costs what the format says and no more, and opening it costs next to nothing. Method: single puts are counted on
 * streams that count calls and bytes, and on a simulated chip under a flash volume, next to btree's in the same run. All figures are counts, so they are the
 * same everywhere; budgets are what was reached.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import * as append from "../../src/append/index.ts"
import { btree, flash, MemoryStream } from "../../src/index.ts"
import { AtomicMemoryStream } from "../support/atomic-stream.ts"
import { CountingStream } from "../support/streams.ts"

const clock = () => 1_700_000_000
const keyOf = (i: number) => String((i * 7919) % 1_000_003).padStart(8, "0")
const VALUE = "0123456789abcdef"

function filled(stream: CountingStream, pagesize: number, records: number): append.AppendTree {
  const tree = append.open(stream, { pagesize, clock, cachesize: 4_000_000 })
  const txn = tree.begin()
  for (let i = 0; i < records; i++) txn.put(keyOf(i), VALUE)
  txn.commit()
  stream.reset()
  return tree
}

describe("bytes appended by a single put", () => {
  it.each([
    [4096, 100],
    [4096, 10_000],
    [4096, 40_000],
    [512, 100],
    [512, 10_000],
    [1024, 100],
  ])(
    "pages of %i, %i keys: levels + 1 pages, one more for each split, and a flush behind each barrier",
    (pagesize, records) => {
      const stream = new CountingStream(new MemoryStream())
      const tree = filled(stream, pagesize, records)
      const { depth } = tree.stat()
      for (let i = 0; i < 50; i++) tree.put(keyOf((i * 3) % records), "another value...")
      expect(stream.bytesWritten).toBe(50 * (depth + 1) * pagesize)
      expect(stream.writes).toBe(50 * (depth + 1))
      expect(stream.flushes).toBe(100)
      const overwrite = stream.bytesWritten / 50
      let most = 0
      let sum = 0
      for (let i = 0; i < 300; i++) {
        const before = { bytes: stream.bytesWritten, ...tree.stat() }
        tree.put(keyOf(records + i), VALUE)
        const after = tree.stat()
        const splits = after.leafPages + after.branchPages - before.leafPages - before.branchPages
        const bytes = stream.bytesWritten - before.bytes
        // The pages of the tree before, a page for each split or new root, and the commit record.
        expect(bytes).toBe((before.depth + 1 + splits) * pagesize)
        most = Math.max(most, bytes)
        sum += bytes
      }
      console.log(
        `${pagesize}, ${records} keys, ${depth} levels: overwrite ${overwrite}, insert ${Math.round(sum / 300)} (most ${most})`,
      )
    },
  )

  it("one flush replaces the two barriers on a stream that is atomic, and none is made with BT_NOSYNC", () => {
    const stream = new CountingStream(new AtomicMemoryStream())
    const tree = filled(stream, 512, 100)
    tree.put("a", "b")
    expect(stream.flushes).toBe(1)
    const plain = new CountingStream(new MemoryStream())
    const loose = append.open(plain, { flags: append.BT_NOSYNC })
    loose.put("a", "b")
    expect(plain.flushes).toBe(0)
    loose.sync()
    expect(plain.flushes).toBe(1)
  })

  it("nothing is written where nothing has changed", () => {
    const stream = new CountingStream(new MemoryStream())
    const tree = filled(stream, 512, 100)
    tree.begin().commit()
    tree.delete("not there")
    tree.put(keyOf(1), "x", append.BT_NOOVERWRITE)
    const txn = tree.begin()
    txn.put("a", "b")
    txn.abort()
    expect(stream.writes + stream.flushes + stream.sizeChanges).toBe(0)
  })
})

describe("reads", () => {
  it("opening a file reads its head, the last record and the pages of that commit", () => {
    const inner = new MemoryStream()
    const tree = filled(new CountingStream(inner), 4096, 10_000)
    tree.put("a", "b")
    const stream = new CountingStream(inner)
    const again = append.open(stream)
    expect(stream.reads).toBeLessThanOrEqual(10)
    expect(stream.bytesRead).toBeLessThanOrEqual(10_000)
    stream.reset()
    expect(again.get(keyOf(77))).toBeDefined()
    expect(stream.reads).toBeLessThanOrEqual(2)
  })

  it("junk behind the end costs 88 bytes a page", () => {
    const inner = new MemoryStream()
    filled(new CountingStream(inner), 512, 100)
    inner.write(new Uint8Array(512 * 1000).fill(255), inner.size())
    const stream = new CountingStream(inner)
    append.open(stream)
    expect(stream.bytesRead).toBeLessThanOrEqual(88 * 1000 + 8000)
  })

  it("a get in a cache that holds the tree reads nothing", () => {
    const stream = new CountingStream(new MemoryStream())
    const tree = filled(stream, 512, 1000)
    for (let i = 0; i < 1000; i++) tree.get(keyOf(i))
    stream.reset()
    for (let i = 0; i < 1000; i++) tree.get(keyOf(i))
    expect(stream.reads).toBe(0)
  })
})

describe("on a flash volume, 100 keys of 8 bytes with values of 16, each change durable", () => {
  const results = new Map<string, number>()

  function measure(name: string, put: (key: string, value: string) => void, chip: SimulatedFlash): void {
    for (let i = 0; i < 100; i++) put(keyOf(i), VALUE)
    chip.counters.reset()
    for (let i = 0; i < 300; i++) put(keyOf(i % 100), `value ${String(i).padStart(10, "0")}`)
    const { programBytes, programCalls, erases } = chip.counters
    results.set(name, programBytes / 300)
    console.log(
      `${name}: ${(programBytes / 300).toFixed(0)} bytes in ${(programCalls / 300).toFixed(1)} programs, ${((erases * 1000) / 300).toFixed(0)} erases a thousand`,
    )
  }

  it("a commit costs more bytes than btree's, since it takes new pages each time", () => {
    for (const pagesize of [512, 1024]) {
      const chip = new SimulatedFlash({ size: 4 * 1024 * 1024 })
      const tree = append.open(flash.open(chip, { pagesize }), { pagesize, clock })
      measure(`append, pages of ${pagesize}`, (key, value) => tree.put(key, value), chip)
      const other = new SimulatedFlash({ size: 4 * 1024 * 1024 })
      const db = btree.open(flash.open(other, { pagesize }), { pagesize })
      measure(
        `btree, pages of ${pagesize}`,
        (key, value) => {
          db.set(key, value)
          db.flush()
        },
        other,
      )
      expect(results.get(`append, pages of ${pagesize}`)).toBeLessThan(pagesize * 3)
      expect(results.get(`btree, pages of ${pagesize}`)).toBeLessThan(200)
    }
  })
})
