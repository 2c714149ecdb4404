/**
 * Goal: the figures that everything else is judged by are right. Method: a few operations with counts and times
 * computed by hand from the formulas of the chip models (A: read 15 + 0.1 n, program 30 + min(400, 30 + 2.5 (n -
 * 1)), erase 45,030; B and C likewise), and the split of programs at page borders seen operation by operation.
 */
import { describe, expect, it } from "vitest"
import {
  type ChipTiming,
  ESP32_C3,
  SimulatedFlash,
  W25Q32JV,
  W25Q32JV_MAPPED,
  W25Q32JV_WORST,
} from "../../../hosts/node/node.ts"

function counted(flash: SimulatedFlash): number[] {
  const { readCalls, readBytes, programCalls, programBytes, erases } = flash.counters
  return [readCalls, readBytes, programCalls, programBytes, erases]
}

describe("the counters", () => {
  it("are all 0 at first", () => {
    const flash = new SimulatedFlash({ size: 8192 })
    flash.status()
    flash.image()
    expect({ ...flash.counters }).toEqual({
      readCalls: 0,
      readBytes: 0,
      programCalls: 0,
      programBytes: 0,
      erases: 0,
      microseconds: 0,
    })
  })

  it.each([
    // byteOffset, length, program operations, microseconds in model A
    [0, 1, 1, 60], // 30 + 30
    [0, 16, 1, 97.5], // 30 + 30 + 2.5 * 15
    [0, 70, 1, 232.5], // 30 + 30 + 2.5 * 69
    [0, 148, 1, 427.5], // 30 + 30 + 2.5 * 147
    [0, 149, 1, 430], // 30 + 400: the formula reaches its ceiling
    [0, 256, 1, 430],
    [0, 257, 2, 490], // 256 + 1: 430 + 60
    [255, 2, 2, 120], // 1 + 1: 60 + 60
    [250, 70, 2, 290], // 6 + 64: 72.5 + 217.5
    [256, 512, 2, 860], // 430 + 430
    [100, 512, 3, 1167.5], // 156 + 256 + 100: 430 + 430 + 307.5
  ])("of a program at %d of %d bytes: %d operations", (byteOffset, length, operations, microseconds) => {
    const flash = new SimulatedFlash({ size: 8192 })
    flash.write(new Uint8Array(length), byteOffset)
    expect(counted(flash)).toEqual([0, 0, operations, length, 0])
    expect(flash.counters.microseconds).toBeCloseTo(microseconds, 6)
    expect(flash.operations).toBe(operations)
  })

  it("of reads and erases", () => {
    const flash = new SimulatedFlash({ size: 16384, chip: "W25Q32JV" })
    flash.read(new Uint8Array(512), 100) // 15 + 51.2: a read is not split
    flash.read(new Uint8Array(1), 0) // 15.1
    flash.read(new Uint8Array(0), 0) // 15
    expect(counted(flash)).toEqual([3, 513, 0, 0, 0])
    expect(flash.counters.microseconds).toBeCloseTo(96.3, 6)
    flash.eraseBlock(1, 4)
    expect(counted(flash)).toEqual([3, 513, 0, 0, 3])
    expect(flash.counters.microseconds).toBeCloseTo(96.3 + 135_090, 6)
    expect(flash.operations).toBe(3)
  })

  it("start anew at reset, wear and operations do not", () => {
    const flash = new SimulatedFlash({ size: 8192 })
    flash.write(new Uint8Array(300), 0)
    flash.eraseBlock(0, 1)
    flash.read(new Uint8Array(3), 0)
    const { counters } = flash
    counters.reset()
    expect(counted(flash)).toEqual([0, 0, 0, 0, 0])
    expect(counters.microseconds).toBe(0)
    expect(flash.eraseCounts).toEqual(Uint32Array.of(1, 0))
    expect(flash.operations).toBe(3)
    flash.read(new Uint8Array(3), 0)
    expect(counters.readBytes).toBe(3)
  })

  it("go on after a reboot, and are shared with the runs before", () => {
    const flash = new SimulatedFlash({ size: 8192 })
    flash.eraseBlock(0, 1)
    const again = flash.reboot()
    again.eraseBlock(0, 2)
    expect(again.counters).toBe(flash.counters)
    expect(flash.counters.erases).toBe(3)
    expect(flash.eraseCounts).toEqual(Uint32Array.of(2, 1))
    expect(flash.operations).toBe(3)
  })
})

describe("the time", () => {
  // Reads of 4 and 2048 bytes, programs of 1, 4, 64 and 256 bytes, an erase.
  it.each<[string, ChipTiming, number[]]>([
    ["A", W25Q32JV, [15.4, 219.8, 60, 67.5, 217.5, 430, 45_030]],
    ["A with mapped reads", W25Q32JV_MAPPED, [1.7, 103.9, 60, 67.5, 217.5, 430, 45_030]],
    ["B", ESP32_C3, [15.4, 219.8, 60, 60, 114, 286.8, 63_000]],
    ["C", W25Q32JV_WORST, [80.4, 284.8, 3_080, 3_080, 3_080, 3_080, 400_080]],
  ])("of model %s", (_name, chip, expected) => {
    const flash = new SimulatedFlash({ size: 8192, chip })
    const { counters } = flash
    const steps = [
      () => flash.read(new Uint8Array(4), 0),
      () => flash.read(new Uint8Array(2048), 0),
      () => flash.write(new Uint8Array(1), 0),
      () => flash.write(new Uint8Array(4), 256),
      () => flash.write(new Uint8Array(64), 512),
      () => flash.write(new Uint8Array(256), 768),
      () => flash.eraseBlock(1, 2),
    ]
    for (const [index, step] of steps.entries()) {
      counters.reset()
      step()
      expect(counters.microseconds).toBeCloseTo(expected[index], 6)
    }
  })

  it.each([
    [2048, 45_030],
    [4096, 45_030],
    [16384, 180_120],
  ])("of an erase of %d bytes is that of the sectors in it", (blockLength, microseconds) => {
    const flash = new SimulatedFlash({ size: 32768, blockLength })
    flash.eraseBlock(0, 1)
    expect(flash.counters.microseconds).toBe(microseconds)
  })

  it("can be of the caller's own chip", () => {
    const chip = { read: () => 1, program: (length: number) => length, erase: () => 100 }
    const flash = new SimulatedFlash({ size: 8192, chip })
    flash.read(new Uint8Array(9), 0)
    flash.write(new Uint8Array(300), 0)
    flash.eraseBlock(0, 2)
    expect(flash.counters.microseconds).toBe(1 + 256 + 44 + 200)
  })
})
