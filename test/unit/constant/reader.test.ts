/**
 * Goal: a reader gives what its docstrings say, and every wrong use is an EINVAL or ECLOSED that says what is wrong. Method: small
 * databases made by our own writer, in memory and in blocks of a simulated chip.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import "../../../hosts/constant-iteration.ts"
import * as constant from "../../../src/constant/index.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"

const { uint32 } = constant
const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

/** Ten keys 0, 10, ... 90 with values "v0", ... */
function make(options: Partial<constant.ConstantOptions<number>> = {}, count = 10): MemoryStream {
  const writer = new constant.Writer({ key: uint32, ...options })
  for (let i = 0; i < count; i++) writer.add(10 * i, `v${i}`)
  const stream = new MemoryStream()
  writer.write(stream)
  return stream
}

function open(stream = make()): constant.Reader<number> {
  const reader = new constant.Reader({ key: uint32 })
  reader.open(stream)
  return reader
}

describe("a reader", () => {
  it("looks up, copies, counts and finds places", () => {
    const reader = open()
    expect(reader.size).toBe(10)
    expect(text(reader.lookup(40))).toBe("v4")
    expect(reader.lookup(41)).toBeUndefined()
    expect(reader.exists(90)).toBe(true)
    expect([0, 1, 10, 89, 90, 91].map((key) => reader.lowerBound(key))).toEqual([0, 1, 1, 9, 9, 10])
    expect(reader.at(3)).toEqual({ key: 30, value: new Uint8Array(Buffer.from("v3")) })
    expect(reader.at(10)).toBeUndefined()
    const target = new Uint8Array(4).fill(46)
    expect(reader.lookupInto(70, target, 3)).toBe(2)
    expect(text(target)).toBe("...v")
    expect(reader.lookupInto(7, target)).toBe(-1)
  })

  it("goes through a range of indexes, by visits and by iteration", () => {
    const reader = open()
    const seen: string[] = []
    reader.forEach((key, value, index) => void seen.push(`${index}:${key}=${text(value)}`), 2, 4)
    expect(seen).toEqual(["2:20=v2", "3:30=v3"])
    let visits = 0
    const stop = () => ++visits > 3
    reader.forEach(stop)
    expect(visits).toBe(1)
    expect([...reader.items(8)].map(([key]) => key)).toEqual([80, 90])
    expect([...reader.items()].length).toBe(10)
    const items = reader.items(0, 99)
    items.next()
    expect(items.return().done).toBe(true)
    expect(items.next().done).toBe(true)
  })

  it("opens an empty database", () => {
    for (const pageBuffers of [0, 2]) {
      const reader = new constant.Reader({ key: uint32, pageBuffers })
      reader.open(make({}, 0))
      expect([reader.size, reader.exists(0), reader.lowerBound(5), reader.at(0)]).toEqual([
        0,
        false,
        0,
        undefined,
      ])
      expect(reader.verify()).toEqual([])
      expect([...reader.items()]).toEqual([])
    }
  })

  it("says ECLOSED before open(), after close() and after a failed open()", () => {
    const reader = new constant.Reader({ key: uint32 })
    for (const use of [
      () => reader.size,
      () => reader.lookup(1),
      () => reader.at(0),
      () => reader.verify(),
      () => reader.items(),
    ])
      expect(use).toThrow("ECLOSED: no database is open")
    reader.open(make())
    expect(() => reader.open(new MemoryStream(new Uint8Array(2000)))).toThrow("EFTYPE")
    expect(() => reader.size).toThrow("ECLOSED")
    reader.close()
    reader.close()
  })

  it.each([-1, 1.5, 2 ** 32, "1", null, Number.NaN])("refuses %s as a key", (key) => {
    expect(() => open().lookup(key as number)).toThrow(`EINVAL: the key is ${key}`)
  })

  it("refuses indexes, targets and sources that are none", () => {
    const reader = open()
    for (const index of [-1, 0.5, Number.NaN])
      expect(() => reader.at(index)).toThrow(`EINVAL: no index ${index}`)
    for (const offset of [-1, 9, Number.NaN])
      expect(() => reader.lookupInto(0, new Uint8Array(8), offset)).toThrow(`EINVAL: no offset ${offset}`)
    for (const source of [undefined, null, {}, 7])
      expect(() => new constant.Reader({ key: uint32 }).open(source as never)).toThrow("EINVAL")
  })

  it.each([
    [{ pagesize: 143 }, "pagesize is 143"],
    [{ pagesize: 65537 }, "pagesize is 65537"],
    [{ pagesize: 1000.5 }, "pagesize is 1000.5"],
    [{ key: undefined }, "no key type"],
    [{ key: { ...uint32, size: 0 } }, "no key type"],
    [{ key: constant.bytes(600) }, "for keys of 600 bytes"],
    [{ pageBuffers: 3 }, "pageBuffers is 3"],
  ])("refuses the options %o", (options, message) => {
    expect(() => new constant.Reader({ key: uint32, ...options } as never)).toThrow(message)
  })
})

