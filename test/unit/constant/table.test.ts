/**
 * Goal: a table of names is what FORMAT.md says, gives each name, and says what is wrong with it. Method: random names of many lengths against a
 * sorted array; names whose hashes are alike, found by search; databases and damage that are no table.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import { crc32Of } from "../../../src/checksum.ts"
import * as constant from "../../../src/constant/index.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { firstDifference, makeBytes, makeRandom } from "../../support/streams.ts"

type Pair = [Uint8Array, Uint8Array]

function makePairs(count: number, seed: number): Pair[] {
  const random = makeRandom(seed)
  const pairs: Pair[] = []
  for (let i = 0; i < count; i++) {
    const length = i === 0 ? 0 : i % 50 === 0 ? 100 + random(400) : 1 + random(20)
    const name = makeBytes(length, seed + i)
    if (length >= 4) new DataView(name.buffer).setUint32(length - 4, i)
    pairs.push([name, makeBytes(random(random(4) === 0 ? 300 : 40), i)])
  }
  const seen = new Map(pairs.map((pair) => [Buffer.from(pair[0]).toString("hex"), pair]))
  return [...seen.values()]
}

function write(pairs: Pair[], options = {}): MemoryStream {
  const writer = new constant.TableWriter(options)
  for (const [name, value] of pairs) writer.add(name, value)
  const stream = new MemoryStream()
  writer.write(stream)
  return stream
}

const inOrder = (pairs: Pair[]) => [...pairs].sort(([a], [b]) => Buffer.compare(a, b))

function expectTable(table: constant.Table, pairs: Pair[]): void {
  const sorted = inOrder(pairs)
  const target = new Uint8Array(400)
  expect(table.size).toBe(sorted.length)
  for (const [place, [name, value]] of sorted.entries()) {
    const found = table.lookup(name)
    if (found === undefined || firstDifference(found, value) >= 0)
      throw new Error(`the value of name ${place}`)
    if (table.lookupInto(name, target) !== value.length) throw new Error(`the length of value ${place}`)
    if (firstDifference(target.subarray(0, value.length), value) >= 0)
      throw new Error(`value ${place}, copied`)
    if (table.lowerBound(name) !== place) throw new Error(`the place of name ${place}`)
    const longer = new Uint8Array(name.length + 1)
    longer.set(name)
    if (table.exists(longer) || table.lowerBound(longer) !== place + 1)
      throw new Error(`behind name ${place}`)
    const item = table.at(place)
    if (item === undefined || firstDifference(item.key, name) >= 0 || firstDifference(item.value, value) >= 0)
      throw new Error(`item ${place}`)
  }
  expect(table.at(sorted.length)).toBeUndefined()
}

describe("a table of names", () => {
  it.each([0, 1, 2, 29, 30, 31, 500, 2000])(
    "of %i names gives each, in the order of their bytes",
    (count) => {
      const pairs = makePairs(count, 77)
      const stream = write(pairs, { pagesize: 256 })
      for (const pageBuffers of [0, 2]) {
        const table = new constant.Table({ pagesize: 256, pageBuffers })
        table.open(stream)
        expectTable(table, pairs)
        expect(table.verify()).toEqual([])
      }
      const table = new constant.Table({ pagesize: 256 })
      const device = new SimulatedFlash({ size: 1 << 20 })
      const writer = new constant.TableWriter({ pagesize: 256 })
      for (const [name, value] of pairs.toReversed()) writer.add(name, value)
      writer.write(device)
      const image = stream.bytes()
      expect(firstDifference(device.image().subarray(0, image.length), image)).toBe(-1)
      table.open(device)
      if (count < 1000) expectTable(table, pairs)
      const seen: Uint8Array[] = []
      table.forEach((name) => void seen.push(name), 1, 3)
      expect(seen).toEqual(inOrder(pairs).slice(1, 3).map(([name]) => name)) // biome-ignore format: one line
      const iterator = table.items(0, 1)
      expect(iterator.next().done).toBe(count === 0)
    },
  )

  it.each([65_536, 65_537])("of %i names has indexes of two or four bytes", (count) => {
    const writer = new constant.TableWriter()
    for (let i = 0; i < count; i++) writer.add(`n${i}`, "")
    const stream = new MemoryStream()
    writer.write(stream)
    const table = new constant.Table({ cache: new constant.PageCache(1000) })
    table.open(stream)
    expect(table.size).toBe(count)
    const order = table._reader.at(count)?.value.length
    expect(order).toBe(8 + count * (count > 65_536 ? 4 : 2))
    const sorted = Array.from({ length: count }, (_, i) => `n${i}`).sort()
    for (let place = 0; place < count; place += 997) {
      expect(Buffer.from(table.at(place)?.key ?? []).toString()).toBe(sorted[place])
      expect(table.lowerBound(sorted[place] as string)).toBe(place)
      expect(table.exists(`n${place}`)).toBe(true)
      expect(table.exists(`m${place}`)).toBe(false)
    }
  })

  it("keeps names apart whose hashes are alike", () => {
    // With the last four bytes any CRC-32 can be had; here by looking for names of two lengths that share one.
    const byHash = new Map<number, string>()
    const alike: [string, string][] = []
    const random = makeRandom(5)
    for (let i = 0; alike.length < 6; i++) {
      const name = `${String.fromCharCode(97 + (i % 26))}${i.toString(36)}${random(1000)}`
      const hash = crc32Of(new TextEncoder().encode(name), 0, name.length)
      const other = byHash.get(hash)
      if (other !== undefined && other !== name) alike.push([other, name])
      byHash.set(hash, name)
    }
    const pairs = alike.flat().map((name, i): Pair => [new TextEncoder().encode(name), makeBytes(i, i)])
    const table = new constant.Table()
    table.open(write(pairs))
    expectTable(table, pairs)
    expect(table.verify()).toEqual([])
    // A name that is missing, with the hash of one that is there.
    const [there, missing] = alike[0] as [string, string]
    table.open(write(pairs.filter(([name]) => Buffer.from(name).toString() !== missing)))
    expect([table.exists(there), table.exists(missing)]).toEqual([true, false])
  })

  it("is plain values to a reader of numbers", () => {
    const stream = write([[new TextEncoder().encode("wifi/ssid"), new TextEncoder().encode("home")]])
    const reader = new constant.Reader({ key: constant.uint32 })
    reader.open(stream)
    const hash = crc32Of(new TextEncoder().encode("wifi/ssid"), 0, 9)
    expect(Buffer.from(reader.lookup(hash) ?? []).toString()).toBe("\x09wifi/ssidhome")
    expect(Buffer.from(reader.lookup(0xffffffff) ?? []).toString("latin1")).toBe("TBL1\x01\0\0\0\0\0")
  })

  it("refuses a name that was added twice", () => {
    const writer = new constant.TableWriter()
    writer.add("a", "1")
    writer.add("a", "1")
    expect(() => writer.write(new MemoryStream())).toThrow("EINVAL")
    expect(() => writer.add(7 as never, "")).toThrow("EINVAL: the name is number")
  })

  it.each<[string, [number, string][]]>([
    ["an empty one", []],
    ["one without an order", [[1, "x"]]],
    ["one with another last value", [[0xffffffff, "TBL2\0\0\0\0"]]],
    ["one with an order of another length", [[0xffffffff, "TBL1\x01\0\0\0"]]],
  ])("refuses a database that is none: %s", (_, items) => {
    const writer = new constant.Writer({ key: constant.uint32 })
    for (const [key, value] of items) writer.add(key, value)
    const stream = new MemoryStream()
    writer.write(stream)
    const table = new constant.Table()
    expect(() => table.open(stream)).toThrow("EFTYPE: a constant database, but no table of names")
    expect(() => table.size).toThrow("ECLOSED")
  })

  it("says that records are damaged that no name can have", () => {
    const order = Buffer.from("TBL1\x02\0\0\0\x01\0\x07\0", "latin1")
    const records: [number, Uint8Array][] = [
      [crc32Of(Buffer.from("a"), 0, 1), Buffer.from([200])],
      [crc32Of(Buffer.from("b"), 0, 1), Buffer.from([1, 98, 66])],
      [0xffffffff, order],
    ]
    const writer = new constant.Writer({ key: constant.uint32 })
    for (const [key, value] of records) writer.add(key, value)
    const stream = new MemoryStream()
    writer.write(stream)
    const table = new constant.Table()
    table.open(stream)
    expect(Buffer.from(table.lookup("b") ?? []).toString()).toBe("B")
    expect(() => table.lookup("a")).toThrow("ECORRUPT")
    expect(() => table.at(1)).toThrow("ECORRUPT: page 2, offset 14: the index 7 in a table of 2 names")
    expect(table.verify().length).toBe(1)
  })
})
