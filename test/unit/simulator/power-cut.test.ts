/**
 * Goal: the power can be cut in every program operation and every erase, in every way, and what the chip then
 * holds is what a real one might. Method: small sequences are cut at each of their operations; the image after
 * it is compared with one computed by hand, for cuts by bits with what their bits may be.
 */
import { describe, expect, it } from "vitest"
import {
  type CutMode,
  FlashViolation,
  PowerCut,
  SimulatedFlash,
  type SimulatedFlashOptions,
} from "../../../hosts/node/node.ts"
import { makeBytes } from "../../support/streams.ts"

const MODES: CutMode[] = ["clean", "torn", "bits"]

function chip(options: Partial<SimulatedFlashOptions> = {}): SimulatedFlash {
  return new SimulatedFlash({ size: 8192, ...options })
}

function countBits(bytes: Uint8Array): number {
  return bytes.reduce((sum, byte) => sum + [...byte.toString(2)].filter((bit) => bit === "1").length, 0)
}

/** Runs until the power is cut and gives the chip after it. */
function cut(flash: SimulatedFlash, run: () => void): SimulatedFlash {
  expect(run).toThrow(PowerCut)
  return flash.reboot()
}

describe("the moment of the cut", () => {
  /** 2 + 1 operations, an erase of 2 blocks, 1 operation. */
  function run(flash: SimulatedFlash): void {
    flash.write(new Uint8Array(100), 200)
    flash.write(new Uint8Array(10), 600)
    flash.eraseBlock(0, 2)
    flash.write(new Uint8Array(10), 0)
  }

  it.each(MODES)("is any of the operations, %s: those before it are done and counted, no others", (mode) => {
    const whole = chip()
    run(whole)
    expect(whole.operations).toBe(6)
    for (let operations = 0; operations < 6; operations++) {
      const flash = chip()
      flash.cutAfter(operations, mode)
      const after = cut(flash, () => run(flash))
      expect(after.operations).toBe(operations)
      const { programCalls, programBytes, erases } = after.counters
      const expected = [[0, 0, 0], [1, 56, 0], [2, 100, 0], [3, 110, 0], [3, 110, 1], [3, 110, 2]] // biome-ignore format: a table
      expect([programCalls, programBytes, erases]).toEqual(expected[operations])
      expect(after.eraseCounts).toEqual(Uint32Array.of(operations > 3 ? 1 : 0, operations > 4 ? 1 : 0))
    }
  })

  it("is not reached by fewer operations, and can be put off", () => {
    const flash = chip()
    flash.cutAfter(6)
    run(flash)
    flash.cutAfter(Number.POSITIVE_INFINITY)
    flash.eraseBlock(0, 2)
    flash.cutAfter(0)
    flash.read(new Uint8Array(4), 0)
    expect(() => flash.eraseBlock(0, 1)).toThrow("the power failed in the erase of block 0 (clean)")
  })

  it.each([-1, 0.5, Number.NaN])("is not %d operations away", (operations) => {
    expect(() => chip().cutAfter(operations)).toThrow(expect.objectContaining({ code: "EINVAL" }))
  })
})

describe("after the cut", () => {
  it("every call throws PowerCut, reads too", () => {
    const flash = chip()
    flash.cutAfter(0)
    expect(() => flash.write(new Uint8Array(4), 0)).toThrow("the program of 4 bytes at byte 0 (clean)")
    const off = expect.objectContaining({
      name: "PowerCut",
      message: expect.stringContaining("the power is off"),
    })
    expect(() => flash.read(new Uint8Array(4), 0)).toThrow(off)
    expect(() => flash.write(new Uint8Array(4), 0)).toThrow(off)
    expect(() => flash.eraseBlock(0, 1)).toThrow(off)
    expect(() => flash.status()).toThrow(off)
    flash.close()
  })

  it("a reboot gives a device with power and no cut, the old one stays without", () => {
    const flash = chip()
    flash.write(makeBytes(4, 1), 0)
    flash.cutAfter(0)
    const after = cut(flash, () => flash.eraseBlock(1, 2))
    after.eraseBlock(1, 2)
    const bytes = new Uint8Array(4)
    after.read(bytes, 0)
    expect(bytes).toEqual(makeBytes(4, 1))
    expect(() => flash.read(bytes, 0)).toThrow(PowerCut)
    expect(() => after.write(new Uint8Array(1), 3)).toThrow(FlashViolation)
  })

  it("also a reboot without a cut disarms one and ends the old device", () => {
    const flash = chip()
    flash.cutAfter(0)
    const after = flash.reboot()
    after.eraseBlock(0, 1)
    expect(() => flash.status()).toThrow(PowerCut)
  })

  it("the first operation after the reboot can be cut as well", () => {
    const flash = chip()
    flash.cutAfter(1, "torn")
    const after = cut(flash, () => flash.write(new Uint8Array(300), 0))
    after.cutAfter(0, "torn")
    const last = cut(after, () => after.write(new Uint8Array(100), 1024))
    const expected = new Uint8Array(8192)
      .fill(0xff)
      .fill(0, 0, 256 + 22)
      .fill(0, 1024, 1074)
    expect(last.image()).toEqual(expected)
  })
})

