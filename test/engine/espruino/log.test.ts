/**
 * Goal: the modules "log" and "log-extras" do on a board what the log does under Node, and both read what the other wrote. Method: the
 * finished modules run in a realm without what Espruino lacks, over its flash; the log goes round, is rolled back, reopened, cut off
 * in the middle of a flush, and its flash is opened by the portable engine.
 */
import { expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as log from "../../../src/log/index.ts"
import { appendTo, expectRecords, recordOf, timeOf } from "../../support/logs.ts"
import { CHIP_BASE, Chip } from "./chip.ts"
import { Realm } from "./realm.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

const REGION = 0x310000
const SIZE = 65536

interface Board {
  realm: Realm
  module: Foreign
  region: Foreign
}

function board(chip?: Chip): Board {
  const realm = new Realm(chip === undefined ? {} : { chip })
  return { realm, module: realm.require("log"), region: new (realm.require("flashtree").FlashRegion)() }
}

function append({ realm }: Board, handle: Foreign, records: number, every: number): void {
  for (let i = 1; i <= records; i++) {
    const number = handle.last + 1
    expect(handle.append(realm.bytes(recordOf(number)), timeOf(number))).toBe(number)
    if (i % every === 0 || i === records) handle.flush()
  }
}

/** Compares everything from the first record to the last. */
function expectAll(handle: Foreign, options?: { newestFirst: boolean }): void {
  const isBack = options?.newestFirst === true
  let expected = isBack ? handle.last : handle.first
  handle.since(
    0,
    (record: Uint8Array, number: number, time: number | undefined) => {
      expect(number).toBe(expected)
      expect(time).toBe(timeOf(number))
      expect(Buffer.from(record).equals(Buffer.from(recordOf(number)))).toBe(true)
      expected += isBack ? -1 : 1
    },
    options,
  )
  expect(expected).toBe(isBack ? handle.first - 1 : handle.last + 1)
}

function flashOf({ realm }: Board): SimulatedFlash {
  const from = REGION - CHIP_BASE
  const image = realm.chip.memory.slice(from, from + SIZE)
  return new SimulatedFlash({ size: SIZE, writeAlign: 4, image })
}

it("goes round, is reopened with records that are not flushed, and Node reads it", () => {
  const made = board()
  let handle = made.module.open(made.region)
  append(made, handle, 2500, 1)
  append(made, handle, 320, 16)
  expect(handle.first).toBeGreaterThan(1000)
  handle.append("given up")
  handle = made.module.open(made.region)
  expectAll(handle)
  append(made, handle, 40, 3)
  handle = made.module.open(made.region)
  expect(handle.last).toBe(2860)
  expectAll(handle)
  const there = log.open(flashOf(made))
  expect(there.last).toBe(2860)
  expect(expectRecords(there)).toEqual([])
  expect(there.check()).toEqual([])
})

it("reads and goes on with what Node wrote", () => {
  const device = new SimulatedFlash({ size: SIZE, writeAlign: 4 })
  appendTo(log.open(device), 2000, 5)
  const chip = new Chip()
  chip.memory.set(device.image(), REGION - CHIP_BASE)
  const made = board(chip)
  const handle = made.module.open(made.region)
  expect(handle.last).toBe(2000)
  expectAll(handle)
  append(made, handle, 100, 1)
  expect(expectRecords(log.open(flashOf(made)))).toEqual([])
})

it("loses nothing that was flushed when the power goes, and nothing else stays", () => {
  const made = board()
  const handle = made.module.open(made.region)
  append(made, handle, 700, 1)
  for (let i = 0; i < 60; i++) handle.append(made.realm.bytes(recordOf(701 + i)), timeOf(701 + i))
  const later = board(made.realm.chip.fork())
  const reopened = later.module.open(later.region)
  expect(reopened.last).toBe(700)
  expectAll(reopened)
  append(later, reopened, 100, 7)
  expectAll(later.module.open(later.region))
})

it("comes back whole from a cut of each operation while it goes round, without the extras", () => {
  const made = board()
  const handle = made.module.open(made.region, { blockCount: 4 })
  append(made, handle, 330, 1)
  const { chip } = made.realm
  let cuts = 0
  let flushed = handle.last
  chip.onOperation = (operation) => {
    for (const how of ["none", "half", "all"] as const) {
      const booted = chip.fork()
      booted.apply(operation, how)
      booted.onOperation = undefined
      const after = board(booted)
      const found = after.module.open(after.region, { blockCount: 4 })
      expect([flushed, flushed + 7]).toContain(found.last)
      expectAll(found)
      const { last } = found
      append(after, found, 3, 2)
      const again = after.module.open(after.region, { blockCount: 4 })
      expect(again.last).toBe(last + 3)
      expectAll(again)
      cuts++
    }
  }
  while (flushed < 600) {
    append(made, handle, 7, 7)
    flushed = handle.last
  }
  console.log(`${cuts} cuts of the module "log"`)
  expect(handle.first).toBeGreaterThan(150)
  expect(cuts).toBeGreaterThan(120)
})

it('names "log-extras" for what is not in "log", and has it with that', () => {
  const needs = 'needs require("log-extras")(require("log"))'
  const made = board()
  const handle = made.module.open(made.region)
  append(made, handle, 300, 4)
  expect(() => handle.check()).toThrow(needs)
  expect(() => handle.export(() => undefined)).toThrow(needs)
  expect(() => handle.between(0, 1, () => undefined)).toThrow(needs)
  expect(() => handle.status()).toThrow(needs)
  expect(() => handle.maintain()).toThrow(needs)
  expect(() => handle.rollback()).toThrow(needs)
  expect(() => handle.since(0, () => undefined, { newestFirst: true })).toThrow(needs)
  expectAll(handle)
  expect(made.realm.require("log-extras")(made.module)).toBe(made.module)
  expect(handle.check().length).toBe(0)
  handle.append("given up")
  handle.rollback()
  expect(handle.status().count).toBe(300)
  expect(handle.maintain()).toBe(true)
  const found: number[] = []
  handle.between(200_000, 205_000, (_: unknown, number: number) => found.push(number))
  expect(found).toEqual([201, 202, 203, 204])
  expectAll(handle, { newestFirst: true })
  const there: string[] = []
  log.open(flashOf(made)).export((line) => there.push(line))
  const here: string[] = []
  handle.export((line: string) => here.push(line))
  expect(here).toEqual(there)
  made.realm.chip.memory.fill(0, REGION - CHIP_BASE + 100, REGION - CHIP_BASE + 110)
  expect(handle.check()[0].page).toBe(0)
})

it("without the extras tells what a damaged header hides, and with them reads what stands beside it", () => {
  const made = board()
  const handle = made.module.open(made.region)
  append(made, handle, 600, 1)
  const from = REGION - CHIP_BASE
  const view = new DataView(made.realm.chip.memory.buffer)
  const [, second = 0, third = 0] = [0, 1, 2].map((block) => view.getUint32(from + block * 4096 + 14))
  expect(third).toBeGreaterThan(100)
  // The header of block 1: its own records, and for the core those of block 0, whose end it tells.
  made.realm.chip.memory.fill(0, from + 4096 + 20, from + 4096 + 24)
  const lostOf = (log: Foreign) => {
    const lost: number[][] = []
    let seen = 0
    log.since(0, () => void seen++, { lost: (a: number, b: number) => lost.push([a, b]) })
    return { lost, seen }
  }
  expect(lostOf(handle)).toEqual({ lost: [[1, third - 1]], seen: 601 - third })
  expect(() => handle.since(0, () => undefined)).toThrow(/ECORRUPT: erase block 1, offset 0: records 1 to/)
  made.realm.require("log-extras")(made.module)
  expect(lostOf(handle)).toEqual({ lost: [[second, third - 1]], seen: 600 - (third - second) })
  expect(lostOf(made.module.open(made.region)).seen).toBe(600 - (third - second))
})

it.each([{ checksum: "sum32" }, { erasedReads: "unknown" }])("refuses the option %o", (options) => {
  const { module, region } = board()
  expect(() => module.open(region, options)).toThrow("EINVAL")
})

it("refuses a log with sums as checks", () => {
  const device = new SimulatedFlash({ size: SIZE, writeAlign: 4 })
  appendTo(log.open(device, { checksum: "sum32" }), 5, 1)
  const chip = new Chip()
  chip.memory.set(device.image(), REGION - CHIP_BASE)
  const { module, region } = board(chip)
  expect(() => module.open(region)).toThrow(/EFTYPE: the log has .* 16,4096,4,0,2, not 16,4096,4,0,1/)
})
