/**
 * Goal: a visit gives just the records of the numbers or times that are asked for, in either order, and ends when it is told to. Method:
 * small logs on the simulated chip, whose records are known by their numbers.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as log from "../../../src/log/index.ts"
import { appendTo, expectRecords, recordOf, timeOf } from "../../support/logs.ts"

/** The numbers that a visit gives. */
function numbersOf(visit: (call: log.LogVisit) => void): number[] {
  const numbers: number[] = []
  visit((_, number) => numbers.push(number))
  return numbers
}

describe("numbers", () => {
  it("select: since() begins there, and both orders can be ended", () => {
    const it = log.open(new SimulatedFlash({ size: 32768 }))
    appendTo(it, 1500, 1)
    for (const from of [0, it.first, it.first + 1, 900, 1499, 1500]) {
      const expected: number[] = []
      for (let n = Math.max(from, it.first); n <= 1500; n++) expected.push(n)
      expect(numbersOf((call) => it.since(from, call))).toEqual(expected)
      expect(numbersOf((call) => it.since(from, call, { newestFirst: true }))).toEqual(expected.reverse())
    }
    expect(numbersOf((call) => it.since(1501, call))).toEqual([])
    const three: number[] = []
    it.since(800, (_, number) => three.push(number) < 3)
    it.since(0, (_, number) => three.push(number) < 6, { newestFirst: true })
    expect(three).toEqual([800, 801, 802, 1500, 1499, 1498])
  })

  it("of an empty record and of the longest are numbers as well; one byte more is refused", () => {
    const chip = new SimulatedFlash({ size: 32768, writeAlign: 4 })
    const it = log.open(chip, { buffer: 1000 })
    const { recordMax } = it.status()
    expect(recordMax).toBe(1000 - 4 - 17)
    it.append("")
    it.append(new Uint8Array(recordMax).fill(65), -5)
    it.append(new Uint8Array(63).buffer)
    expect(() => it.append(new Uint8Array(recordMax + 1))).toThrow(
      /EINVAL: the record has 980 bytes, at most 979/,
    )
    it.flush()
    const lengths: number[] = []
    log.open(chip).since(0, (record) => lengths.push(record.length))
    expect(lengths).toEqual([0, recordMax, 63])
  })
})

it("refuses to visit from what is no number, or without a function", () => {
  const it = log.open(new SimulatedFlash({ size: 65536 }))
  it.append("a")
  expect(() => it.since("a" as never, () => {})).toThrow(/EINVAL: a number and a function/)
  expect(() => it.since(0, undefined as never)).toThrow(/EINVAL/)
})

