/**
 * Goal: the modules "constant", "constant-keys" and "constant-extras" do on a board what they do under Node: read in place what a desk has packed, and
 * write what a desk reads. Method: the finished modules run in a realm without what Espruino lacks, over its flash, in which databases of the
 * original and of our writers lie.
 */
import { expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as constant from "../../../src/constant/index.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { CONSTANT_FIXTURES, constantFiles, itemsOf } from "../../support/constant.ts"
import { firstDifference } from "../../support/streams.ts"
import { CHIP_BASE, Chip } from "./chip.ts"
import { plain, Realm } from "./realm.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

const REGION = 0x310000
const SIZE = 65536

interface Board {
  realm: Realm
  module: Foreign
  region: Foreign
}

function boardWith(image: Uint8Array): Board {
  const chip = new Chip()
  chip.memory.set(image, REGION - CHIP_BASE)
  const realm = new Realm({ chip })
  return { realm, module: realm.require("constant"), region: new (realm.require("flashtree").FlashRegion)() }
}

const NEEDS = 'EINVAL: needs require("constant-extras")(require("constant"))'

it("reads the original's files in place, and with extras in every other way", () => {
  const files = constantFiles(CONSTANT_FIXTURES).filter(
    ({ json }) => json.header && json.compare !== "greater",
  )
  expect(files.length).toBeGreaterThan(4)
  for (const { name, json, image } of files) {
    const { realm, module, region } = boardWith(image)
    if (json.key_type !== "uint32") realm.require("constant-keys")(module)
    const key = json.key_type === "bytes12" ? module.bytes(12) : module[json.key_type ?? "uint32"]
    const options = {
      key,
      pagesize: json.page_size,
      signature: name === "custom_signature" ? "mydb" : undefined,
    }
    const own = (value: unknown) =>
      value instanceof Uint8Array ? realm.bytes(value) : typeof value === "bigint" ? Number(value) : value
    const reader = new module.Reader(options)
    reader.open(region)
    const items = itemsOf(json)
    const check = (handle: Foreign, each: number) => {
      expect(handle.size).toBe(items.length)
      for (let i = 0; i < items.length; i += each) {
        const [wanted, value] = items[i] as [unknown, Uint8Array]
        expect(firstDifference(handle.lookup(own(wanted)), value), `${name}, ${i}`).toBe(-1)
        expect(handle.lowerBound(own(wanted))).toBe(i)
        expect(firstDifference(handle.at(i).value, value)).toBe(-1)
        if (typeof wanted === "number") expect(handle.exists(wanted + 1)).toBe(false)
      }
    }
    check(reader, 1)
    for (const method of ["verify", "items", "forEach"]) expect(() => reader[method]()).toThrow(NEEDS)
    expect(() => new module.Reader({ key, pageBuffers: 1 })).toThrow(NEEDS)
    expect(() => reader.open(region, { firstBlock: 1 })).toThrow(NEEDS)
    reader.open(region)
    expect(realm.require("constant-extras")(module)).toBe(module)
    expect(reader.verify().length).toBe(0)
    const buffered = new module.Reader(Object.assign({ pageBuffers: 2 }, options))
    buffered.open(region, { firstBlock: 0, blockCount: 16 })
    check(buffered, 7)
    const cached = new module.Reader(Object.assign({ cache: new module.PageCache(3) }, options))
    cached.open(region)
    check(cached, 7)
  }
})

it("refuses damage, and writes what Node reads", () => {
  const { realm, module, region } = boardWith(new Uint8Array(2000).fill(7))
  const reader = new module.Reader({ key: module.uint32 })
  expect(() => reader.open(region)).toThrow("EFTYPE")
  expect(() => reader.lookup(1)).toThrow("ECLOSED")
  realm.require("constant-extras")(module)
  const writer = new module.SequentialWriter({ key: module.uint32, pagesize: 256 })
  for (let i = 0; i < 200; i++) writer.add(3 * i, i % 6)
  writer.writeHeader(region)
  for (let i = 0; i < 200; i++) writer.writeValue(3 * i, realm.bytes(new Uint8Array(i % 6).fill(i)))
  writer.writeFinalize()
  const from = REGION - CHIP_BASE
  const device = new SimulatedFlash({ size: SIZE, image: realm.chip.memory.slice(from, from + SIZE) })
  const there = new constant.Reader({ key: constant.uint32, pagesize: 256 })
  there.open(device)
  expect(there.verify()).toEqual([])
  expect(there.lookup(3 * 199)).toEqual(new Uint8Array(199 % 6).fill(199))
  expect(new module.Reader({ key: module.uint32, pagesize: 256 }).verify).toBeTypeOf("function")
})

it("looks up names, and writes the tables that Node writes", () => {
  const writer = new constant.TableWriter()
  const names = Array.from({ length: 300 }, (_, i) => `zone/${i * 7}`)
  for (const name of names) writer.add(name, `value of ${name}`)
  const stream = new MemoryStream()
  writer.write(stream)
  const { realm, module, region } = boardWith(stream.bytes())
  expect(realm.require("constant-keys")(module)).toBe(module)
  const table = new module.Table()
  table.open(region)
  expect(table.size).toBe(300)
  const target = realm.bytes(new Uint8Array(40))
  for (const name of names) {
    expect(Buffer.from(plain(table.lookup(name))).toString("latin1")).toBe(`value of ${name}`)
    expect(table.lookupInto(name, target)).toBe(name.length + 9)
    expect(table.exists(`${name}x`)).toBe(false)
  }
  const sorted = [...names].sort()
  expect(Buffer.from(plain(table.at(5).key)).toString()).toBe(sorted[5])
  expect(table.lowerBound(sorted[77])).toBe(77)
  realm.require("constant-extras")(module)
  expect(table.verify().length).toBe(0)
  const again = new module.TableWriter()
  for (const name of sorted) again.add(name, `value of ${name}`)
  again.write(region)
  const from = REGION - CHIP_BASE
  const image = stream.bytes()
  expect(firstDifference(realm.chip.memory.slice(from, from + image.length), image)).toBe(-1)
})
