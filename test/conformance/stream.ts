/**
 * What every RandomAccessStream must do, as a suite that a host or an engine runs over its own streams:
 * `streamConformance(name, factory, supports)` registers the tests, `factory` makes an empty stream for each
 * one. A stream that lacks an ability says so in `supports`: it is then held to refusing it with the right
 * error, and tests of the ability are not there, so that none is ever skipped.
 */
import { afterEach, describe, expect, it } from "vitest"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import { firstDifference, makeBytes, makeRandom, readAll } from "../support/streams.ts"

export interface StreamUnderTest {
  /** Empty, writable, able to hold 8 KB; the tests close it. */
  stream: RandomAccessStream
  /** Opens the same contents again, after the stream was closed. */
  reopen?(): RandomAccessStream
  /** Removes what the factory made. */
  dispose?(): void
}

export interface StreamSupport {
  /** The stream can be cut; otherwise setSize below the size throws EINVAL. */
  setSize: boolean
  /** A write may begin past the end. */
  gaps: boolean
  /** The factory's `reopen` is there. */
  reopen: boolean
  /** All or nothing at flush, also when closed. */
  atomic: boolean
  /** `rollback` is there. */
  rollback: boolean
}

/** Registers the suite. */
export function streamConformance(
  name: string,
  factory: () => StreamUnderTest,
  supports: StreamSupport,
): void {
  describe(`${name} as a RandomAccessStream`, () => {
    const opened: StreamUnderTest[] = []
    const make = (): StreamUnderTest => {
      const made = factory()
      opened.push(made)
      return made
    }
    const holding = (bytes: Uint8Array): RandomAccessStream => {
      const { stream } = make()
      stream.write(bytes, 0)
      return stream
    }

    afterEach(() => {
      for (const made of opened.splice(0)) {
        made.stream.close()
        made.dispose?.()
      }
    })

    describeTransfers(make, holding)
    describeArguments(holding)
    describeSizes(make, holding, supports)
    describeLifetime(make, holding, supports)
    it("agrees with an array in 400 random steps", () => walk(make(), supports))
  })
}

type Make = () => StreamUnderTest
type Holding = (bytes: Uint8Array) => RandomAccessStream

function describeTransfers(make: Make, holding: Holding): void {
  const bytes = makeBytes(1000, 1)

  it("is empty at first", () => {
    const { stream } = make()
    expect(stream.size()).toBe(0)
    expect(stream.read(new Uint8Array(4), 0)).toBe(0)
  })

  it("reads back what was written, over what was there", () => {
    const stream = holding(bytes)
    const change = makeBytes(100, 2)
    stream.write(change, 450)
    const expected = bytes.slice()
    expected.set(change, 450)
    expect(readAll(stream)).toEqual(expected)
  })

  it("takes start and length as a part of the buffer, and leaves the rest of it alone", () => {
    const stream = holding(bytes)
    const target = new Uint8Array(20).fill(7)
    expect(stream.read(target, 100, 5, 10)).toBe(10)
    const expected = new Uint8Array(20).fill(7)
    expected.set(bytes.subarray(100, 110), 5)
    expect(target).toEqual(expected)
    const source = makeBytes(20, 3)
    stream.write(source, 200, 5, 10)
    expect(source).toEqual(makeBytes(20, 3))
    expect(readAll(stream).subarray(198, 212)).toEqual(
      Uint8Array.from([...bytes.subarray(198, 200), ...source.subarray(5, 15), ...bytes.subarray(210, 212)]),
    )
  })

  it("takes the rest of the buffer when only start is given", () => {
    const stream = holding(bytes)
    const target = new Uint8Array(8)
    expect(stream.read(target, 0, 3)).toBe(5)
    expect(target).toEqual(Uint8Array.from([0, 0, 0, ...bytes.subarray(0, 5)]))
    stream.write(makeBytes(8, 4), 10, 6)
    expect(readAll(stream).subarray(10, 12)).toEqual(makeBytes(8, 4).subarray(6))
    expect(stream.size()).toBe(1000)
  })

  it("works with a view into a larger buffer", () => {
    const stream = holding(bytes)
    const whole = new Uint8Array(64)
    stream.read(whole.subarray(16, 32), 40, 4, 8)
    const expected = new Uint8Array(64)
    expected.set(bytes.subarray(40, 48), 20)
    expect(whole).toEqual(expected)
    stream.write(makeBytes(64, 5).subarray(16, 32), 0, 4, 8)
    expect(readAll(stream).subarray(0, 8)).toEqual(makeBytes(64, 5).subarray(20, 28))
  })

  it("reads short only at the end, and nothing at it or after it", () => {
    const stream = holding(bytes)
    const target = new Uint8Array(16)
    expect(stream.read(target, 990)).toBe(10)
    expect(target).toEqual(Uint8Array.from([...bytes.subarray(990), 0, 0, 0, 0, 0, 0]))
    expect(stream.read(target, 1000)).toBe(0)
    expect(stream.read(target, 5000)).toBe(0)
  })

  it("keeps what it was given when the buffer is used again", () => {
    const { stream } = make()
    const buffer = Uint8Array.of(1, 2, 3)
    stream.write(buffer, 0)
    buffer.fill(9)
    expect(readAll(stream)).toEqual(Uint8Array.of(1, 2, 3))
  })

  it("grows by writes at the end and across it", () => {
    const { stream } = make()
    for (let i = 0; i < 10; i++) stream.write(bytes, i * 100, i * 100, 100)
    expect(readAll(stream)).toEqual(bytes)
    stream.write(bytes, 950, 0, 100)
    expect(stream.size()).toBe(1050)
  })

  it("does nothing when asked for no bytes", () => {
    const stream = holding(bytes)
    expect(stream.read(new Uint8Array(0), 10)).toBe(0)
    expect(stream.read(new Uint8Array(4), 10, 4)).toBe(0)
    stream.write(new Uint8Array(0), 10)
    stream.write(bytes, 2000, 0, 0)
    expect(readAll(stream)).toEqual(bytes)
  })
}

