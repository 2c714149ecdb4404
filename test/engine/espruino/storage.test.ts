/**
 * Goal: the Storage images that are flashed to boards hold the modules, in the format the interpreter reads. Method: the images that
 * `npm run build` made are parsed by that format, and a module is run out of them; damaged ones are refused, so that the parser means something.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ROOT } from "../../tidy/sources.ts"
import { Realm } from "./realm.ts"
import { readIntelHex, readStorage } from "./storage.ts"

const NAMES = [
  "append",
  "append-cursors",
  "append-extras",
  "append-opening",
  "btree",
  "btree-check",
  "btree-extras",
  "btree-opening",
  "config",
  "constant",
  "constant-extras",
  "constant-keys",
  "flash",
  "flash-extras",
  "flash-opening",
  "flashtree",
  "flashtree-sd",
  "heapfile",
  "log",
  "log-extras",
  "log-opening",
  "log-reading",
  "values",
]
const folder = join(ROOT, "dist/espruino")
const image = new Uint8Array(readFileSync(join(folder, "storage.bin")))

describe("the Storage image", () => {
  it("holds every module, byte for byte", () => {
    const files = readStorage(image)
    expect([...files.keys()].sort()).toEqual(NAMES)
    for (const name of NAMES)
      expect(Buffer.from(files.get(name) as Uint8Array)).toEqual(readFileSync(join(folder, `${name}.js`)))
  })

  it("is whole erase pages, with every header on a word", () => {
    expect(image.length % 4096).toBe(0)
    const view = new DataView(image.buffer, image.byteOffset)
    for (let at = 0; view.getUint32(at, true) !== 0xffffffff; ) {
      expect(at % 4).toBe(0)
      expect(view.getUint32(at, true) >>> 24, "flags of a plain file").toBe(0)
      expect(image[at + 31], "the name ends with a zero").toBe(0)
      at += (32 + (view.getUint32(at, true) & 0xffffff) + 3) & ~3
    }
  })

  it("is the same as Intel HEX, at the address of Storage on ESP32", () => {
    const { address, bytes } = readIntelHex(readFileSync(join(folder, "storage.hex"), "latin1"))
    expect(address).toBe(0x320000)
    expect(Buffer.from(bytes)).toEqual(Buffer.from(image))
  })

  it("gives modules to require()", () => {
    const realm = new Realm({ storage: readStorage(image) })
    expect(typeof realm.require("btree").open).toBe("function")
    expect(typeof realm.require("flash").open).toBe("function")
    expect(() => realm.require("btree2")).toThrow('Module "btree2" not found')
  })
})

describe("the parser", () => {
  it("refuses a file that ends outside the image", () => {
    expect(() => readStorage(image.slice(0, 4096))).toThrow("ends outside")
  })

  it("refuses what is behind a gap", () => {
    const broken = new Uint8Array(image.length + 4096).fill(0xff)
    broken.set(image)
    broken[image.length + 100] = 0
    expect(() => readStorage(broken)).toThrow("is not blank")
  })

  it("passes over a replaced file", () => {
    const replaced = image.slice()
    replaced.fill(0, 4, 8)
    expect([...readStorage(replaced).keys()]).toHaveLength(NAMES.length - 1)
  })

  it("refuses a line of Intel HEX whose sum is wrong", () => {
    expect(() => readIntelHex(":0100000041BF\n:00000001FF\n")).toThrow("not a line")
    expect(readIntelHex(":0100000041BE\n:00000001FF\n").bytes).toEqual(new Uint8Array([0x41]))
  })
})
