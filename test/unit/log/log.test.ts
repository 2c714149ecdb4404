/**
 * Goal: the log does what its documentation says: both orders, rollback, refusals, memory that is shared by reading and writing. Method: small logs on the simulated chip, whose records are known by their numbers.
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