function describeArguments(holding: Holding): void {
  const wrong: [string, number, number | undefined, number | undefined][] = [
    ["a negative position", -1, 0, 4],
    ["a fractional position", 1.5, 0, 4],
    ["a position that is no number", Number.NaN, 0, 4],
    ["an infinite position", Infinity, 0, 4],
    ["a position beyond whole numbers", 2 ** 53, 0, 4],
    ["a negative start", 0, -1, 4],
    ["a fractional start", 0, 0.5, 4],
    ["a start outside the buffer", 0, 9, undefined],
    ["a negative length", 0, 0, -1],
    ["a fractional length", 0, 0, 1.5],
    ["a length past the end of the buffer", 0, 6, 3],
  ]

  it.each(wrong)("refuses %s with EINVAL, unchanged", (_what, position, start, length) => {
    const stream = holding(makeBytes(16, 1))
    const buffer = new Uint8Array(8).fill(7)
    expect(() => stream.read(buffer, position, start, length)).toThrow(
      expect.objectContaining({ code: "EINVAL" }),
    )
    expect(() => stream.write(buffer, position, start, length)).toThrow(
      expect.objectContaining({ code: "EINVAL" }),
    )
    expect(buffer).toEqual(new Uint8Array(8).fill(7))
    expect(readAll(stream)).toEqual(makeBytes(16, 1))
  })

  it.each([-1, 1.5, Number.NaN, Infinity])("refuses a size of %s with EINVAL, unchanged", (size) => {
    const stream = holding(makeBytes(16, 1))
    expect(() => stream.setSize(size)).toThrow(expect.objectContaining({ code: "EINVAL" }))
    expect(readAll(stream)).toEqual(makeBytes(16, 1))
  })
}

function describeSizes(make: Make, holding: Holding, supports: StreamSupport): void {
  const bytes = makeBytes(1300, 1)

  it("extends with zeros by setSize", () => {
    const stream = holding(bytes)
    stream.setSize(3000)
    expect(stream.size()).toBe(3000)
    expect(readAll(stream)).toEqual(Uint8Array.from([...bytes, ...new Uint8Array(1700)]))
  })

  it("keeps everything when the size is set to what it is", () => {
    const stream = holding(bytes)
    stream.setSize(1300)
    expect(readAll(stream)).toEqual(bytes)
  })

  if (supports.gaps) {
    it("fills the gap before a write past the end with zeros", () => {
      const { stream } = make()
      stream.write(bytes, 1700, 0, 100)
      expect(stream.size()).toBe(1800)
      expect(readAll(stream)).toEqual(Uint8Array.from([...new Uint8Array(1700), ...bytes.subarray(0, 100)]))
    })
  }

  if (supports.setSize) {
    it("can be cut, also to nothing", () => {
      const stream = holding(bytes)
      stream.setSize(100)
      expect(readAll(stream)).toEqual(bytes.slice(0, 100))
      stream.setSize(0)
      expect(stream.size()).toBe(0)
      expect(stream.read(new Uint8Array(4), 0)).toBe(0)
    })

    it("reads zeros where it was cut and extended again", () => {
      const stream = holding(bytes)
      stream.setSize(100)
      stream.setSize(1300)
      expect(readAll(stream)).toEqual(Uint8Array.from([...bytes.subarray(0, 100), ...new Uint8Array(1200)]))
    })
  } else {
    it("refuses to be cut with EINVAL, unchanged", () => {
      const stream = holding(bytes)
      expect(() => stream.setSize(100)).toThrow(expect.objectContaining({ code: "EINVAL" }))
      expect(readAll(stream)).toEqual(bytes)
    })
  }

  if (supports.setSize && supports.gaps) {
    it("reads zeros in a gap where it was cut", () => {
      const stream = holding(bytes)
      stream.setSize(100)
      stream.write(bytes, 1000, 0, 1)
      expect(readAll(stream)).toEqual(
        Uint8Array.from([...bytes.subarray(0, 100), ...new Uint8Array(900), bytes[0] as number]),
      )
    })
  }
}

