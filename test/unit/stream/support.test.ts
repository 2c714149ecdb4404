/**
 * The helpers of test/support/streams.ts: a fault that does not happen would let every test behind it pass.
 */
import { describe, expect, it } from "vitest"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import {
  CountingStream,
  FailingStream,
  Fault,
  firstDifference,
  makeBytes,
  makeRandom,
} from "../../support/streams.ts"

describe("makeRandom and makeBytes", () => {
  it("repeat for a seed, differ for another, and keep to their limits", () => {
    expect(makeBytes(50, 7)).toEqual(makeBytes(50, 7))
    expect(makeBytes(50, 7)).not.toEqual(makeBytes(50, 8))
    const random = makeRandom(1)
    const seen = new Set(Array.from({ length: 200 }, () => random(5)))
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4])
    expect(makeBytes(5000, 3).includes(0)).toBe(false)
  })
})

describe("firstDifference", () => {
  it("is -1 only for equals", () => {
    expect(firstDifference([1, 2, 3], Uint8Array.of(1, 2, 3))).toBe(-1)
    expect(firstDifference([1, 2, 3], [1, 5, 3])).toBe(1)
    expect(firstDifference([1, 2], [1, 2, 3])).toBe(2)
    expect(firstDifference([1, 2, 3], [])).toBe(0)
  })
})

describe("CountingStream", () => {
  it("counts calls and bytes, and keeps ranges and the log", () => {
    const stream = new CountingStream(new MemoryStream(), "S")
    stream.write(makeBytes(10, 1), 5, 2, 4)
    stream.read(new Uint8Array(20), 0)
    stream.setSize(3)
    stream.flush()
    expect([stream.writes, stream.bytesWritten, stream.reads, stream.bytesRead]).toEqual([1, 4, 1, 9])
    expect([stream.sizeChanges, stream.flushes]).toEqual([1, 1])
    expect(stream.ranges).toEqual([[5, 9]])
    expect(stream.log).toEqual(["S write 5+4", "S setSize 3", "S flush"])
    stream.reset()
    expect([stream.writes, stream.bytesWritten, stream.reads, stream.bytesRead]).toEqual([0, 0, 0, 0])
    expect([stream.ranges, stream.log]).toEqual([[], []])
  })
})

describe("FailingStream", () => {
  const calls = (stream: FailingStream) => [
    () => stream.write(makeBytes(10, 1), 0),
    () => stream.read(new Uint8Array(4), 0),
    () => stream.setSize(20),
    () => stream.flush(),
  ]

  it.each([0, 1, 2, 3])("fails call %i once, or it and all that follow", (at) => {
    for (const forever of [false, true]) {
      const stream = new FailingStream(new MemoryStream(), new Fault(at, "ENOSPC", forever))
      calls(stream).forEach((call, index) => {
        if (index === at || (forever && index > at)) {
          expect(call).toThrow(expect.objectContaining({ code: "ENOSPC" }))
        } else {
          call()
        }
      })
      expect(stream.fault.failures).toBe(forever ? 4 - at : 1)
    }
  })

  it("leaves half of a write that fails", () => {
    const inner = new MemoryStream()
    const stream = new FailingStream(inner, new Fault(0))
    expect(() => stream.write(makeBytes(10, 1), 0)).toThrow("injected into write")
    expect(inner.bytes()).toEqual(makeBytes(10, 1).subarray(0, 5))
  })
})
