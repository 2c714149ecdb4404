/**
 * Goal: a read that fails is an EIO at that call, and harms nothing: the next call gives the right answer, in place, with page buffers and with a
 * cache. Method: every read of opening, of lookups, of a table's and of verify() fails once, by an exception of the medium or by giving less.
 */
import { describe, expect, it } from "vitest"
import * as constant from "../../src/constant/index.ts"
import { failure, isFlashtreeError } from "../../src/errors.ts"
import { MemoryStream } from "../../src/stream/memory-stream.ts"

const COUNT = 600
const PAGESIZE = 256

class Failing extends MemoryStream {
  /** Reads until one fails; -1: none does. */
  left = -1
  isShort = false

  override read(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): number {
    if (this.left-- === 0) {
      if (this.isShort) return super.read(buffer, position, start, length - 1)
      throw failure("EIO", "the medium fails")
    }
    return super.read(buffer, position, start, length)
  }
}

function make(): Failing {
  const writer = new constant.TableWriter({ pagesize: PAGESIZE })
  for (let i = 0; i < COUNT; i++) writer.add(`name ${i}`, `value ${i}`)
  const stream = new MemoryStream()
  writer.write(stream)
  return new Failing(stream.bytes())
}

const text = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString()

describe.each([
  ["in place", () => ({})],
  ["with two page buffers", () => ({ pageBuffers: 2 })],
  ["with a cache", () => ({ cache: new constant.PageCache(4) })],
])("%s", (_, options) => {
  /** Lets each read of `action` fail once; gives how many there are. */
  function failEach(stream: Failing, action: () => unknown, after: () => void): number {
    for (let n = 0; ; n++) {
      for (const isShort of [false, true]) {
        stream.left = n
        stream.isShort = isShort
        let error: unknown
        try {
          action()
        } catch (thrown) {
          error = thrown
        }
        const failed = stream.left < 0 && error !== undefined
        stream.left = -1
        if (!failed) {
          expect(error).toBeUndefined()
          return n
        }
        expect(isFlashtreeError(error) && error.code).toBe("EIO")
        after()
      }
    }
  }

  it("opening", () => {
    const stream = make()
    const table = new constant.Table({ pagesize: PAGESIZE, ...options() })
    const reads = failEach(
      stream,
      () => table.open(stream),
      () => expect(() => table.size).toThrow("ECLOSED"),
    )
    expect(reads).toBeGreaterThan(3)
    expect(text(table.lookup("name 7"))).toBe("value 7")
  })

  it.each<[string, (table: constant.Table) => unknown]>([
    ["a lookup", (table) => table.lookup("name 321")],
    ["a place", (table) => table.at(45)],
    ["a bound", (table) => table.lowerBound("name 5")],
  ])("%s", (_what, use) => {
    const stream = make()
    const table = new constant.Table({ pagesize: PAGESIZE, ...options() })
    table.open(stream)
    const reopen = () => table.open(stream)
    failEach(
      stream,
      () => use(table),
      () => {
        for (const i of [0, 321, 599]) expect(text(table.lookup(`name ${i}`))).toBe(`value ${i}`)
        expect(table.at(0)).toBeDefined()
        reopen()
      },
    )
    for (let i = 0; i < COUNT; i++) expect(text(table.lookup(`name ${i}`))).toBe(`value ${i}`)
  })
})

it("verify() throws EIO at any read, and then finds nothing wrong", () => {
  const stream = make()
  const reader = new constant.Reader({ key: constant.uint32, pagesize: PAGESIZE })
  reader.open(stream)
  let failures = 0
  for (let n = 0; n < 200; n += 7) {
    stream.left = n
    try {
      reader.verify()
    } catch (error) {
      expect(isFlashtreeError(error) && error.code).toBe("EIO")
      failures++
    }
    stream.left = -1
    expect(reader.verify()).toEqual([])
  }
  expect(failures).toBeGreaterThan(8)
})