function describeLifetime(make: Make, holding: Holding, supports: StreamSupport): void {
  const bytes = makeBytes(1300, 1)

  it("says whether it is atomic, and only atomic streams roll back", () => {
    const { stream } = make()
    expect(stream.atomic).toBe(supports.atomic)
    expect(typeof stream.rollback).toBe(supports.rollback ? "function" : "undefined")
    expect(stream.readonly === true).toBe(false)
  })

  it("reads what is not flushed yet, and the same after flush", () => {
    const stream = holding(bytes)
    expect(readAll(stream)).toEqual(bytes)
    stream.flush()
    expect(readAll(stream)).toEqual(bytes)
    stream.flush()
  })

  it("can be closed twice, and throws ECLOSED at any other use", () => {
    const stream = holding(bytes)
    stream.close()
    stream.close()
    const closed = expect.objectContaining({ code: "ECLOSED" })
    const buffer = new Uint8Array(4)
    expect(() => stream.read(buffer, 0)).toThrow(closed)
    expect(() => stream.write(buffer, 0)).toThrow(closed)
    expect(() => stream.size()).toThrow(closed)
    expect(() => stream.setSize(0)).toThrow(closed)
    expect(() => stream.flush()).toThrow(closed)
    if (supports.rollback) expect(() => stream.rollback?.()).toThrow(closed)
  })

  if (supports.reopen) {
    it("has its contents when opened again after flush", () => {
      const made = make()
      made.stream.write(bytes, 0)
      made.stream.flush()
      made.stream.write(bytes, 100, 0, 100)
      made.stream.flush()
      const expected = readAll(made.stream)
      made.stream.close()
      const again = (made.reopen as () => RandomAccessStream)()
      expect(readAll(again)).toEqual(expected)
      again.close()
    })
  }

  if (supports.reopen && supports.atomic) {
    it("forgets what was not flushed when closed", () => {
      const made = make()
      made.stream.write(bytes, 0)
      made.stream.flush()
      made.stream.write(makeBytes(2000, 2), 600)
      made.stream.close()
      const again = (made.reopen as () => RandomAccessStream)()
      expect(readAll(again)).toEqual(bytes)
      again.close()
    })
  }

  if (supports.rollback) {
    it("rolls back to the last flush, and goes on", () => {
      const { stream } = make()
      stream.rollback?.()
      expect(stream.size()).toBe(0)
      stream.write(bytes, 0)
      stream.flush()
      stream.write(makeBytes(2000, 2), 600)
      stream.rollback?.()
      expect(readAll(stream)).toEqual(bytes)
      stream.write(makeBytes(10, 3), 5)
      stream.flush()
      stream.rollback?.()
      expect(readAll(stream).subarray(5, 15)).toEqual(makeBytes(10, 3))
      expect(stream.size()).toBe(1300)
    })
  }
}

/**
 * Random steps on the stream and on an array, compared after each; a flushed copy stands for what rollback
 * gives.
 */
function walk(made: StreamUnderTest, supports: StreamSupport): void {
  const random = makeRandom(2026)
  let stream = made.stream
  let model: number[] = []
  let flushed: number[] = []
  for (let step = 0; step < 400; step++) {
    const action = random(10)
    const size = model.length
    if (action < 5) {
      const position = random((supports.gaps ? 4000 : size) + 1)
      const change = makeBytes(1 + random(1500), step)
      stream.write(change, position)
      while (model.length < position) model.push(0)
      model.splice(position, change.length, ...change)
    } else if (action === 5) {
      const target = supports.setSize ? random(5000) : size + random(1 + Math.max(0, 5000 - size))
      stream.setSize(target)
      while (model.length < target) model.push(0)
      model.length = target
    } else if (action < 8) {
      stream.flush()
      flushed = model.slice()
    } else if (action === 8 && supports.rollback) {
      stream.rollback?.()
      model = flushed.slice()
    } else if (action === 9 && supports.reopen) {
      if (random(2) === 0 || !supports.atomic) {
        stream.flush()
        flushed = model.slice()
      }
      stream.close()
      stream = (made.reopen as () => RandomAccessStream)()
      model = flushed.slice()
    }
    expect(stream.size(), `size after step ${step}`).toBe(model.length)
    expect(firstDifference(readAll(stream), model), `first difference after step ${step}`).toBe(-1)
  }
  stream.close()
}