describe("a program that is cut", () => {
  const bytes = makeBytes(200, 2)

  it("clean is not done, and may be done again", () => {
    const flash = chip()
    flash.cutAfter(0, "clean")
    const after = cut(flash, () => flash.write(bytes, 20))
    expect(after.image()).toEqual(new Uint8Array(8192).fill(0xff))
    after.write(bytes, 20)
  })

  it("torn has its first half done; the units of that are programmed, the others not", () => {
    const flash = chip()
    flash.cutAfter(0, "torn")
    const after = cut(flash, () => flash.write(bytes, 20))
    const expected = new Uint8Array(8192).fill(0xff)
    expected.set(bytes.subarray(0, 100), 20)
    expect(after.image()).toEqual(expected)
    expect(() => after.write(new Uint8Array(1), 119)).toThrow(FlashViolation)
    after.write(bytes.subarray(100), 120)
  })

  it("torn in the middle of a unit leaves the unit half done, and programmed", () => {
    const flash = chip({ writeAlign: 16 })
    flash.cutAfter(0, "torn")
    const after = cut(flash, () => flash.write(bytes.subarray(0, 48), 0))
    const expected = new Uint8Array(48).fill(0xff)
    expected.set(bytes.subarray(0, 24))
    expect(after.image().subarray(0, 48)).toEqual(expected)
    expect(() => after.write(new Uint8Array(16).fill(0xff), 16)).toThrow("byte 16:")
    after.write(new Uint8Array(16), 32)
  })

  it("torn in a single byte is not done", () => {
    const flash = chip()
    flash.cutAfter(0, "torn")
    const after = cut(flash, () => flash.write(new Uint8Array(1), 7))
    after.write(new Uint8Array(1), 7)
  })

  it("by bits has about half of its bits cleared, and no others; all its units are programmed", () => {
    const flash = chip()
    flash.cutAfter(0, "bits")
    const after = cut(flash, () => flash.write(bytes, 20))
    const image = after.image()
    const found = image.subarray(20, 220)
    expect(bytes.every((byte, i) => (found[i] & byte) === byte)).toBe(true)
    const wanted = 1600 - countBits(bytes)
    const cleared = 1600 - countBits(found)
    expect(cleared).toBeGreaterThan(wanted * 0.4)
    expect(cleared).toBeLessThan(wanted * 0.6)
    image.fill(0xff, 20, 220)
    expect(image).toEqual(new Uint8Array(8192).fill(0xff))
    for (const at of [20, 120, 219]) expect(() => after.write(new Uint8Array(1), at)).toThrow("programmed") // biome-ignore format: one line
  })
})

