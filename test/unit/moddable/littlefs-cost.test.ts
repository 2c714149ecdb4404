/**
 * Goal: the cost model of LittleFS may be trusted. Method: the cases that were measured with the real lfs.c of the Moddable SDK (erase
 * blocks of 4096, caches of 16) are run on the model; erases must agree to 4 %, bytes to 6 %.
 */
import { describe, expect, it } from "vitest"
import { PowerCut } from "../../../hosts/node/simulator/errors.ts"
import { LittleFs } from "../../support/littlefs-cost.ts"
import { makeRandom } from "../../support/streams.ts"

const KB = 1024
const page = new Uint8Array(512).fill(7)

/** Gives erases and programmed bytes for each of `count` calls of `change`. */
function costOf(fs: LittleFs, count: number, change: (i: number) => void): { erases: number; bytes: number } {
  fs.reset()
  for (let i = 0; i < count; i++) change(i)
  return { erases: fs.erases / count, bytes: fs.programmed / count }
}

/** Writes one page at `position` of a file of `size`, synced, as often as it takes for the directory's share to even out. */
function overwrite(size: number, position: number): { erases: number; bytes: number } {
  const fs = new LittleFs()
  const file = fs.open("data", true)
  file.write(new Uint8Array(size), 0)
  file.sync()
  return costOf(fs, 200, () => {
    file.write(page, position)
    file.sync()
  })
}

function expectCost(found: { erases: number; bytes: number }, erases: number, bytes: number): void {
  expect(Math.abs(found.erases / erases - 1)).toBeLessThan(0.04)
  expect(Math.abs(found.bytes / bytes - 1)).toBeLessThan(0.06)
}

describe("one page of 512 bytes written and synced costs what was measured", () => {
  it.each([
    [100, 0, 26, 102_624],
    [100, 50 * KB, 14, 53_472],
    [100, 99 * KB, 2, 4320],
    [32, 0, 9, 32_864],
    [32, 16 * KB, 5, 16_480],
    [32, 31 * KB, 2, 4192],
    [16, 0, 5, 16_448],
  ])("in a file of %d KB at %d: %d erases, %d bytes", (size, position, erases, bytes) => {
    expectCost(overwrite(size * KB, position), erases, bytes)
  })

  it("appended: 1.1 erases, 2,400 bytes", () => {
    const fs = new LittleFs()
    const file = fs.open("log", true)
    const found = costOf(fs, 200, (i) => {
      file.write(page, i * 512)
      file.sync()
    })
    expectCost(found, 1.13, 2400)
  })

  it("at random in 25 files of 4096, each opened and closed: 1.01 to 1.12 erases, 4,132 to 4,608 bytes", () => {
    const fs = new LittleFs()
    const random = makeRandom(1)
    const change = (segment: number, position: number, bytes: Uint8Array) => {
      const file = fs.open(`${segment}`, false)
      file.write(bytes, position)
      file.close()
    }
    for (let i = 0; i < 25; i++) change(i, 0, new Uint8Array(4096))
    const found = costOf(fs, 1000, () => change(random(25), random(8) * 512, page))
    expect(found.erases).toBeGreaterThanOrEqual(1.005)
    expect(found.erases).toBeLessThanOrEqual(1.12)
    expect(found.bytes).toBeGreaterThanOrEqual(4120)
    expect(found.bytes).toBeLessThanOrEqual(4608)
  })
})

describe("the model", () => {
  it("writes a file from front to back in one pass, copying what is around it", () => {
    const fs = new LittleFs()
    const file = fs.open("0", true)
    file.write(new Uint8Array(4096), 0)
    file.sync()
    fs.reset()
    file.write(page, 1024)
    file.write(page, 1536)
    file.sync()
    expect([fs.erases, fs.programmed]).toEqual([1, 4096 + 32])
  })

  it("keeps small files in the directory, where a sync costs no erase", () => {
    const fs = new LittleFs({ cacheSize: 512 })
    const file = fs.open("log", true)
    file.write(new Uint8Array(100), 0)
    file.sync()
    const found = costOf(fs, 1000, () => {
      file.write(new Uint8Array(50), 100)
      file.sync()
    })
    expect(found.erases).toBeLessThan(0.05)
    expect(found.bytes).toBeLessThan(200)
  })

  it("loses at a cut what was not synced, and nothing else", () => {
    const fs = new LittleFs()
    const file = fs.open("a", true)
    file.write(page, 0)
    file.sync()
    file.write(page, 512)
    fs.cutAfter(0)
    expect(() => file.sync()).toThrow(PowerCut)
    expect(() => fs.kind("a")).toThrow(PowerCut)
    fs.reboot()
    expect(() => file.read(new Uint8Array(1), 0)).toThrow(PowerCut)
    expect(fs.open("a", false).size).toBe(512)
  })
})
