/**
 * Goal: a lookup on a raw partition stays near its floor, one read a level and one of the value, and reads a fraction of what a reader of whole
 * pages does; memory is the window. Method: tables like those of the original's benchmark and one of names on a simulated chip; reads and
 * bytes are counted over lookups of all parts of the table. All figures are counts, so they are the same everywhere.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../hosts/node/simulator/simulated-flash.ts"
import * as constant from "../../src/constant/index.ts"
import type { AnyType } from "../support/constant.ts"
import { makeRandom } from "../support/streams.ts"

interface Sample {
  device: SimulatedFlash
  keys: unknown[]
}

/** Keys of a type on flash, with values of 0 to 7 bytes. */
function sample(type: AnyType, pagesize: number, keys: unknown[]): Sample {
  const writer = new constant.SequentialWriter({ key: type, pagesize })
  for (const [i] of keys.entries()) writer.add(keys[i], (i * 7919) % 8)
  const device = new SimulatedFlash({ size: 1 << 21 })
  writer.writeHeader(device)
  for (const [i] of keys.entries()) writer.writeValue(keys[i], new Uint8Array((i * 7919) % 8).fill(i))
  writer.writeFinalize()
  return { device, keys }
}

const COUNT = 30_000
const even = Array.from({ length: COUNT }, (_, i) => 37 * i + 5)
const random = makeRandom(3)
const scattered = [...new Set(Array.from({ length: COUNT }, () => random(2 ** 32)))].sort((a, b) => a - b)
const texts = Array.from({ length: COUNT }, (_, i) => {
  const key = Buffer.alloc(12)
  key.write("sens")
  key.writeUInt32BE(3 * i, 4)
  return new Uint8Array(key)
})

function cost({ device, keys }: Sample, reader: constant.Reader): { reads: number; bytes: number } {
  device.counters.reset()
  let count = 0
  const target = new Uint8Array(8)
  for (let i = 1; i < keys.length; i += 29, count++) {
    const at = (i * 7919) % keys.length
    if (reader.lookupInto(keys[at], target) !== (at * 7919) % 8) throw new Error(`the value of key ${at}`)
  }
  return { reads: device.counters.readCalls / count, bytes: device.counters.readBytes / count }
}

const shown = ({ reads, bytes }: { reads: number; bytes: number }) =>
  `${reads.toFixed(2)} reads, ${bytes.toFixed(0)} bytes`

describe("a lookup on flash", () => {
  it.each<[string, AnyType, number, unknown[], number, number]>([
    ["even numbers, pages of 1024", constant.uint32, 1024, even, 6.7, 380],
    ["scattered numbers, pages of 1024", constant.uint32, 1024, scattered, 6.8, 385],
    ["scattered numbers, pages of 256", constant.uint32, 256, scattered, 6.5, 365],
    ["12 bytes, pages of 1024", constant.bytes(12), 1024, texts, 11.7, 700],
  ])("of %s", (name, key, pagesize, keys, readsMax, bytesMax) => {
    const it = sample(key, pagesize, keys)
    const options = { key, pagesize }
    const inPlace = new constant.Reader(options)
    inPlace.open(it.device)
    const levels = constant.inspect(it.device).levels
    const own = cost(it, inPlace)
    const whole = new constant.Reader({ ...options, pageBuffers: 1 })
    whole.open(it.device)
    const pages = cost(it, whole)
    const both = new constant.Reader({ ...options, pageBuffers: 2 })
    both.open(it.device)
    const rooted = cost(it, both)
    // An empty value, one in eight, is not read.
    const floor = levels + 7 / 8
    console.log(
      `${name}: floor ${floor.toFixed(2)} reads; in place ${shown(own)}; a page buffer ${shown(pages)}; two ${shown(rooted)}`,
    )
    expect(own.reads).toBeLessThanOrEqual(readsMax)
    expect(own.bytes).toBeLessThanOrEqual(bytesMax)
    expect(own.bytes).toBeLessThan(pages.bytes / 3 + (pagesize < 512 ? 300 : 0))
    expect(pages.reads).toBeLessThanOrEqual(floor + 0.01)
    expect(rooted.reads).toBeLessThanOrEqual(floor - 1 + 0.01)
  })

  it("of a name, among 600", () => {
    const writer = new constant.TableWriter({ pagesize: 256 })
    const names = Array.from({ length: 600 }, (_, i) => `Continent/City ${i * 31}`)
    for (const name of names) writer.add(name, "CET-1CEST,M3.5.0,M10.5.0/3")
    const device = new SimulatedFlash({ size: 1 << 17 })
    writer.write(device)
    const table = new constant.Table({ pagesize: 256 })
    device.counters.reset()
    table.open(device)
    const opening = shown({ reads: device.counters.readCalls, bytes: device.counters.readBytes })
    device.counters.reset()
    const target = new Uint8Array(40)
    for (const name of names) expect(table.lookupInto(name, target)).toBe(26)
    const reads = device.counters.readCalls / names.length
    const bytes = device.counters.readBytes / names.length
    console.log(`a name: ${shown({ reads, bytes })}; opening ${opening}`)
    expect(reads).toBeLessThanOrEqual(5)
    expect(bytes).toBeLessThanOrEqual(320)
    expect(device.counters.readCalls).toBeGreaterThan(0)
  })
})

describe("opening", () => {
  it("reads the header, and the keys of the root", () => {
    const { device } = sample(constant.uint32, 1024, even)
    const reader = new constant.Reader({ key: constant.uint32 })
    device.counters.reset()
    reader.open(device)
    console.log(`opening: ${device.counters.readCalls} reads, ${device.counters.readBytes} bytes`)
    expect(device.counters.readCalls).toBeLessThanOrEqual(1 + Math.ceil(1024 / 56))
    expect(device.counters.readBytes).toBeLessThanOrEqual(144 + 64 * Math.ceil(1024 / 56))
  })
})

describe("memory", () => {
  it("is the window and the key, and does not grow", () => {
    const { device, keys } = sample(constant.uint32, 1024, even.slice(0, 5000))
    const reader = new constant.Reader({ key: constant.uint32 })
    const buffersOf = () =>
      new Set(Object.values(reader).flatMap((value) => (ArrayBuffer.isView(value) ? [value.buffer] : [])))
    const sizeOf = () => [...buffersOf()].reduce((sum, buffer) => sum + buffer.byteLength, 0)
    reader.open(device)
    const before = sizeOf()
    for (const key of keys.slice(0, 500)) reader.lookup(key as number)
    console.log(`${before} bytes, ${Object.keys(reader).length} fields`)
    expect(sizeOf()).toBe(before)
    expect(before).toBe(64 + 24 + 4)
    expect(Object.keys(reader).length).toBeLessThanOrEqual(16)
  })
})
