/**
 * Goal: the example projects work as their README says. Method: the one for Node is copied into a folder where flashtree is installed, and
 * its own tests are run there; the one for Moddable runs from its main.js on a double of the SDK's flash module, and its logic on the
 * simulated chip, where it is cut off from its power at many steps.
 */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it, vi } from "vitest"
import { open, PowerCut, SimulatedFlash } from "../../hosts/node/node.ts"
import type { Store } from "../../hosts/store.ts"
import type { Config } from "../../src/config/index.ts"
import * as config from "../../src/config/index.ts"
import { type Log, open as openLog } from "../../src/log/index.ts"
import { Nor } from "../support/moddable/nor.ts"
import { makeConsumer, ROOT, textOf } from "../tidy/sources.ts"

describe("examples/node-unit-test", () => {
  it("passes its own tests", () => {
    if (!existsSync(join(ROOT, "dist/node")))
      throw new Error("there is no dist/node: npm run build comes before this test")
    const folder = makeConsumer()
    try {
      cpSync(join(ROOT, "examples/node-unit-test"), folder, { recursive: true })
      const run = spawnSync(process.execPath, ["--test"], { cwd: folder, encoding: "utf8", timeout: 60_000 })
      expect(run.stdout + run.stderr).toContain("# pass 6")
      expect(run.status).toBe(0)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})

const PROJECT = "examples/moddable-config-log"
const SIZE = 64 * 4096
/** What main.js asks for; the first test sees that it does. */
const CONFIG = { blockCount: 16, cachesize: 2560 }
const LOG = { firstBlock: 16 }

interface Device {
  settings: Config
  log: Log
  start(): number
  change(settings: Record<string, unknown>): void
  reset(prefix?: string): void
  record(text: string, time?: number): number
  newest(count: number, visit: (number: number, text: string, time: number) => void): void
  between(from: number, to: number, visit: (number: number, text: string, time: number) => void): void
  idle(): void
  close(): void
}

describe(PROJECT, async () => {
  const path = `../../${PROJECT}/config-log.js`
  const { ConfigLog } = (await import(path)) as { ConfigLog: new (store: Store, log: Log) => Device }

  const start = (chip: SimulatedFlash): Device =>
    new ConfigLog(open({ device: chip, ...CONFIG }), openLog(chip, LOG))

  const recordsOf = (device: Device): string[] => {
    const found: string[] = []
    device.newest(1e9, (number, text, time) => found.push(`${number} ${text} ${time}`))
    return found
  }

  it("uses a partition that the board has, and prints what its README says, start after start", async () => {
    const { include } = JSON.parse(textOf(`${PROJECT}/manifest.json`)) as { include: string[] }
    const board = (include[1] as string).replace("../../", "").replace("manifest.json", "board.json")
    const { storage } = JSON.parse(textOf(board)) as { storage: { label: string; size: number } }
    expect(storage).toMatchObject({ label: "btree", size: SIZE })
    const main = textOf(`${PROJECT}/main.js`)
    expect(main).toContain("device: partition, blockCount: 16, cachesize: 2560 }")
    expect(main).toContain("openLog(partition, { firstBlock: 16 })")

    const [, expected] = /```text\n(.*?)```/s.exec(textOf(`${PROJECT}/README.md`)) as RegExpExecArray
    const partition = new Nor(SIZE / 4096)
    const run = async (): Promise<string> => {
      // Every start loads every module anew, as a board does.
      vi.resetModules()
      const { partitions } = await import("../support/moddable/nor.ts")
      partitions.set("btree", partition)
      let printed = ""
      vi.stubGlobal("trace", (text: string) => {
        printed += text
      })
      const program = `../../${PROJECT}/main.js`
      await import(program)
      vi.unstubAllGlobals()
      return printed
    }
    expect(await run()).toContain("starts is 1\nwifi/ssid is home\nwifi/channel is 11\n")
    expect(await run()).toBe(expected)
    for (let i = 3; i < 20; i++) await run()
    expect(await run()).toContain("16: start 16\n17: start 17\n18: start 18\n19: start 19\n20: start 20\n")
  })

  it("keeps settings and records over a restart", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const device = start(chip)
    expect(device.start()).toBe(1)
    device.change({ "wifi/ssid": "home", pins: { led: 4 }, "wifi/hidden": true })
    device.record("start 1", 1000)
    device.close()
    const again = start(chip)
    expect(again.start()).toBe(2)
    expect(again.settings.getString("wifi/ssid")).toBe("home")
    expect(again.settings.getJSON("pins")).toEqual({ led: 4 })
    expect(again.settings.getBoolean("wifi/hidden")).toBe(true)
    expect(again.settings.getNumber("wifi/channel")).toBe(1)
    again.reset("wifi/")
    expect(again.settings.getString("wifi/ssid")).toBe("factory")
    again.record("start 2", 2000)
    again.record("later", 3000)
    expect(recordsOf(again)).toEqual(["1 start 1 1000", "2 start 2 2000", "3 later 3000"])
    const found: number[] = []
    again.between(1500, 2500, (number) => found.push(number))
    expect(found).toEqual([2])
    again.close()
  })

  it("takes over the settings of its first version", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const store = open({ device: chip, ...CONFIG })
    const old = config.open(store, { version: 1 })
    old.set("ssid", "cellar")
    store.close()
    const device = start(chip)
    expect(device.settings.getString("wifi/ssid")).toBe("cellar")
    expect(device.settings.getString("ssid")).toBeUndefined()
    device.close()
  })

  it("keeps the newest records, some nine thousand, for as long as it runs", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const device = start(chip)
    for (let i = 1; i <= 40_000; i++) {
      device.record(`start ${i}`, i * 60)
      if (i % 50 === 0) device.idle()
    }
    const records = recordsOf(device)
    expect(records.length).toBeGreaterThan(8_500)
    expect(records.at(-1)).toBe("40000 start 40000 2400000")
    device.close()
    const wear = chip.eraseCounts.subarray(16)
    expect(Math.max(...wear) - Math.min(...wear)).toBeLessThanOrEqual(1)
  })

  it.each(["clean", "torn", "bits"] as const)(
    "loses nothing that it said it keeps, at a cut (%s)",
    (mode) => {
      let cuts = 0
      for (let steps = 0; ; steps += 7) {
        const chip = new SimulatedFlash({ size: SIZE, seed: steps + 1 })
        let changed = 0
        let recorded = 0
        chip.cutAfter(steps, mode)
        try {
          const device = start(chip)
          for (let i = 1; i <= 150; i++) {
            device.change({ count: i, half: i / 2 })
            changed = i
            device.record(`record ${i}`, i)
            recorded = i
          }
          device.close()
          break
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error
        }
        cuts++
        const after = start(chip.reboot())
        const count = after.settings.getNumber("count") ?? 0
        expect([changed, changed + 1]).toContain(count)
        expect(after.settings.getNumber("half") ?? 0).toBe(count / 2)
        const records = recordsOf(after)
        expect([recorded, recorded + 1]).toContain(records.length)
        records.forEach((record, index) => {
          expect(record).toBe(`${index + 1} record ${index + 1} ${index + 1}`)
        })
      }
      expect(cuts).toBeGreaterThan(40)
    },
  )
})

describe("examples/time-zones", () => {
  it("finds zones in flash", () => {
    const run = spawnSync(process.execPath, ["examples/time-zones/main.mjs"], {
      cwd: ROOT,
      encoding: "utf8",
      timeout: 60_000,
    })
    expect(run.stderr).toBe("")
    expect(run.stdout).toMatch(/^Europe\/Berlin: CET-1CEST,M3.5.0,M10.5.0\/3 \(\d reads, \d+ bytes\)$/m)
    expect(run.stdout).toContain("Mars/Olympus: no such zone")
  })
})
