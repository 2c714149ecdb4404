/**
 * Goal: under flash encryption nothing can be told from how an erased or half-programmed unit reads. Method: the
 * rules, cuts and failures of the other tests again on an encrypted chip, where a unit reads either as what was
 * written to it or as garbage: bytes that are neither blank nor what was written.
 */
import { describe, expect, it } from "vitest"
import {
  type CutMode,
  PowerCut,
  SimulatedFlash,
  type SimulatedFlashOptions,
} from "../../../hosts/node/node.ts"
import { makeBytes } from "../../support/streams.ts"

function chip(options: Partial<SimulatedFlashOptions> = {}): SimulatedFlash {
  return new SimulatedFlash({ size: 8192, encrypted: true, ...options })
}

/** Tells for each unit of a range whether it reads as `expected` does. */
function intact(flash: SimulatedFlash, byteOffset: number, expected: Uint8Array, unit = 16): boolean[] {
  const image = flash.image().subarray(byteOffset)
  return Array.from({ length: expected.length / unit }, (_, i) =>
    expected.subarray(i * unit, (i + 1) * unit).every((byte, j) => image[i * unit + j] === byte),
  )
}

/** About as many values as chance gives, and so neither blank nor any text. */
function expectGarbage(bytes: Uint8Array): void {
  expect(new Set(bytes).size).toBeGreaterThan(Math.min(200, bytes.length / 2))
}

function cut(flash: SimulatedFlash, run: () => void): SimulatedFlash {
  expect(run).toThrow(PowerCut)
  return flash.reboot()
}

describe("an encrypted chip", () => {
  it("tells that erased blocks read as anything, and has units of 16 bytes or more", () => {
    expect(chip().status()).toMatchObject({ writeAlign: 16, erasedReads: "unknown", eraseValue: 0xff })
    expect(chip({ writeAlign: 32 }).status().writeAlign).toBe(32)
    expect(chip({ erasedReads: "ff" }).status().erasedReads).toBe("ff")
  })

  it("reads as garbage where it is erased: another for each block, erase and seed, the same for the same", () => {
    const flash = chip({ seed: 3 })
    const first = flash.image()
    expectGarbage(first)
    expect(first.subarray(0, 4096)).not.toEqual(first.subarray(4096))
    expect(chip({ seed: 3 }).image()).toEqual(first)
    expect(chip({ seed: 4 }).image()).not.toEqual(first)
    flash.eraseBlock(0, 1)
    expectGarbage(flash.image())
    expect(flash.image().subarray(0, 4096)).not.toEqual(first.subarray(0, 4096))
    expect(flash.image().subarray(4096)).toEqual(first.subarray(4096))
    const again = chip({ seed: 3 })
    again.write(makeBytes(64, 1), 0)
    again.eraseBlock(0, 1)
    expect(again.image()).toEqual(flash.image())
  })

  it("reads back what was written, bits that garbage had at 0 too", () => {
    const flash = chip()
    const before = flash.image()
    flash.write(new Uint8Array(32).fill(0xff), 16)
    flash.write(makeBytes(512, 1), 4000)
    const expected = before.slice()
    expected.fill(0xff, 16, 48)
    expected.set(makeBytes(512, 1), 4000)
    expect(flash.image()).toEqual(expected)
  })

  it("keeps to the rules", () => {
    const flash = chip({ writeAlign: 32 })
    flash.write(new Uint8Array(32).fill(0xff), 32)
    expect(() => flash.write(new Uint8Array(16), 64)).toThrow(
      "byte 80: the program of 16 bytes at byte 64 ends off",
    )
    expect(() => flash.write(new Uint8Array(32), 32)).toThrow("byte 32: this unit of 32 bytes is programmed a second time") // biome-ignore format: one line
    flash.eraseBlock(0, 1)
    flash.write(new Uint8Array(32), 32)
  })

  it("counts as any other", () => {
    const flash = chip()
    flash.write(new Uint8Array(272), 0)
    flash.eraseBlock(0, 1)
    expect(flash.counters).toMatchObject({ programCalls: 2, programBytes: 272, erases: 1 })
    expect(flash.counters.microseconds).toBeCloseTo(430 + 97.5 + 45_030, 6)
    expect(flash.eraseCounts).toEqual(Uint32Array.of(1, 0))
  })

  it("comes up from an image; no unit of it counts as programmed, since garbage cannot be told", () => {
    const flash = chip()
    flash.write(makeBytes(64, 1), 0)
    const copy = chip({ image: flash.image() })
    expect(copy.image()).toEqual(flash.image())
    copy.write(makeBytes(64, 2), 0)
    expect(() => copy.write(makeBytes(64, 2), 0)).toThrow("a second time")
  })
})