describe("an erase that is cut", () => {
  const bytes = makeBytes(4096, 3)

  function cutErase(mode: CutMode, content: Uint8Array, options: Partial<SimulatedFlashOptions> = {}) {
    const flash = chip(options)
    flash.write(content, 4096)
    flash.cutAfter(0, mode)
    return cut(flash, () => flash.eraseBlock(1, 2))
  }

  it("clean is not done", () => {
    const after = cutErase("clean", bytes)
    expect(after.image().subarray(4096)).toEqual(bytes)
    expect(() => after.write(new Uint8Array(1), 4096)).toThrow(FlashViolation)
  })

  it("torn has the first half of the block done", () => {
    const expected = bytes.slice().fill(0xff, 0, 2048)
    expect(cutErase("torn", bytes).image().subarray(4096)).toEqual(expected)
  })

  it("by bits has random bits set", () => {
    const found = cutErase("bits", bytes).image().subarray(4096)
    expect(bytes.every((byte, i) => (found[i] & byte) === byte)).toBe(true)
    const wanted = 32768 - countBits(bytes)
    const set = countBits(found) - countBits(bytes)
    expect(set).toBeGreaterThan(wanted * 0.45)
    expect(set).toBeLessThan(wanted * 0.55)
  })

  it.each<CutMode>(["torn", "bits"])("%s leaves a block that takes no program until it is erased", (mode) => {
    const after = cutErase(mode, bytes)
    const program = () => after.write(new Uint8Array(4), 4100)
    expect(program).toThrow("byte 4100: the erase of block 1 was cut: erase it again first")
    after.write(new Uint8Array(4), 4)
    const again = after.reboot()
    expect(() => again.write(new Uint8Array(4), 4100)).toThrow(FlashViolation)
    again.eraseBlock(1, 2)
    again.write(new Uint8Array(4), 4100)
    expect(again.eraseCounts).toEqual(Uint32Array.of(0, 1))
  })

  it("counts as done where the block reads as blank", () => {
    const after = cutErase("torn", bytes.subarray(0, 2048))
    expect(after.image()).toEqual(new Uint8Array(8192).fill(0xff))
    after.write(bytes, 4096)
  })
})

describe("chance", () => {
  function image(seed: number, mode: CutMode): Uint8Array {
    const flash = chip({ seed })
    flash.write(new Uint8Array(300), 0)
    flash.cutAfter(0, mode)
    return cut(flash, () => flash.eraseBlock(0, 1)).image()
  }

  it("is the same for the same seed, and another for another", () => {
    expect(image(5, "bits")).toEqual(image(5, "bits"))
    expect(image(5, "bits")).not.toEqual(image(6, "bits"))
    expect(image(5, "torn")).toEqual(image(6, "torn"))
  })

  it("is not the same in two cuts of one chip", () => {
    let flash = chip()
    for (const at of [0, 256]) {
      flash.cutAfter(0, "bits")
      flash = cut(flash, () => flash.write(new Uint8Array(256), at))
    }
    expect(flash.image().slice(0, 256)).not.toEqual(flash.image().slice(256, 512))
  })
})

describe("a fork", () => {
  it("goes on from the same state, by itself and with power", () => {
    const flash = chip({ writeAlign: 4 })
    flash.write(new Uint8Array(8).fill(0xff), 0)
    flash.failBlock(1, "erase")
    flash.eraseBlock(0, 2)
    flash.write(new Uint8Array(4).fill(0xff), 8)
    flash.cutAfter(0)
    const fork = flash.fork()
    expect({ ...fork.counters }).toEqual({ ...flash.counters })
    expect(fork.operations).toBe(flash.operations)
    expect(() => fork.write(new Uint8Array(4), 8)).toThrow("a second time")
    fork.write(makeBytes(4, 4), 0)
    fork.eraseBlock(1, 2)
    expect(
      fork.image()[4096] === 0xff &&
        fork
          .image()
          .subarray(4096)
          .every((byte) => byte === 0xff),
    ).toBe(false)
    expect(fork.eraseCounts).toEqual(Uint32Array.of(1, 2))
    expect(flash.eraseCounts).toEqual(Uint32Array.of(1, 1))
    expect(flash.image().subarray(0, 4)).toEqual(new Uint8Array(4).fill(0xff))
    expect(flash.counters.programCalls).toBe(2)
    expect(() => flash.write(new Uint8Array(4), 0)).toThrow(PowerCut)
    expect(() => flash.fork().write(new Uint8Array(4), 0)).not.toThrow()
  })

  it("meets the same chance as the chip it was made from", () => {
    const flash = chip()
    flash.failBlock(0, "program")
    flash.write(new Uint8Array(50), 0)
    const fork = flash.fork()
    flash.write(new Uint8Array(50), 50)
    fork.write(new Uint8Array(50), 50)
    expect(fork.image()).toEqual(flash.image())
  })
})
