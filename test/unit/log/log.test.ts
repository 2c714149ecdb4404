/**
 * Goal: the log does what its documentation says: numbers, times, both orders, both kinds of selection, rollback, a full log, memory that
 * is shared by reading and writing. Method: small logs on the simulated chip, whose records are known by their numbers.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as log from "../../../src/log/index.ts"
import { appendTo, expectRecords, recordOf, timeOf } from "../../support/logs.ts"

const CHIPS = [
  { size: 32768, writeAlign: 1 },
  { size: 32768, writeAlign: 8 },
  { size: 65536, blockLength: 16384, writeAlign: 4 },
  { size: 131072, blockLength: 32768, writeAlign: 32 },
  { size: 32768, writeAlign: 16, encrypted: true },
]

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1")
}

/** The numbers that a visit gives. */
function numbersOf(visit: (call: log.LogVisit) => void): number[] {
  const numbers: number[] = []
  visit((_, number) => numbers.push(number))
  return numbers
}

describe.each(CHIPS)("on $size bytes, alignment $writeAlign", (options) => {
  it("gives back what was appended, wherever the ring stands, in both orders", () => {
    const chip = new SimulatedFlash(options)
    let it = log.open(chip)
    expect([it.first, it.last, it.count]).toEqual([1, 0, 0])
    expect(expectRecords(it)).toEqual([])
    for (let round = 0; round < 12; round++) {
      appendTo(it, 300, round % 2 ? 1 : 16)
      expect(expectRecords(it)).toEqual([])
      expect(expectRecords(it, { newestFirst: true })).toEqual([])
      it = log.open(chip)
      expect(it.last).toBe(300 * (round + 1))
      expect(expectRecords(it)).toEqual([])
      expect(it.check()).toEqual([])
      expect(it.count).toBe(it.last - it.first + 1)
    }
    if (options.size < 65536) expect(it.first).toBeGreaterThan(1)
  })

  it("shows records that are not flushed, and loses them without a flush", () => {
    const chip = new SimulatedFlash(options)
    const it = log.open(chip)
    appendTo(it, 10, 10)
    for (let n = 11; n <= 40; n++) {
      it.append(recordOf(n), timeOf(n))
      if (n % 7 === 0) expect(expectRecords(it)).toEqual([])
    }
    expect(it.last).toBe(40)
    expect(log.open(chip).last).toBe(10)
    expectRecords(log.open(chip))
  })

  it("makes durable what has been read in between", () => {
    const chip = new SimulatedFlash(options)
    const it = log.open(chip)
    for (let n = 1; n <= 30; n++) {
      it.append(recordOf(n), timeOf(n))
      expectRecords(it)
      if (n % 3 === 0) it.flush()
      expectRecords(it)
      it.flush()
      expectRecords(it)
    }
    expect(expectRecords(log.open(chip))).toEqual([])
    expect(log.open(chip).last).toBe(30)
  })

  it("forgets what is rolled back, in memory and on the flash, and goes on with the same numbers", () => {
    const chip = new SimulatedFlash(options)
    let it = log.open(chip)
    for (let round = 0; round < 30; round++) {
      const before = it.last
      for (let n = 0; n < 5 + 9 * round; n++) it.append("given up", n)
      if (round % 3 === 0) it.since(before, () => undefined)
      it.rollback()
      expect(it.last).toBe(before)
      expectRecords(it)
      appendTo(it, 20, 3)
      expectRecords(it)
      if (round % 4 === 0) it = log.open(chip)
    }
    it = log.open(chip)
    expect(it.last).toBe(600)
    expect(expectRecords(it)).toEqual([])
    expect(it.check()).toEqual([])
  })

  it("keeps a flush of many records, longer than memory and than a block, together", () => {
    const chip = new SimulatedFlash(options)
    const it = log.open(chip, { buffer: 256 })
    appendTo(it, 20, 1)
    const some = Math.floor((options.size * 0.6) / 60)
    appendTo(it, some, some)
    expect(expectRecords(log.open(chip))).toEqual([])
    expect(log.open(chip).last).toBe(20 + some)
    for (let n = 0; n < some; n++) it.append(recordOf(it.last + 1), timeOf(it.last + 1))
    const reopened = log.open(chip)
    expect(reopened.last).toBe(20 + some)
    expect(expectRecords(reopened)).toEqual([])
    appendTo(reopened, 50, 5)
    expect(expectRecords(log.open(chip))).toEqual([])
    expect(log.open(chip).check()).toEqual([])
  })
})

it.each([4096, 32768])(
  "visits thousands of the shortest records in a block of %i, in both orders",
  (blockLength) => {
    const chip = new SimulatedFlash({ size: 4 * blockLength, blockLength })
    const it = log.open(chip, { buffer: 128 })
    const records = Math.floor((2.5 * blockLength) / 6)
    for (let n = 1; n <= records; n++) {
      it.append("", n % 50 === 0 ? n : undefined)
      it.flush()
    }
    expect(it.last).toBe(records)
    for (const newestFirst of [false, true]) {
      let expected = newestFirst ? records : it.first
      const visit: log.LogVisit = (record, number, time) => {
        if (number !== expected || record.length !== 0)
          throw new Error(`${number} where ${expected} should be`)
        if (time !== (number % 50 === 0 ? number : undefined))
          throw new Error(`${number} has the time ${time}`)
        expected += newestFirst ? -1 : 1
      }
      it.since(0, visit, { newestFirst })
      expect(expected).toBe(newestFirst ? it.first - 1 : records + 1)
    }
  },
)

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

