/**
 * Goal: the LittleFS model costs what LittleFS costs and forgets what LittleFS forgets. Method: the rows of the
 * table of figures that were measured with the real lfs.c (4 KiB blocks, cache and program unit of 16 bytes) are
 * run on the model; cuts are made at every change of a small sequence. It is a stream as well, so the suite for
 * streams is run over it.
 */
import { describe, expect, it } from "vitest"
import { PowerCut, SimulatedLittlefsFile, SimulatedPower } from "../../../hosts/node/node.ts"
import { streamConformance } from "../../conformance/stream.ts"
import { firstDifference, makeBytes, makeRandom, readAll } from "../../support/streams.ts"

streamConformance(
  "the LittleFS model",
  () => {
    let stream = new SimulatedLittlefsFile()
    return { stream, reopen: () => (stream = stream.crash()) }
  },
  { setSize: true, gaps: true, reopen: true, atomic: false, rollback: false },
)

const KIB = 1024

function file(size: number): SimulatedLittlefsFile {
  return new SimulatedLittlefsFile(new Uint8Array(size))
}

function cost(stream: SimulatedLittlefsFile): [number, number] {
  return [stream.erases, stream.programmedBytes]
}

describe("the cost of a file on LittleFS", () => {
  it.each([
    // file, offset, erases, bytes programmed, as measured with lfs.c
    [100 * KIB, 0, 26, 102_624],
    [100 * KIB, 50 * KIB, 14, 53_472],
    [100 * KIB, 99 * KIB, 2, 4_320],
    [32 * KIB, 0, 9, 32_864],
    [32 * KIB, 16 * KIB, 5, 16_480],
    [32 * KIB, 31 * KIB, 2, 4_192],
    [16 * KIB, 0, 5, 16_448],
  ])("of %d bytes where 512 are written at %d", (size, position, erases, programmed) => {
    const stream = file(size)
    stream.write(makeBytes(512, 1), position)
    stream.flush()
    expect(cost(stream)).toEqual([erases, programmed])
  })

  it("of segment files is about one erase, within 1 % of the bytes measured", () => {
    for (const [size, programmed] of [
      [4096, 4132],
      [1024, 1063],
    ]) {
      // biome-ignore format: a table
      const stream = file(size)
      stream.write(makeBytes(512, 1), 512)
      stream.flush()
      expect(stream.erases).toBe(1)
      expect(Math.abs(stream.programmedBytes / programmed - 1)).toBeLessThan(0.01)
    }
  })

  it("of ten appends of 512 bytes is 1.1 erases and about 2,100 bytes each", () => {
    const stream = file(32 * KIB)
    for (let i = 0; i < 10; i++) {
      stream.write(makeBytes(512, i), stream.size())
      stream.flush()
    }
    expect(stream.erases).toBe(11)
    expect(Math.abs(stream.programmedBytes / 10 - 2100)).toBeLessThan(50)
  })

  it("of writes that follow on each other is that of one, of others one each", () => {
    const stream = file(16 * KIB)
    stream.write(makeBytes(100, 1), 5000)
    stream.write(makeBytes(100, 2), 5100)
    stream.flush()
    expect(cost(stream)).toEqual([4, 3 * 4096 + 32 + 32])
    stream.write(makeBytes(100, 3), 5000)
    stream.write(makeBytes(100, 4), 13000)
    stream.flush()
    expect(cost(stream)).toEqual([4 + 4 + 2, 12352 + 12320 + 4096 + 32 + 32])
  })

  it("counts one more where a read comes between two writes", () => {
    const stream = file(4000)
    stream.write(makeBytes(100, 1), 0)
    stream.read(new Uint8Array(10), 0)
    stream.write(makeBytes(100, 1), 100)
    stream.flush()
    expect(cost(stream)).toEqual([2, 2 * 4000 + 32])
  })

  it("of a cut is a commit, of growing that of the zeros", () => {
    const stream = file(16 * KIB)
    stream.setSize(4000)
    stream.flush()
    expect(cost(stream)).toEqual([0, 32])
    stream.setSize(4090)
    stream.flush()
    expect(cost(stream)).toEqual([1, 32 + 4096 + 32])
    stream.write(makeBytes(10, 1), 5000)
    stream.flush()
    expect(cost(stream)).toEqual([3, 4160 + 4096 + 928 + 32])
  })

  it("of a cut after a write is that of the write before it as well", () => {
    const stream = file(16 * KIB)
    stream.write(makeBytes(10, 1), 0)
    stream.setSize(100)
    stream.flush()
    expect(cost(stream)).toEqual([5, 16_448])
  })

  it("of a flush with nothing to do is nothing", () => {
    const stream = file(4096)
    stream.flush()
    stream.write(new Uint8Array(0), 4096)
    stream.setSize(4096)
    stream.flush()
    stream.close()
    expect(cost(stream)).toEqual([0, 0])
  })
})

describe("a file on LittleFS across a cut", () => {
  /** Nine changes, of which the fourth, sixth and ninth are flushes; gives the states flushed. */
  function run(stream: SimulatedLittlefsFile, flushed: (state: Uint8Array) => void): void {
    const flush = () => {
      stream.flush()
      flushed(readAll(stream))
    }
    stream.write(makeBytes(5000, 1), 0)
    stream.write(makeBytes(100, 2), 50)
    stream.setSize(4000)
    flush()
    stream.write(makeBytes(9000, 3), 6000)
    flush()
    stream.setSize(100)
    stream.write(makeBytes(10, 4), 95)
    flush()
  }

  it("is as of the last flush that returned, cut at any change", () => {
    for (let cutAt = 0; cutAt < 9; cutAt++) {
      const power = new SimulatedPower(cutAt)
      const stream = new SimulatedLittlefsFile(makeBytes(20, 9), power)
      let expected: Uint8Array = makeBytes(20, 9)
      const cut = () =>
        run(stream, (state) => {
          expected = state
        })
      expect(cut).toThrow(PowerCut)
      expect(() => stream.read(new Uint8Array(1), 0)).toThrow(PowerCut)
      expect(() => stream.size()).toThrow(PowerCut)
      stream.close()
      expect(readAll(stream.crash())).toEqual(expected)
    }
    const whole = new SimulatedPower(9)
    run(new SimulatedLittlefsFile(makeBytes(20, 9), whole), () => {})
    expect(whole.changes).toBe(9)
  })

  it("agrees with a copy taken at each flush, in 300 random steps", () => {
    const random = makeRandom(11)
    const stream = new SimulatedLittlefsFile()
    let expected: Uint8Array = new Uint8Array(0)
    for (let step = 0; step < 300; step++) {
      const choice = random(10)
      if (choice < 6) stream.write(makeBytes(1 + random(3000), step), random(20_000))
      else if (choice < 8) stream.setSize(random(20_000))
      else {
        stream.flush()
        expected = readAll(stream)
      }
      expect(firstDifference(readAll(stream.crash()), expected)).toBe(-1)
    }
  })

  it("keeps what was written when it was closed, as lfs_file_close does", () => {
    const stream = new SimulatedLittlefsFile()
    stream.write(makeBytes(100, 1), 0)
    stream.close()
    expect(readAll(stream.crash())).toEqual(makeBytes(100, 1))
  })
})
