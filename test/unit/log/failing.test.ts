/**
 * Goal: blocks that fail cost no record: what they did not take goes elsewhere, they are retired and stay so, a fourth is an error that leaves
 * the log readable; and a device that throws or reads short leaves it as a rollback or a reopening finds it right. Method: the
 * simulated chip's failing blocks; a device that fails at its n-th call, for each n until none is left.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import { isFlashtreeError } from "../../../src/errors.ts"
import * as log from "../../../src/log/index.ts"
import { appendTo, expectRecords } from "../../support/logs.ts"

const SIZE = 32768

describe.each(["program", "erase"] as const)("a block that fails to %s", (how) => {
  it.each([1, 2, 3])("is retired, and no record is lost: %i of them", (count) => {
    for (const first of [0, 3, 7]) {
      const chip = new SimulatedFlash({ size: SIZE })
      for (let i = 0; i < count; i++) chip.failBlock((first + 2 * i) % 8, how)
      let it = log.open(chip)
      for (let round = 0; round < 24; round++) {
        appendTo(it, 100, 1 + (round % 4))
        expect(expectRecords(it)).toEqual([])
        if (round % 5 === 0) it = log.open(chip)
      }
      expect(it.status().retired).toBe(count)
      it = log.open(chip)
      expect(it.last).toBe(2400)
      expect(it.status().retired).toBe(count)
      expect(expectRecords(it)).toEqual([])
      expect(expectRecords(it, { newestFirst: true })).toEqual([])
      expect(it.check()).toEqual([])
      expect(it.count).toBeGreaterThan((6 - count) * 80)
      const { eraseCounts } = chip
      const worn = Array.from({ length: count }, (_, i) => eraseCounts[(first + 2 * i) % 8] as number)
      appendTo(it, 2000, 1)
      expect(Array.from({ length: count }, (_, i) => eraseCounts[(first + 2 * i) % 8])).toEqual(worn)
    }
  })

  it("is too many when it is the fourth: EIO, and all is there to be read", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    for (const block of [1, 2, 4, 6]) chip.failBlock(block, how)
    let it = log.open(chip)
    let flushed = 0
    const fill = () => {
      for (let n = 0; n < 4000; n++) {
        appendTo(it, 1, 1)
        flushed = it.last
      }
    }
    expect(fill).toThrow(/EIO: erase block \d fails too, after 3 others/)
    for (let round = 0; round < 4; round++) {
      it.rollback()
      expect(it.last).toBe(flushed)
      expect(expectRecords(it)).toEqual([])
      expect(it.count).toBeGreaterThan(200)
      expect(fill).toThrow(/EIO: erase block \d fails too, after 3 others/)
      if (round === 1) it = log.open(chip)
    }
    expect(expectRecords(log.open(chip))).toEqual([])
    expect(log.open(chip).last).toBe(flushed)
  })

  it("is noticed by maintain()", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    chip.failBlock(3, how)
    const it = log.open(chip)
    for (let n = 0; n < 2500; n++) {
      it.maintain()
      appendTo(it, 1, 1)
    }
    expect(it.status().retired).toBe(1)
    expect(expectRecords(it)).toEqual([])
    expect(expectRecords(log.open(chip))).toEqual([])
  })
})

/** A device whose call number `at` throws, or reads one byte less. */
class Failing {
  readonly chip: SimulatedFlash
  at = -1
  calls = 0
  short = false

  constructor(chip: SimulatedFlash) {
    this.chip = chip
  }

  fails(): boolean {
    return this.calls++ === this.at
  }

  read(buffer: Uint8Array, byteOffset: number): number {
    if (!this.fails()) return this.chip.read(buffer, byteOffset)
    if (!this.short) throw new Error("the bus")
    return this.chip.read(buffer.subarray(1), byteOffset)
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    // What was programmed by then is not known: here all of it.
    this.chip.write(buffer, byteOffset)
    if (this.fails()) throw new Error("the bus")
  }

  eraseBlock(start: number, end: number): void {
    const fails = this.fails()
    if (!fails || this.short) this.chip.eraseBlock(start, end)
    if (fails) throw new Error("the bus")
  }

  status() {
    return this.chip.status()
  }

  close(): void {}
}

describe.each([
  ["throws", false],
  ["reads short, or throws when it is done", true],
])("a device that %s", (_, short) => {
  it.each([
    [1, 1, false],
    [16, 40, false],
    [16, 5, true],
  ])(
    "alignment %i, %i a flush, encrypted %s: at each call, rollback() and reopening find the log right",
    (writeAlign, every, encrypted) => {
      const base = new SimulatedFlash({ size: 16384, writeAlign, encrypted })
      appendTo(log.open(base), 600, every)
      let failures = 0
      for (let at = 0; ; at++) {
        const device = new Failing(base.fork())
        device.short = short
        let it = log.open(device)
        device.at = device.calls + at * 3
        let flushed = it.last
        let failed = false
        const work = () => {
          for (let n = 0; n < 6; n++) {
            appendTo(it, every, every)
            flushed = it.last
            if (n === 3) it.maintain()
            expect(expectRecords(it)).toEqual([])
          }
        }
        try {
          work()
        } catch (error) {
          if (!(error as Error).message.includes("the bus") && !isFlashtreeError(error)) throw error
          failed = true
          failures++
          it.rollback()
          expect(it.last).toBe(flushed)
          expect(expectRecords(it).length).toBeLessThan(2)
          if (at % 2 === 0) it = log.open(device)
          // What was being flushed may be there.
          expect([flushed, flushed + every]).toContain(it.last)
          work()
        }
        const reopened = log.open(device.chip)
        expect(reopened.last).toBe(flushed)
        expect(expectRecords(reopened).length).toBeLessThan(2)
        if (!failed) break
      }
      expect(failures).toBeGreaterThan(20)
    },
  )
})