describe("a full log", () => {
  it("drops its oldest block", () => {
    const it = log.open(new SimulatedFlash({ size: 16384 }))
    appendTo(it, 4000, 1)
    expect(it.first).toBeGreaterThan(3500)
    expect(it.count).toBeGreaterThan(190)
    expect(expectRecords(it)).toEqual([])
  })

  it('refuses more with full: "stop", keeps what it has, and says how much that is', () => {
    const chip = new SimulatedFlash({ size: 16384 })
    const it = log.open(chip, { full: "stop" })
    expect(() => appendTo(it, 4000, 3)).toThrow(/ENOSPC: the log is full: 4 blocks hold \d+ records/)
    expect(() => it.append("x")).toThrow(/EIO/)
    it.rollback()
    expect(it.last % 3).toBe(0)
    expect(it.count).toBe(it.last)
    expect(expectRecords(it)).toEqual([])
    expect(it.maintain()).toBe(false)
    it.append("one more")
    expect(() => it.flush()).toThrow(/ENOSPC/)
    it.rollback()
    expect(expectRecords(it)).toEqual([])
    const all = it.count
    expect(expectRecords(log.open(chip))).toEqual([])
    expect(log.open(chip).count).toBe(all)
    // The option is the handle's: another one may go on.
    const other = log.open(chip)
    appendTo(other, 100, 1)
    expect(expectRecords(other)).toEqual([])
  })

  it("never drops the last commit for a flush that does not fit", () => {
    const chip = new SimulatedFlash({ size: 16384 })
    const it = log.open(chip)
    appendTo(it, 30, 1)
    expect(() => appendTo(it, 1000, 1000)).toThrow(/ENOSPC/)
    it.rollback()
    expect(it.last).toBe(30)
    expect(expectRecords(it)).toEqual([])
    expect(expectRecords(log.open(chip))).toEqual([])
    appendTo(it, 60, 5)
    expect(log.open(chip).last).toBe(90)
    expect(expectRecords(log.open(chip))).toEqual([])
  })
})

describe("maintain()", () => {
  it.each([false, true])("erases ahead, so that appending does not; encrypted: %s", (encrypted) => {
    const chip = new SimulatedFlash({ size: 32768, writeAlign: 16, encrypted })
    const it = log.open(chip)
    appendTo(it, 1500, 1)
    let made = 0
    for (let n = 0; n < 1500; n++) {
      if (it.maintain()) {
        made++
        expect(it.maintain()).toBe(false)
        expect(it.status().readyBytes).toBeGreaterThan(3900)
      }
      const { erases } = chip.counters
      appendTo(it, 1, 1)
      expect(chip.counters.erases).toBe(erases)
    }
    expect(made).toBeGreaterThan(10)
    expect(expectRecords(it)).toEqual([])
    expect(Math.max(...chip.eraseCounts)).toBe(it.status().eraseCount)
    expect(expectRecords(log.open(chip))).toEqual([])
  })
})

describe("status()", () => {
  it("counts", () => {
    const it = log.open(new SimulatedFlash({ size: 32768 }))
    const blank = { first: 1, last: 0, count: 0, usedBlocks: 0, retired: 0, readyBytes: 0, eraseCount: 0 }
    expect(it.status()).toEqual({ blocks: 8, blockLength: 4096, recordMax: 750, readonly: false, ...blank })
    appendTo(it, 5, 5)
    const { usedBlocks, readyBytes, count } = it.status()
    expect([usedBlocks, count]).toEqual([1, 5])
    // A frame takes six bytes, an entry without time one, and two where it is longer than 62 bytes.
    it.append(new Uint8Array(300))
    it.flush()
    expect(it.status().readyBytes).toBe(readyBytes - 300 - 1 - 2 - 4)
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

describe("wrong use", () => {
  it("after close() is ECLOSED, but for close() itself, which flushes", () => {
    const chip = new SimulatedFlash({ size: 32768 })
    const it = log.open(chip)
    it.append("kept")
    it.close()
    it.close()
    const calls = [
      () => it.append("x"),
      () => it.flush(),
      () => it.rollback(),
      () => it.since(0, () => undefined),
      () => it.between(0, 1, () => undefined),
      () => it.export(() => undefined),
      () => it.check(),
      () => it.maintain(),
      () => it.status(),
    ]
    for (const call of calls) expect(call).toThrow(/ECLOSED/)
    expect(log.open(chip).count).toBe(1)
  })

  it("of a record is EINVAL, and changes nothing", () => {
    const it = log.open(new SimulatedFlash({ size: 32768 }))
    for (const wrong of [undefined, null, 5, {}])
      expect(() => it.append(wrong as unknown as string)).toThrow(/EINVAL/)
    expect(it.count).toBe(0)
    it.append("text")
    it.since(0, (record) => expect(text(record)).toBe("text"))
  })
})