describe("times", () => {
  it("select with between(), both ends included, in both orders", () => {
    const it = log.open(new SimulatedFlash({ size: 32768 }))
    for (let n = 1; n <= 2000; n++) {
      it.append(`r${n}`, n % 3 === 0 ? undefined : Math.floor(n / 2) * 10)
      it.flush()
    }
    for (const [from, to] of [
      [0, 1e9],
      [8000, 8000],
      [8001, 8009],
      [7990, 8100],
      [9990, 10000],
      [20000, 30000],
      [-5, 10],
    ] as const) {
      const expected: number[] = []
      for (let n = it.first; n <= 2000; n++) {
        const time = Math.floor(n / 2) * 10
        if (n % 3 !== 0 && time >= from && time <= to) expected.push(n)
      }
      expect(numbersOf((call) => it.between(from, to, call))).toEqual(expected)
      const back = numbersOf((call) => it.between(from, to, call, { newestFirst: true }))
      expect(back).toEqual(expected.reverse())
    }
  })

  it("may fall: all that are in between are found", () => {
    const chip = new SimulatedFlash({ size: 32768 })
    const it = log.open(chip)
    const times: number[] = []
    for (let n = 1; n <= 1200; n++) {
      const time = n < 700 ? 1e12 + n * 1000 : n * 1000 - 1e6
      times[n] = time
      it.append("x", time)
      it.flush()
    }
    for (const handle of [it, log.open(chip)]) {
      for (const [from, to] of [
        [-1e7, -200_000],
        [1e12, 1e12 + 650_000],
        [-301_000, -299_000],
      ] as const) {
        const expected: number[] = []
        for (let n = handle.first; n <= 1200; n++)
          if ((times[n] as number) >= from && (times[n] as number) <= to) expected.push(n)
        expect(numbersOf((call) => handle.between(from, to, call))).toEqual(expected)
        const back = numbersOf((call) => handle.between(from, to, call, { newestFirst: true }))
        expect(back).toEqual(expected.reverse())
      }
    }
  })

  it("are whole numbers of 52 bits", () => {
    const chip = new SimulatedFlash({ size: 32768 })
    const it = log.open(chip)
    const times = [0, 2 ** 51, -(2 ** 51), 2 ** 51, -1, 1, 63, 64, -64, 1.7e15]
    for (const time of times) it.append("x", time)
    for (const wrong of [0.5, Number.NaN, 2 ** 51 + 1, Number.POSITIVE_INFINITY, null, "5"])
      expect(() => it.append("x", wrong as number)).toThrow(/EINVAL: time is/)
    it.flush()
    for (const newestFirst of [false, true]) {
      const found: (number | undefined)[] = []
      log.open(chip).since(0, (_, _number, time) => found.push(time), { newestFirst })
      expect(found).toEqual(newestFirst ? times.toReversed() : times)
    }
  })
})

describe("a visit", () => {
  it("that throws leaves the log as it was", () => {
    const it = log.open(new SimulatedFlash({ size: 32768 }))
    appendTo(it, 500, 5)
    it.append(recordOf(501), timeOf(501))
    const stop = () => {
      throw new Error("enough")
    }
    for (const newestFirst of [false, true])
      expect(() => it.since(0, stop, { newestFirst })).toThrow("enough")
    expect(() => it.between(0, 1e9, stop)).toThrow("enough")
    expect(() => it.export(stop)).toThrow("enough")
    expect(() => it.check(stop)).toThrow("enough")
    it.flush()
    expect(it.last).toBe(501)
    expect(expectRecords(it)).toEqual([])
  })

  it.each([
    ["append", (it: log.Log) => it.append(recordOf(501), timeOf(501))],
    ["append and flush", (it: log.Log) => appendTo(it, 1, 1)],
    ["since", (it: log.Log) => it.since(400, () => false)],
    ["rollback", (it: log.Log) => it.rollback()],
  ])("that calls %s is refused, and nothing is wrong then", (_, use) => {
    for (const newestFirst of [false, true]) {
      const chip = new SimulatedFlash({ size: 32768 })
      const it = log.open(chip)
      appendTo(it, 500, 5)
      expect(() => it.since(0, () => void use(it), { newestFirst })).toThrow(/EINVAL: the log was used/)
      it.flush()
      expect(expectRecords(it)).toEqual([])
      expect(expectRecords(log.open(chip))).toEqual([])
      // Ending the visit makes it right.
      const { last } = it
      it.since(0, () => it.append(recordOf(last + 1), timeOf(last + 1)) === 0, { newestFirst })
      it.flush()
      expect(it.last).toBe(last + 1)
      expect(expectRecords(log.open(chip))).toEqual([])
    }
  })

  it("of check() reports its progress, and can be ended", () => {
    const it = log.open(new SimulatedFlash({ size: 32768 }))
    appendTo(it, 500, 5)
    const steps: [number, number][] = []
    expect(it.check((done, blocks) => steps.push([done, blocks]))).toEqual([])
    const { usedBlocks } = it.status()
    expect(steps).toEqual(Array.from({ length: usedBlocks }, (_, i) => [i + 1, usedBlocks]))
    expect(it.check(() => steps.length++ < usedBlocks + 1)).toEqual([])
    expect(steps.length).toBe(usedBlocks + 2)
  })
})
