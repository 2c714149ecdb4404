/**
 * Goal: the time zones of examples/time-zones are looked up by name on XS, in the flash of a board, with at most 512 bytes of RAM beyond the code.
 * Method: the table that the example packs is the flash of host/; the modules are preloaded, as firmware has them; what is in use after a
 * collection is compared with a run that opens the partition alone. Every zone of the data is compared with its line.
 */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as constant from "../../../src/constant/index.ts"
import { textOf } from "../../tidy/sources.ts"
import { ESP32, type Report, type Runner, runner64, runOnBoard } from "./board.ts"
import { makeModules } from "./modules.ts"
import { CACHE, COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

const RAM_MAX = 512
const FIRST_BLOCK = 16
const PAGESIZE = 256

const zones = textOf("examples/data/time-zones.tsv")
  .split("\n")
  .filter((line) => line.includes("\t"))
  .map((line) => line.split("\t") as [string, string])

interface Outcome {
  size: number
  found: (string | null)[]
}

describeOnXS("the table of time zones on a board", () => {
  let runner: Runner
  let main: string
  const flash = join(CACHE, "zones.bin")

  beforeAll(async () => {
    runner = runner64()
    main = await makeModules("zones", "inside/zones.ts")
    const writer = new constant.TableWriter({ pagesize: PAGESIZE })
    for (const [name, rules] of zones) writer.add(name, rules)
    const device = new SimulatedFlash({ size: 1 << 18 })
    writer.write(device, { firstBlock: FIRST_BLOCK })
    mkdirSync(CACHE, { recursive: true })
    writeFileSync(flash, device.image())
  }, COMPILE_MILLISECONDS)

  const run = (what: string, names: string[], stack = ESP32.stack): Report<Outcome> & { callers: string } => {
    const work = { what, firstBlock: FIRST_BLOCK, pagesize: PAGESIZE, names }
    return runOnBoard<Outcome>(runner, { ...ESP32, stack }, main, work, undefined, flash)
  }
  const bytesOf = ({ liveSlots, liveChunkBytes }: Report<Outcome>) => 16 * liveSlots + liveChunkBytes

  test("takes at most 512 bytes of RAM beyond the code", () => {
    const names = zones.slice(0, 40).map(([name]) => name)
    const nothing = run("nothing", names)
    const opened = run("open", names)
    const used = run("look up", names)
    expect([nothing.abort, opened.abort, used.abort]).toEqual(["", "", ""])
    const ofOpen = bytesOf(opened) - bytesOf(nothing)
    const ofUse = bytesOf(used) - bytesOf(nothing)
    console.log(
      `XS: a table that is open takes ${ofOpen} bytes (${opened.liveSlots - nothing.liveSlots} slots), after lookups ${ofUse}; ` +
        `peaks ${nothing.peakSlots} and ${used.peakSlots} slots`,
    )
    expect(ofOpen).toBeGreaterThan(100)
    expect(ofOpen).toBeLessThanOrEqual(RAM_MAX)
    expect(ofUse).toBeLessThanOrEqual(RAM_MAX)
    expect(used.aliases).toBe(nothing.aliases)
  })

  test("gives the rules of every zone, and none of another", () => {
    expect(zones.length).toBeGreaterThan(400)
    for (let start = 0; start < zones.length; start += 100) {
      const part = zones.slice(start, start + 100)
      const names = [...part.map(([name]) => name), "Mars/Olympus", ""]
      const { result, abort, callers } = run("example", names, 1024)
      expect(abort && `${abort}: ${callers}`).toBe("")
      expect(result.size).toBe(zones.length)
      expect(result.found).toEqual([...part.map(([, rules]) => rules), null, null])
    }
  })
})
