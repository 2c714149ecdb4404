/**
 * Goal: a flash partition of the Moddable SDK is a FlashDevice whose errors are flashtree's, though the modules below check next to
 * nothing. Method: both entries run on doubles that behave as the SDK's modules do on the ESP32 and the ESP8266, wrong calls included;
 * the calls that reach a module are noted.
 */
import { beforeEach, describe, expect, it } from "vitest"
import * as embedded from "../../../hosts/moddable/flash-partition.ts"
import * as legacy from "../../../hosts/moddable/flash-partition-legacy.ts"
import type { FlashDevice } from "../../../src/flash/index.ts"
import embeddedFlash, { extraStatus } from "../../support/moddable/embedded-flash.ts"
import LegacyFlash, { board } from "../../support/moddable/legacy-flash.ts"
import { Nor, partitions } from "../../support/moddable/nor.ts"
import { makeBytes } from "../../support/streams.ts"

const code = (expected: string, words = "") =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(words) })

let nor: Nor
beforeEach(() => {
  nor = new Nor(16)
  partitions.clear()
  partitions.set("storage", nor)
  board.chip = "esp32"
  delete extraStatus.writeAlign
  delete extraStatus.eraseValue
})

type Options = ConstructorParameters<typeof embedded.FlashPartition>[0]
const modules = [
  { name: "embedded:storage/flash", entry: embedded, chip: "esp32" },
  { name: "flash on the ESP32", entry: legacy, chip: "esp32" },
  { name: "flash on the ESP8266", entry: legacy, chip: "esp8266" },
] as const

describe.each(modules)("FlashPartition over $name", ({ entry, chip }) => {
  const make = (options?: Partial<Options>): FlashDevice => {
    board.chip = chip
    return new entry.FlashPartition({ path: "storage", ...options })
  }
  const bytes = makeBytes(300, 1)

  it("tells its geometry, and what the options say of it", () => {
    expect(make().status()).toEqual({
      size: 65536,
      blocks: 16,
      blockLength: 4096,
      writeAlign: 1,
      eraseValue: 0xff,
      erasedReads: "ff",
    })
    expect(make({ writeAlign: 16, erasedReads: "unknown" }).status()).toMatchObject({
      writeAlign: 16,
      erasedReads: "unknown",
    })
  })

  it("programs, reads into the caller's buffer, and erases", () => {
    const device = make()
    device.write(bytes, 4000)
    const target = new Uint8Array(320).fill(7)
    expect(device.read(target.subarray(10, 310), 4000)).toBe(300)
    expect(target.subarray(10, 310)).toEqual(bytes)
    expect([target[9], target[310]]).toEqual([7, 7])
    device.eraseBlock(0, 2)
    device.read(target, 3990)
    expect(target).toEqual(new Uint8Array(320).fill(0xff))
  })

  it("sees what is written after it was opened", () => {
    const device = make()
    make().write(bytes, 8192)
    const target = new Uint8Array(300)
    device.read(target, 8192)
    expect(target).toEqual(bytes)
    make().eraseBlock(2, 3)
    device.read(target, 8192)
    expect(target).toEqual(new Uint8Array(300).fill(0xff))
  })

  it("does nothing for an empty buffer", () => {
    const device = make()
    expect(device.read(new Uint8Array(0), 65536)).toBe(0)
    device.write(new Uint8Array(0), 0)
    expect(nor.calls.filter((call) => call !== "map")).toEqual([])
  })

  it.each([
    ["read", -1, 4],
    ["read", 65533, 4],
    ["read", 1.5, 4],
    ["read", Number.NaN, 4],
    ["read", 0, 65537],
    ["write", -1, 4],
    ["write", 65533, 4],
    ["write", 0.5, 4],
  ] as const)("refuses to %s at %d a buffer of %d before the module is asked", (action, offset, length) => {
    const device = make()
    nor.calls.length = 0
    expect(() => device[action](new Uint8Array(length), offset)).toThrow(code("EINVAL", "65536"))
    expect(nor.calls).toEqual([])
  })

  it.each([
    [-1, 1],
    [0, 17],
    [3, 3],
    [4, 3],
    [0.5, 2],
    [2, undefined],
    [undefined, undefined],
  ])("refuses to erase blocks %s to %s", (start, end) => {
    const device = make()
    nor.calls.length = 0
    expect(() => device.eraseBlock(start as number, end as number)).toThrow(code("EINVAL"))
    expect(nor.calls).toEqual([])
  })

  it("holds programs to the write alignment", () => {
    const device = make({ writeAlign: 16 })
    device.write(bytes.subarray(0, 32), 16)
    expect(() => device.write(bytes.subarray(0, 32), 8)).toThrow(code("EINVAL", "alignment 16"))
    expect(() => device.write(bytes.subarray(0, 31), 16)).toThrow(code("EINVAL", "alignment 16"))
    expect(device.read(new Uint8Array(3), 1)).toBe(3)
  })

  it("says which partition is missing, and where it has to be", () => {
    expect(() => make({ path: "btree" })).toThrow(code("EIO", 'no flash partition "btree"'))
    expect(() => make({ path: "btree" })).toThrow(expect.objectContaining({ cause: expect.any(Error) }))
    expect(() => new entry.FlashPartition({} as Options)).toThrow(code("EINVAL", "label"))
    expect(() => new entry.FlashPartition(undefined as never)).toThrow(code("EINVAL", "label"))
  })

  it("reads only, when it is told so", () => {
    const device = make({ readonly: true })
    expect(device.read(new Uint8Array(4), 0)).toBe(4)
    expect(() => device.write(bytes, 0)).toThrow(code("EROFS"))
    expect(() => device.eraseBlock(0, 1)).toThrow(code("EROFS"))
  })

  it("may be closed twice, and is closed then", () => {
    const device = make()
    device.close()
    device.close()
    for (const use of [
      () => device.read(new Uint8Array(1), 0),
      () => device.write(bytes, 0),
      () => device.eraseBlock(0, 1),
      () => device.status(),
    ])
      expect(use).toThrow(code("ECLOSED"))
  })

  it("gives a failure of the module as EIO, with that as cause", () => {
    const device = make()
    nor.broken = true
    expect(() => device.write(bytes, 0)).toThrow(code("EIO", "cannot program 300 bytes at 0"))
    expect(() => device.eraseBlock(1, 2)).toThrow(code("EIO", "cannot erase blocks 1 to 2"))
    expect(() => device.write(bytes, 0)).toThrow(expect.objectContaining({ cause: expect.any(Error) }))
  })

  it("holds a store, which closes what it opened", () => {
    board.chip = chip
    const store = entry.open({ partition: "storage", blockCount: 8, pagesize: 512 })
    expect(() => entry.open({ partition: "storage", firstBlock: 7 })).toThrow(code("EBUSY", '"storage"'))
    const beside = new entry.FlashPartition({ path: "storage" })
    expect(() => entry.open({ device: beside })).toThrow(code("EBUSY"))
    const log = entry.open({ device: beside, firstBlock: 8, writeAlign: 4 })
    store.set("name", "sensor 7")
    log.set("1", "on")
    store.close()
    log.close()
    beside.close()
    const again = entry.open({ partition: "storage", blockCount: 8, readonly: true })
    expect([...again.values()].map((value) => String.fromCharCode(...value))).toEqual(["sensor 7"])
    again.close()
    expect(() => entry.open({} as never)).toThrow(code("EINVAL", "partition, device"))
  })

  it("takes writeAlign and erasedReads from the options of open", () => {
    board.chip = chip
    const store = entry.open({ partition: "storage", writeAlign: 16, erasedReads: "unknown" })
    store.set("a", "1")
    store.close()
    const programs = nor.calls.filter((call) => call.startsWith("write")).map((call) => call.split(" "))
    expect(programs.length).toBeGreaterThan(0)
    for (const [, length, offset] of programs) expect([+length % 16, +offset % 16]).toEqual([0, 0])
  })
})

