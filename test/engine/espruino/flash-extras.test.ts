/**
 * Goal: the modules "flash" and "flash-extras" on a board share the volume as they say: what is not in the first names the second, with which
 * nothing is missing; and volumes of kinds that a board cannot have are refused, not misread. Method: the finished modules run in a
 * realm; volumes of the other kinds are made by the portable engine and laid into the chip.
 */
import { expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as flash from "../../../src/flash/index.ts"
import { CHIP_BASE, Chip } from "./chip.ts"
import { Realm } from "./realm.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

const REGION = 0x310000
const NEEDS = 'needs require("flash-extras")(flash)'

interface Board {
  realm: Realm
  flash: Foreign
  region: Foreign
}

function board(chip?: Chip): Board {
  const realm = new Realm(chip === undefined ? {} : { chip })
  const region = new (realm.require("flashtree").FlashRegion)()
  return { realm, flash: realm.require("flash"), region }
}

function withExtras(chip?: Chip): Board {
  const made = board(chip)
  expect(made.realm.require("flash-extras")(made.flash)).toBe(made.flash)
  return made
}

/** Writes a page full of `value` and flushes it. */
function put({ realm }: Board, volume: Foreign, page: number, value: number): void {
  volume.write(realm.bytes(new Uint8Array(512).fill(value)), page * 512)
  volume.flush()
}

function byteOf({ realm }: Board, volume: Foreign, page: number): number {
  const bytes = realm.bytes(new Uint8Array(1))
  volume.read(bytes, page * 512)
  return bytes[0]
}

it('names "flash-extras" for what is not in "flash"', () => {
  const made = board()
  const volume = made.flash.open(made.region)
  put(made, volume, 0, 7)
  expect(() => volume.check()).toThrow(NEEDS)
  expect(() => made.flash.open(made.region, { format: "always" })).toThrow(NEEDS)
  expect(() => made.flash.open(made.region, { resize: "grow" })).toThrow(NEEDS)
  expect(() => made.flash.erase(made.region)).toThrow(NEEDS)
  expect(byteOf(made, made.flash.open(made.region), 0)).toBe(7)
})

it("checks a volume, and finds what is damaged", () => {
  const made = withExtras()
  const volume = made.flash.open(made.region)
  put(made, volume, 3, 9)
  expect(volume.check().length).toBe(0)
  // The record of the page is behind the header of the first block.
  made.realm.chip.memory.fill(0, REGION - CHIP_BASE + 100, REGION - CHIP_BASE + 110)
  const findings = volume.check()
  expect(findings.length).toBe(1)
  expect(findings[0].code).toBe("ECORRUPT")
  expect(findings[0].page).toBe(0)
})

it("begins anew over foreign content, and erases a range", () => {
  const made = withExtras()
  made.realm.chip.write([1, 2, 3, 4], REGION)
  expect(() => made.flash.open(made.region)).toThrow("EFTYPE")
  const volume = made.flash.open(made.region, { format: "always" })
  put(made, volume, 0, 5)
  expect(byteOf(made, made.flash.open(made.region), 0)).toBe(5)
  made.flash.erase(made.region)
  const from = REGION - CHIP_BASE
  expect(made.realm.chip.memory.subarray(from, from + 0x10000).every((byte) => byte === 0xff)).toBe(true)
  expect(made.flash.open(made.region).size()).toBe(0)
})

it("grows a volume", () => {
  const made = withExtras()
  let volume = made.flash.open(made.region, { blockCount: 8 })
  for (let i = 0; i < 200; i++) put(made, volume, i % 5, i)
  expect(() => made.flash.open(made.region)).toThrow(/8 blocks.*16/)
  volume = made.flash.open(made.region, { resize: "grow" })
  for (let i = 0; i < 100; i++) put(made, volume, 5 + (i % 20), i)
  const later = board(made.realm.chip.fork())
  volume = later.flash.open(later.region)
  expect(volume.status().blocks).toBe(16)
  for (let page = 0; page < 5; page++) expect(byteOf(later, volume, page)).toBe(195 + page)
})

it.each([
  ["sums as checks", { checksum: "sum32" }, {}, /EFTYPE.*check 2/],
  ["pages of another size", { pagesize: 1024 }, {}, /EFTYPE.*pages of 1024/],
] as const)("refuses a volume with %s", (_what, options, asked, message) => {
  const device = new SimulatedFlash({ size: 65536, writeAlign: 4 })
  const volume = flash.open(device, options)
  volume.write(new Uint8Array(512).fill(3), 0)
  volume.flush()
  const chip = new Chip()
  chip.memory.set(device.image(), REGION - CHIP_BASE)
  const { flash: engine, region } = board(chip)
  expect(() => engine.open(region, asked)).toThrow(message)
  expect(chip.memory.subarray(REGION - CHIP_BASE, REGION - CHIP_BASE + 65536)).toEqual(device.image())
})

it("reads a volume that another host has made", () => {
  const device = new SimulatedFlash({ size: 65536, writeAlign: 4 })
  const volume = flash.open(device)
  for (let i = 0; i < 150; i++) {
    volume.write(new Uint8Array(512).fill(i), (i % 7) * 512)
    volume.flush()
  }
  const chip = new Chip()
  chip.memory.set(device.image(), REGION - CHIP_BASE)
  const made = board(chip)
  const found = made.flash.open(made.region)
  for (let page = 0; page < 7; page++) expect(byteOf(made, found, page)).toBe(143 + ((page + 4) % 7))
})

it.each([{ checksum: "sum32" }, { erasedReads: "unknown" }])("refuses the option %o", (options) => {
  const { flash: engine, region } = board()
  expect(() => engine.open(region, options)).toThrow("EINVAL")
})