describe("verify", () => {
  it("tells bytes done, and is ended by false", () => {
    const stream = make({ pagesize: 256 }, 500)
    const reader = new constant.Reader({ key: uint32, pagesize: 256 })
    reader.open(stream)
    const seen: number[] = []
    expect(reader.verify((done, total) => void seen.push(done / total))).toEqual([])
    expect(seen.length).toBeGreaterThan(18)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen.at(-1)).toBe(1)
    let calls = 0
    const image = stream.bytes()
    image[image.length - 1] = (image[image.length - 1] as number) ^ 1
    reader.open(new MemoryStream(image))
    expect(reader.verify(() => ++calls < 3)).toEqual([])
    expect(calls).toBe(3)
    expect(reader.verify().map(({ offset }) => offset)).toEqual([112])
  })

  it("names the page and the field", () => {
    const image = make({ pagesize: 256 }, 500).bytes()
    const findingsOf = (at: number) => {
      const damaged = image.slice()
      damaged[at] = (damaged[at] as number) ^ 0x40
      const reader = new constant.Reader({ key: uint32, pagesize: 256 })
      reader.open(new MemoryStream(damaged))
      return reader.verify().map(({ page, offset }) => [page, offset])
    }
    expect(findingsOf(200)).toEqual([[0, 200]]) // padding of the signature page
    expect(findingsOf(256 + 8)).toEqual([[1, 8], [0, 64]]) // biome-ignore format: a key of the root
    expect(findingsOf(3 * 256 + 2)).toEqual([[3, 2], [0, 64]]) // biome-ignore format: slots of a leaf
    expect(findingsOf(3 * 256 + 4)).toEqual([[3, 4], [4, 4], [0, 64]]) // biome-ignore format: where its values begin
    expect(findingsOf(3 * 256 + 12 + 4 * 30 + 4)).toEqual([[3, 136], [0, 64]]) // biome-ignore format: an offset
    expect(findingsOf(image.length - 1)).toEqual([[0, 112]])
  })
})

describe("keys", () => {
  it("of 64 bits are bigints, or whole numbers below 2^53", () => {
    const writer = new constant.Writer({ key: constant.uint64 })
    const keys = [0n, 1n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n]
    for (const key of keys) writer.add(key, `${key}`)
    writer.add(77, "77")
    const stream = new MemoryStream()
    writer.write(stream)
    const reader = new constant.Reader({ key: constant.uint64 })
    reader.open(stream)
    for (const key of keys) expect(text(reader.lookup(key))).toBe(`${key}`)
    expect(text(reader.lookup(2 ** 32))).toBe(`${2 ** 32}`)
    expect(reader.at(2)?.key).toBe(77n)
    for (const key of [-1n, 2n ** 64n, 2 ** 53, -1, 0.5, "1"])
      expect(() => reader.lookup(key as bigint)).toThrow("EINVAL: the key is ")
  })

  it("of bytes have their size, and structures an order of their own", () => {
    expect(() => constant.bytes(0)).toThrow("EINVAL")
    const type = constant.bytes(3)
    const writer = new constant.Writer({ key: type })
    expect(() => writer.add("ab", "")).toThrow("the key has 2 bytes, expected 3")
    writer.add("abc", "1")
    writer.add(new Uint8Array([255, 0, 1]), "2")
    const stream = new MemoryStream()
    writer.write(stream)
    const reader = new constant.Reader({ key: type })
    reader.open(stream)
    expect(text(reader.lookup(new Uint8Array([255, 0, 1])))).toBe("2")

    // Sensor and time, the newest first.
    const sample: constant.KeyType<{ sensor: number; time: number }> = {
      size: 6,
      compare: (a, ao, b, bo) =>
        a.getUint16(ao, true) - b.getUint16(bo, true) ||
        b.getUint32(bo + 2, true) - a.getUint32(ao + 2, true),
      encode: (key, into, at) => {
        into.setUint16(at, key.sensor, true)
        into.setUint32(at + 2, key.time, true)
      },
      decode: (from, at) => ({ sensor: from.getUint16(at, true), time: from.getUint32(at + 2, true) }),
    }
    const samples = new constant.Writer({ key: sample, pagesize: 144 })
    for (let i = 0; i < 300; i++) samples.add({ sensor: i % 3, time: i }, `${i}`)
    const target = new MemoryStream()
    samples.write(target)
    const found = new constant.Reader({ key: sample, pagesize: 144 })
    found.open(target)
    expect(found.at(0)?.key).toEqual({ sensor: 0, time: 297 })
    for (let i = 0; i < 300; i++) expect(text(found.lookup({ sensor: i % 3, time: i }))).toBe(`${i}`)
    expect(found.lowerBound({ sensor: 1, time: 50 })).toBe(100 + 83)
  })
})

describe("a range of a flash device", () => {
  it("is read in place, beside others", () => {
    const device = new SimulatedFlash({ size: 16 * 4096 })
    for (const firstBlock of [2, 7]) {
      const writer = new constant.Writer({ key: uint32 })
      for (let i = 0; i < 500; i++) writer.add(i, `${firstBlock}.${i}`)
      writer.write(device, { firstBlock, blockCount: 4 })
    }
    const reader = new constant.Reader({ key: uint32 })
    for (const firstBlock of [2, 7]) {
      reader.open(device, { firstBlock })
      for (let i = 0; i < 500; i += 7) expect(text(reader.lookup(i))).toBe(`${firstBlock}.${i}`)
    }
    expect(() => reader.open(device)).toThrow("EFTYPE")
    for (const range of [{ firstBlock: 16 }, { firstBlock: -1 }, { blockCount: 0 }, { firstBlock: 0.5 }])
      expect(() => reader.open(device, range)).toThrow("EINVAL: blocks ")
    expect(() => reader.open(device, { firstBlock: 2, blockCount: 1 })).toThrow("ECORRUPT")
  })
})
