import { describe, expect, it, vi } from "vitest"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { makeBytes, readAll } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

describe("MemoryStream", () => {
  it("starts with a copy of what it is given", () => {
    const initial = makeBytes(10, 1)
    const stream = new MemoryStream(initial)
    initial.fill(0)
    expect(readAll(stream)).toEqual(makeBytes(10, 1))
    stream.write(Uint8Array.of(9), 0)
    expect(initial[0]).toBe(0)
  })

  it("gives copies by bytes(), also after close", () => {
    const stream = new MemoryStream(makeBytes(10, 1))
    stream.bytes().fill(0)
    stream.close()
    expect(stream.bytes()).toEqual(makeBytes(10, 1))
  })

  it("gives only what is in use by bytes(), not the capacity", () => {
    const stream = new MemoryStream()
    stream.write(makeBytes(100, 1), 0)
    stream.write(makeBytes(1, 2), 100)
    expect(stream.bytes().length).toBe(101)
    expect(stream.bytes().buffer.byteLength).toBe(101)
  })

  it("grows by doubling: 4096 appended bytes take a dozen buffers", () => {
    const stream = new MemoryStream()
    const buffers = new Set<Uint8Array>()
    for (let i = 0; i < 4096; i++) {
      stream.write(Uint8Array.of(1 + (i % 255)), i)
      buffers.add(stream._buffer)
    }
    expect(buffers.size).toBe(13)
    expect(stream.bytes()).toEqual(Uint8Array.from({ length: 4096 }, (_, i) => 1 + (i % 255)))
  })

  it("reads zeros after it was cut and extended, within the capacity and beyond it", () => {
    for (const size of [60, 100, 1000]) {
      const stream = new MemoryStream(makeBytes(100, 1))
      stream.setSize(50)
      stream.write(Uint8Array.of(5), size - 1)
      const expected = new Uint8Array(size)
      expected.set(makeBytes(100, 1).subarray(0, 50))
      expected[size - 1] = 5
      expect(stream.bytes()).toEqual(expected)
    }
  })

  it("is full at maxSize with ENOSPC, unchanged, and takes writes up to it", () => {
    const stream = new MemoryStream(makeBytes(60, 1), { maxSize: 100 })
    expect(() => stream.write(makeBytes(50, 2), 51)).toThrow(code("ENOSPC"))
    expect(() => stream.setSize(101)).toThrow(code("ENOSPC"))
    expect(stream.bytes()).toEqual(makeBytes(60, 1))
    stream.write(makeBytes(50, 2), 50)
    stream.setSize(100)
    expect(stream.size()).toBe(100)
    expect(stream._buffer.length).toBe(100)
  })

  it.each([-1, 1.5, Number.NaN, 9])("refuses maxSize %s for ten bytes with EINVAL", (maxSize) => {
    expect(() => new MemoryStream(makeBytes(10, 1), { maxSize })).toThrow(code("EINVAL"))
  })

  it("throws ENOMEM with the cause when the host has no such buffer, unchanged", () => {
    const stream = new MemoryStream(makeBytes(10, 1))
    const cause = new RangeError("no")
    const original = globalThis.Uint8Array
    vi.stubGlobal("Uint8Array", function Refusing(): never {
      throw cause
    })
    try {
      expect(() => stream.setSize(20)).toThrow(expect.objectContaining({ code: "ENOMEM", cause }))
    } finally {
      vi.unstubAllGlobals()
    }
    expect(globalThis.Uint8Array).toBe(original)
    expect(stream.bytes()).toEqual(makeBytes(10, 1))
  })

  it("throws ENOMEM for a size no host has", () => {
    expect(() => new MemoryStream().setSize(2 ** 53 - 1)).toThrow(code("ENOMEM"))
  })

  it("is neither atomic nor read-only", () => {
    const stream = new MemoryStream()
    expect(stream.atomic).toBe(false)
    expect("rollback" in stream).toBe(false)
  })
})
