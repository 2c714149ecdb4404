/**
 * Goal: blocks that wear out and bits that rot do so in silence, and never by the caller's fault. Method: a block
 * is made to fail, what it reads back is compared with what was asked of it, and programs over bits that were
 * wrong before must pass and show it.
 */
import { describe, expect, it } from "vitest"
import { FlashViolation, PowerCut, SimulatedFlash } from "../../../hosts/node/node.ts"
import { makeBytes } from "../../support/streams.ts"

function chip(seed = 1): SimulatedFlash {
  return new SimulatedFlash({ size: 16384, seed })
}

function block(flash: SimulatedFlash, number: number): Uint8Array {
  return flash.image().subarray(number * 4096, (number + 1) * 4096)
}

describe("a block whose programs fail", () => {
  it("leaves some bits unprogrammed, of every program that has any, and clears no others", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const flash = chip(seed)
      flash.failBlock(1, "program")
      for (let at = 0; at < 2000; at += 50) flash.write(makeBytes(50, seed + at), 4096 + at)
      flash.write(Uint8Array.of(0x7f), 8191)
      for (let at = 0; at < 2000; at += 50) {
        const asked = makeBytes(50, seed + at)
        const found = block(flash, 1).subarray(at, at + 50)
        expect(found).not.toEqual(asked)
        expect(asked.every((byte, i) => (found[i] & byte) === byte)).toBe(true)
      }
      expect(block(flash, 1)[4095]).toBe(0xff)
    }
  })

  it("does a program of 0xFF right, erases right, and counts all of it", () => {
    const flash = chip()
    flash.failBlock(1, "program")
    flash.write(new Uint8Array(10).fill(0xff), 4096)
    flash.write(new Uint8Array(256), 4352)
    flash.eraseBlock(1, 2)
    expect(block(flash, 1)).toEqual(new Uint8Array(4096).fill(0xff))
    expect(flash.counters).toMatchObject({ programCalls: 2, programBytes: 266, erases: 1 })
  })

  it("leaves its neighbours alone, in one program across the border too", () => {
    const flash = chip()
    flash.failBlock(1, "program")
    flash.write(new Uint8Array(12288), 0)
    expect(block(flash, 0)).toEqual(new Uint8Array(4096))
    expect(block(flash, 1)).not.toEqual(new Uint8Array(4096))
    expect(block(flash, 2)).toEqual(new Uint8Array(4096))
  })

  it("keeps what it held, and fails after a reboot too", () => {
    const flash = chip()
    flash.write(makeBytes(100, 1), 4096)
    flash.failBlock(1, "program")
    expect(block(flash, 1).subarray(0, 100)).toEqual(makeBytes(100, 1))
    const after = flash.reboot()
    after.write(makeBytes(100, 2), 4196)
    expect(block(after, 1).subarray(100, 200)).not.toEqual(makeBytes(100, 2))
    expect(() => after.write(new Uint8Array(1), 4196)).toThrow(FlashViolation)
  })

  it("can be cut like any other", () => {
    const flash = chip()
    flash.failBlock(0, "program")
    flash.cutAfter(0, "torn")
    expect(() => flash.write(new Uint8Array(200), 0)).toThrow(PowerCut)
    const image = flash.image()
    expect(image.subarray(0, 100)).not.toEqual(new Uint8Array(100))
    expect(image.subarray(100)).toEqual(new Uint8Array(16284).fill(0xff))
  })
})

describe("a block whose erases fail", () => {
  it("has bits left at 0 after each erase, one that was blank too; the erase counts", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const flash = chip(seed)
      flash.failBlock(2, "erase")
      flash.eraseBlock(2, 3)
      expect(block(flash, 2).filter((byte) => byte !== 0xff)).toHaveLength(1)
      flash.eraseBlock(2, 3)
      const bytes = makeBytes(4096, seed)
      const full = chip(seed)
      full.failBlock(2, "erase")
      full.write(bytes, 8192)
      full.eraseBlock(2, 3)
      const left = block(full, 2)
      // One zero bit in eight stays; of four zero bits in a byte none does in (7/8) ** 4 = 59 % of all bytes.
      const stained = left.filter((byte) => byte !== 0xff).length
      expect(stained).toBeGreaterThan(0.3 * 4096)
      expect(stained).toBeLessThan(0.5 * 4096)
      expect(left).not.toEqual(bytes)
      expect(full.eraseCounts[2]).toBe(1)
    }
  })

  it("is programmed over in silence: the bits stay at 0", () => {
    const flash = chip()
    flash.write(new Uint8Array(4096), 8192)
    flash.failBlock(2, "erase")
    flash.eraseBlock(2, 3)
    const left = block(flash, 2).slice()
    const bytes = makeBytes(4096, 3)
    flash.write(bytes, 8192)
    expect(block(flash, 2)).toEqual(bytes.map((byte, i) => byte & left[i]))
    expect(() => flash.write(new Uint8Array(1), 8192)).toThrow(FlashViolation)
  })

  it("leaves its neighbours alone", () => {
    const flash = chip()
    flash.write(new Uint8Array(16384), 0)
    flash.failBlock(2, "erase")
    flash.eraseBlock(1, 4)
    expect(block(flash, 1)).toEqual(new Uint8Array(4096).fill(0xff))
    expect(block(flash, 3)).toEqual(new Uint8Array(4096).fill(0xff))
  })

  it("may be one whose programs fail as well", () => {
    const flash = chip()
    flash.failBlock(2, "erase")
    flash.failBlock(2, "program")
    flash.eraseBlock(2, 3)
    expect(block(flash, 2)).not.toEqual(new Uint8Array(4096).fill(0xff))
    flash.write(new Uint8Array(100), 8192)
    expect(block(flash, 2).subarray(0, 100)).not.toEqual(new Uint8Array(100))
  })
})

describe("failBlock", () => {
  it.each([-1, 4, 0.5])("knows no block %d", (number) => {
    expect(() => chip().failBlock(number, "erase")).toThrow(expect.objectContaining({ code: "EINVAL" }))
  })
})

describe("rot", () => {
  it("flips the bits it is told to, up and down, and is not counted", () => {
    const flash = chip()
    flash.write(Uint8Array.of(0x0f, 0x0f), 5000)
    const counters = { ...flash.counters }
    flash.rot(5000, 0x11)
    flash.rot(5002, 0x80)
    expect(flash.image().subarray(4999, 5004)).toEqual(Uint8Array.of(0xff, 0x1e, 0x0f, 0x7f, 0xff))
    expect({ ...flash.counters }).toEqual(counters)
    expect(flash.operations).toBe(1)
    flash.rot(5000, 0x11)
    expect(flash.image()[5000]).toBe(0x0f)
  })

  it("is nobody's fault: a rotten erased byte is programmed over in silence, once", () => {
    const flash = chip()
    flash.rot(100, 0x01)
    flash.write(Uint8Array.of(0x81), 100)
    expect(flash.image()[100]).toBe(0x80)
    expect(() => flash.write(Uint8Array.of(0x80), 100)).toThrow("a second time")
  })

  it("goes away with an erase, and lies on the chip", () => {
    const flash = chip()
    flash.rot(16383, 0xff)
    expect(flash.image()[16383]).toBe(0)
    flash.eraseBlock(3, 4)
    expect(flash.image()[16383]).toBe(0xff)
    expect(() => flash.rot(16384, 1)).toThrow(FlashViolation)
  })
})