describe("a cut on an encrypted chip", () => {
  const bytes = makeBytes(80, 5)

  function cutProgram(mode: CutMode, options: Partial<SimulatedFlashOptions> = {}): SimulatedFlash {
    const flash = chip(options)
    flash.cutAfter(0, mode)
    return cut(flash, () => flash.write(bytes.subarray(0, options.writeAlign === 32 ? 64 : 80), 0))
  }

  it("clean leaves the garbage that was there", () => {
    const after = cutProgram("clean")
    expect(after.image()).toEqual(chip().image())
    after.write(bytes, 0)
  })

  it("torn writes the whole units of the first half; the unit half written is garbage, and programmed", () => {
    const after = cutProgram("torn") // 40 of 80 bytes
    expect(intact(after, 0, bytes)).toEqual([true, true, false, false, false])
    expect(intact(after, 0, chip().image().subarray(0, 80))).toEqual([false, false, false, true, true])
    expectGarbage(after.image().subarray(32, 48))
    expect(intact(after, 32, bytes.subarray(32, 40), 8)).toEqual([false])
    expect(() => after.write(bytes.subarray(0, 16), 32)).toThrow("byte 32:")
    after.write(bytes.subarray(0, 32), 48)
  })

  it("torn at the border of units of 32 leaves no half", () => {
    const after = cutProgram("torn", { writeAlign: 32 })
    expect(intact(after, 0, bytes.subarray(0, 64), 32)).toEqual([true, false])
    after.write(bytes.subarray(32, 64), 32)
  })

  it("by bits makes garbage of every unit", () => {
    const after = cutProgram("bits")
    expect(intact(after, 0, bytes)).toEqual([false, false, false, false, false])
    expect(intact(after, 0, chip().image().subarray(0, 80))).toEqual([false, false, false, false, false])
    expect(() => after.write(bytes.subarray(0, 16), 64)).toThrow("a second time")
  })

  it.each<[CutMode, boolean]>([
    ["torn", true],
    ["bits", false],
  ])(
    "of an erase, %s, spoils what is erased; the block takes no program until it is erased",
    (mode, half) => {
      const content = makeBytes(4096, 6)
      const flash = chip()
      flash.write(content, 0)
      flash.cutAfter(0, mode)
      const after = cut(flash, () => flash.eraseBlock(0, 1))
      const found = intact(after, 0, content)
      expect(found.slice(0, 128)).toEqual(Array(128).fill(false))
      expect(found.slice(128)).toEqual(Array(128).fill(half))
      expect(() => after.write(bytes, 0)).toThrow("the erase of block 0 was cut")
      after.eraseBlock(0, 1)
      after.write(bytes, 0)
      expect(intact(after, 0, bytes)).toEqual(Array(5).fill(true))
    },
  )
})

describe("a failing block of an encrypted chip", () => {
  const bytes = makeBytes(4096, 7)

  it("spoils whole units of a program: always one, never all of a page", () => {
    const flash = chip()
    flash.failBlock(0, "program")
    for (let page = 0; page < 4096; page += 256) {
      flash.write(bytes.subarray(page, page + 256), page)
      const found = intact(flash, page, bytes.subarray(page, page + 256))
      expect(found).toContain(false)
      expect(found).toContain(true)
    }
    flash.write(bytes, 4096)
    expect(intact(flash, 4096, bytes)).not.toContain(false)
  })

  it("spoils each program of a single unit", () => {
    const flash = chip()
    flash.failBlock(0, "program")
    for (let at = 0; at < 320; at += 16) {
      flash.write(bytes.subarray(at, at + 16), at)
      expect(intact(flash, at, bytes.subarray(at, at + 16))).toEqual([false])
    }
  })

  it("whose erase leaves bits at 0 shows it in what is written next, and in nothing before", () => {
    const flash = chip()
    flash.failBlock(0, "erase")
    flash.write(bytes, 0)
    expect(intact(flash, 0, bytes)).not.toContain(false)
    flash.eraseBlock(0, 1)
    expect(flash.image().subarray(0, 4096)).not.toEqual(bytes)
    flash.write(bytes, 0)
    const found = intact(flash, 0, bytes)
    expect(found[0]).toBe(false)
    expect(found).toContain(true)
    expect(() => flash.write(bytes.subarray(0, 16), 0)).toThrow("a second time")
  })
})
