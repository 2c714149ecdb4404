/**
 * Goal: a log that is full goes on, maintain() takes the erase out of an append, and status() says what is so. Method: small logs on the
 * simulated chip, whose records are known by their numbers.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as log from "../../../src/log/index.ts"
import { appendTo, expectRecords } from "../../support/logs.ts"

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
