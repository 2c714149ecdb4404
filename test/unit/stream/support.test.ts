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
  Power,
  PowerCut,
  PowerCutStream,
  readAll,
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

describe("PowerCutStream", () => {
  const OLD = makeBytes(300, 1)

  function cutDuring(cutAt: number): PowerCutStream {
    const stream = new PowerCutStream(OLD, new Power(cutAt))
    const work = () => {
      stream.write(makeBytes(200, 2), 0)
      stream.flush()
      stream.write(makeBytes(200, 3), 100)
      stream.setSize(250)
      stream.flush()
    }
    expect(work).toThrow(PowerCut)
    expect(() => stream.read(new Uint8Array(1), 0)).toThrow(PowerCut)
    expect(() => stream.write(OLD, 0)).toThrow(PowerCut)
    expect(() => stream.flush()).toThrow(PowerCut)
    return stream
  }

  const mix = (...parts: Uint8Array[]) => Uint8Array.from(parts.flatMap((part) => [...part]))
  const flushed = mix(makeBytes(200, 2), OLD.subarray(200))
  const written = mix(makeBytes(200, 2).subarray(0, 100), makeBytes(200, 3))

  it("has everything back to the last flush when it is lost", () => {
    expect(cutDuring(0).crash("lost")).toEqual(OLD)
    expect(cutDuring(1).crash("lost")).toEqual(OLD)
    for (const cutAt of [2, 3, 4]) expect(cutDuring(cutAt).crash("lost")).toEqual(flushed)
  })

  it("has everything, the change under way too, when it landed", () => {
    expect(cutDuring(0).crash("landed")).toEqual(flushed)
    expect(cutDuring(2).crash("landed")).toEqual(written)
    expect(cutDuring(3).crash("landed")).toEqual(written.slice(0, 250))
    expect(cutDuring(4).crash("landed")).toEqual(written.slice(0, 250))
  })

  it("torn: has all but the change under way, and that in part", () => {
    const outcomes = Array.from({ length: 50 }, (_, seed) => cutDuring(2).crash("torn", seed))
    const mixed = (bytes: Uint8Array) => bytes.every((byte, i) => byte === flushed[i] || byte === written[i])
    expect(outcomes.every(mixed)).toBe(true)
    expect(outcomes.some((bytes) => firstDifference(bytes, flushed) !== -1)).toBe(true)
    expect(outcomes.some((bytes) => firstDifference(bytes, written) !== -1)).toBe(true)
    expect(cutDuring(2).crash("torn", 7)).toEqual(outcomes[7])
    // A change of size is not torn.
    expect(cutDuring(3).crash("torn", 1)).toEqual(written.slice(0, 250))
    expect(new PowerCutStream(OLD, new Power()).crash("torn")).toEqual(OLD)
  })

  it("shuffled: loses, keeps, tears and reorders, the same for a seed", () => {
    const stream = cutDuring(4)
    const outcomes = Array.from({ length: 200 }, (_, seed) => stream.crash("shuffled", seed))
    expect(stream.crash("shuffled", 7)).toEqual(outcomes[7])
    const kinds = { lost: 0, landed: 0, torn: 0, reordered: 0 }
    for (const bytes of outcomes) {
      if (firstDifference(bytes, flushed) === -1) kinds.lost++
      else if (firstDifference(bytes, written.slice(0, 250)) === -1) kinds.landed++
      // Cut first and written after: the write made the stream longer again.
      else if (firstDifference(bytes, written) === -1) kinds.reordered++
      else kinds.torn++
    }
    for (const kind of Object.values(kinds)) expect(kind).toBeGreaterThan(5)
  })

  it("has all changes of streams that share a supply counted together", () => {
    const power = new Power(2)
    const a = new PowerCutStream(OLD, power)
    const b = new PowerCutStream(OLD, power)
    a.write(Uint8Array.of(1), 0)
    b.write(Uint8Array.of(1), 0)
    expect(() => a.flush()).toThrow(PowerCut)
    expect(() => b.size()).toThrow(PowerCut)
  })

  it("reads what was written while the power lasts", () => {
    const stream = new PowerCutStream(OLD, new Power())
    stream.write(Uint8Array.of(9), 0)
    stream.setSize(10)
    expect(readAll(stream)).toEqual(mix(Uint8Array.of(9), OLD.subarray(1, 10)))
  })
})