describe("FlashPartition over embedded:storage/flash", () => {
  it("takes write alignment and erase value where the module says them, as on Zephyr", () => {
    Object.assign(extraStatus, { writeAlign: 4, eraseValue: 0 })
    const device = new embedded.FlashPartition({ path: "storage" })
    expect(device.status()).toMatchObject({ writeAlign: 4, eraseValue: 0 })
  })

  it("hands buffers on as they are, in one call", () => {
    const device = new embedded.FlashPartition({ path: "storage" })
    device.read(new Uint8Array(600).subarray(20, 532), 512)
    device.write(new Uint8Array(8), 16)
    device.eraseBlock(2, 4)
    expect(nor.calls).toEqual(["read 512 512", "write 8 16", "erase 2 4"])
  })
})

describe("FlashPartition over the older module", () => {
  it("reads out of the map where there is one", () => {
    new legacy.FlashPartition({ path: "storage" }).read(new Uint8Array(8), 16)
    expect(nor.calls).toEqual(["map"])
    board.chip = "esp8266"
    new legacy.FlashPartition({ path: "storage" }).read(new Uint8Array(8), 16)
    expect(nor.calls).toEqual(["map", "map", "read 8 16"])
  })
})

describe("the doubles", () => {
  it("are as unfriendly as embedded:storage/flash", () => {
    const flash = embeddedFlash.open({ path: "storage" })
    const erase = flash.eraseBlock.bind(flash) as (...args: unknown[]) => void
    flash.write(new Uint8Array([0x0f]), 4096)
    flash.write(new Uint8Array([0xf5]), 4096)
    expect(new Uint8Array(flash.read(1, 4096) as ArrayBuffer)[0]).toBe(0x05)
    erase(1)
    expect(nor.bytes[4096]).toBe(0xff)
    expect(() => erase(3, undefined)).toThrow("erase failed")
    expect(() => flash.read(new Uint8Array(2), 65535)).toThrow("read failed")
    expect(() => flash.read(new Uint16Array(2), 0)).toThrow(TypeError)
    expect(() => embeddedFlash.open({ path: "storage", mode: "w" })).toThrow("invalid mode")
    expect(() => embeddedFlash.open({})).toThrow("no path")
    flash.close()
    flash.close()
    expect(() => flash.read(1, 0)).toThrow(SyntaxError)
  })

  it("are as unfriendly as flash", () => {
    const flash = new LegacyFlash("storage")
    expect(() => flash.write(0, 0, new Uint8Array(4))).toThrow("invalid")
    expect(() => flash.write(0, 5, new Uint8Array(4))).toThrow("invalid")
    board.chip = "esp8266"
    expect(() => flash.read(65536, 1)).toThrow("invalid offset")
    expect(() => flash.read(0, 0)).toThrow("invalid length")
    expect(() => flash.erase(16)).toThrow("invalid sector")
    expect(() => flash.map()).toThrow("unsupported")
  })
})
