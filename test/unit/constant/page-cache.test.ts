/**
 * Goal: a cache gives the right page of the right reader, counts, keeps to its size, and takes constant time whatever its size. Method: readers on
 * several files and page sizes share one; the steps along its chains are counted at sizes that are powers of two and that are not.
 */
import { describe, expect, it } from "vitest"
import * as constant from "../../../src/constant/index.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { makeRandom } from "../../support/streams.ts"

function make(count: number, offset: number, pagesize: number): MemoryStream {
  const writer = new constant.SequentialWriter({ key: constant.uint32, pagesize })
  for (let i = 0; i < count; i++) writer.add(i, 4)
  const stream = new MemoryStream()
  writer.writeHeader(stream)
  for (let i = 0; i < count; i++) writer.writeValue(i, new Uint8Array(new Uint32Array([i + offset]).buffer))
  writer.writeFinalize()
  return stream
}

function valueOf32(reader: constant.Reader<number>, key: number): number {
  const value = reader.lookup(key)
  return value === undefined ? -1 : new DataView(value.buffer).getUint32(0, true)
}

describe("a page cache", () => {
  it("is shared by readers of other files and page sizes, at any size", () => {
    const random = makeRandom(1)
    for (const pages of [1, 2, 3, 16, 64]) {
      const cache = new constant.PageCache(pages)
      const readers = [256, 512, 256].map((pagesize, k) => {
        const reader = new constant.Reader({ key: constant.uint32, pagesize, cache })
        reader.open(make(3000, 1000 * k, pagesize))
        return reader
      })
      for (let i = 0; i < 3000; i++) {
        const k = random(3)
        const key = random(3000)
        expect(valueOf32(readers[k] as constant.Reader<number>, key)).toBe(key + 1000 * k)
        if (i === 1500) cache.setMaxPages(pages + 1)
        if (i === 2000) cache.setMaxPages(1)
        if (i === 2500) cache.clear()
      }
      expect(cache.stats.hits).toBeGreaterThan(3000)
      expect(cache.stats.misses).toBeGreaterThan(100)
    }
  })

  it("gives no page of the file before, when a reader opens another", () => {
    const cache = new constant.PageCache(100)
    const reader = new constant.Reader({ key: constant.uint32, pagesize: 256, cache })
    for (const offset of [0, 5000, 9000]) {
      reader.open(make(1000, offset, 256))
      for (let key = 0; key < 1000; key += 9) expect(valueOf32(reader, key)).toBe(key + offset)
    }
  })

  it("finds a page in constant time at 16, 4,096 and 4,099 pages", () => {
    const stream = make(100_000, 0, 256)
    for (const pages of [16, 4096, 4099]) {
      const cache = new constant.PageCache(pages)
      const reader = new constant.Reader({ key: constant.uint32, pagesize: 256, cache })
      reader.open(stream)
      for (let i = 0; i < 5000; i++) reader.lookup((i * 7919) % 100_000)
      let longest = 0
      for (const head of cache._heads) {
        let length = 0
        for (let at = head; at !== null; at = at._next) length++
        longest = Math.max(longest, length)
      }
      const { hits, misses } = cache.stats
      console.log(`${pages} pages: ${hits} hits, ${misses} misses, longest chain ${longest}`)
      expect(longest).toBeLessThanOrEqual(4)
      if (pages > 4000) expect(misses).toBeLessThanOrEqual(3390)
    }
  })

  it("keeps no page whose read failed", () => {
    const stream = make(1000, 0, 256)
    const cache = new constant.PageCache(8)
    const reader = new constant.Reader({ key: constant.uint32, pagesize: 256, cache })
    reader.open(stream)
    const read = stream.read.bind(stream)
    stream.read = () => 0
    expect(() => reader.lookup(999)).toThrow("EIO")
    stream.read = read
    expect(valueOf32(reader, 999)).toBe(999)
  })

  it.each([0, -1, 1.5, Number.NaN, 2 ** 25])("refuses %s pages", (pages) => {
    expect(() => new constant.PageCache(pages)).toThrow(`EINVAL: maxPages is ${pages}`)
    expect(() => new constant.PageCache(1).setMaxPages(pages)).toThrow("EINVAL")
  })
})
