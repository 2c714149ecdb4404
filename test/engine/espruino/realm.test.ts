/**
 * Goal: what passes in the realm passes on a board. Method: what the realm takes away and changes is tried, and the doubles of the
 * natives are held against what was observed on the interpreter.
 */
import { describe, expect, it } from "vitest"
import { CHIP_BASE, CHIP_SIZE, Chip } from "./chip.ts"
import { plain, Realm } from "./realm.ts"

const realm = new Realm()

describe("the language", () => {
  it.each([
    "Map",
    "Set",
    "WeakMap",
    "WeakRef",
    "Symbol",
    "Proxy",
    "Reflect",
    "BigInt",
    "RangeError",
    "TextEncoder",
    "TextDecoder",
    "queueMicrotask",
    "structuredClone",
    "performance",
    "setTimeout",
    "Buffer",
    "Intl",
    "Atomics",
    "WebAssembly",
  ])("has no %s", (name) => {
    expect(realm.evaluate(`typeof ${name}`)).toBe("undefined")
  })

  it.each([
    "Array.from",
    "Array.of",
    "[].flat",
    "[].at",
    "[].keys",
    "[].copyWithin",
    "[].lastIndexOf",
    "Uint8Array.from",
    "new Uint8Array(1).copyWithin",
    "new Uint8Array(1).at",
    "ArrayBuffer.isView",
    "new ArrayBuffer(1).slice",
    "Object.freeze",
    "Number.isInteger",
    "Math.imul",
    "Math.trunc",
    "String.raw",
    "'a'.codePointAt",
    "'a'.at",
  ])("has no %s", (member) => {
    expect(realm.evaluate(`typeof ${member}`)).toBe("undefined")
  })

  it.each([
    ["[1,2].map(function(a){return a+1}).join()", "2,3"],
    ["new Uint8Array([1,2,3]).subarray(1,3).join()", "2,3"],
    ["var u=new Uint8Array(4);u.set('\\x01\\xff',1);u.join()", "0,1,255,0"],
    ["Array.isArray(new Uint8Array(3).slice(1))", true],
    ["new DataView(new Uint8Array([1,2]).buffer).getUint16(0,true)", 513],
    ["'a b '.indexOf(' c ')", 3],
    ["'a b '.indexOf(' b ')", 1],
    ["'a b'.indexOf('c')", -1],
    ["new Uint8Array(2) instanceof Uint8Array", true],
    ["new Error('a','b').message", "a"],
    ["new Error('a',{cause:1}).cause", undefined],
  ])("gives for %s what Espruino gives", (code, result) => {
    expect(realm.evaluate(code)).toBe(result)
  })

  it.each([
    "new Uint8Array(4).subarray(0,5)",
    "new Uint8Array(70000).subarray(65536)",
    "new Uint8Array('ab')",
    "for (var a of new Uint8Array(2));",
    "var [a] = [1]",
  ])("does not do %s", (code) => {
    expect(() => realm.evaluate(code)).toThrow()
  })
})

describe("the chip", () => {
  const make = (length: number) => new Uint8Array(length)

  it("takes (length, address) and (data, address)", () => {
    const flash = new Realm({ chip: new Chip() }).require("Flash")
    flash.write([0x12, 0x34], 0x310001)
    expect([...plain(flash.read(4, 0x310000))]).toEqual([0xff, 0x12, 0x34, 0xff])
    flash.write([0xf1], 0x310001)
    expect([...plain(flash.read(4, 0x310000))]).toEqual([0xff, 0x10, 0x34, 0xff])
    flash.erasePage(0x310fff)
    expect([...plain(flash.read(4, 0x310000))]).toEqual([0xff, 0xff, 0xff, 0xff])
    expect(flash.getPage(0x310fff)).toEqual({ addr: 0x310000, length: 4096 })
  })

  it("is silent out of range", () => {
    const chip = new Chip()
    const end = CHIP_BASE + CHIP_SIZE
    expect(chip.read(4, end, make)).toEqual(new Uint8Array(4))
    expect(chip.read(0, CHIP_BASE, make)).toBeUndefined()
    expect(chip.write([1], end)).toBeUndefined()
    expect(chip.erasePage(end)).toBeUndefined()
    expect(chip.getPage(end)).toBeUndefined()
    expect(() => chip.write(undefined, CHIP_BASE)).toThrow("Data is not defined")
    expect(() => chip.erasePage(CHIP_BASE + 0.5)).toThrow("Address should be an integer")
  })

  it("counts words that are programmed twice", () => {
    const chip = new Chip()
    chip.write([1, 2], CHIP_BASE)
    chip.write([3, 4, 5, 6], CHIP_BASE + 4)
    expect(chip.reprogrammed).toBe(0)
    chip.write([0], CHIP_BASE + 3)
    expect(chip.reprogrammed).toBe(1)
  })

  it("does an operation by half, and nothing after", () => {
    const chip = new Chip()
    chip.cutAt(2, "half")
    chip.write([1, 2, 3, 4], CHIP_BASE)
    expect(() => chip.write([1, 2, 3, 4], CHIP_BASE + 4)).toThrow("the power is cut")
    expect(() => chip.read(1, CHIP_BASE, make)).toThrow("no power")
    expect([...chip.memory.subarray(0, 8)]).toEqual([1, 2, 3, 4, 1, 2, 0xff, 0xff])
  })
})

describe("the disk", () => {
  it("is what FatFs is", () => {
    const { disk } = new Realm()
    expect(() => disk.openFile("a", "r+")).toThrow("Unable to open file")
    const file = disk.openFile("a", "w")
    file.write([1, 2])
    file.seek(4)
    file.write([3])
    file.seek(0)
    const gap = file.read(9)
    expect(gap).toHaveLength(5)
    expect(gap?.charCodeAt(2), "a gap is not zero").not.toBe(0)
    expect(file.read(1)).toBeUndefined()
    expect(disk.openFile("a", "r").write([1])).toBe(0)
    expect(disk.openFile("a", "w+").read(2), "w+ does not cut").toBe("\x01\x02")
    file.close()
    file.seek(0)
    expect(file.read(1)).toBeUndefined()
  })
})
