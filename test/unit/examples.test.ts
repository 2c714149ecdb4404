/**
 * Goal: the example projects work as their README says. Method: the one for Node is copied into a folder where flashtree is installed, and
 * its own tests are run there; the logic of the one for Moddable runs on the simulated chip, as main.js runs it on a board, and is
 * cut off from its power at many steps.
 */
import { spawnSync } from "node:child_process"
import { cpSync, existsSync, rmSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { open, PowerCut, SimulatedFlash } from "../../hosts/node/node.ts"
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

interface Device {
  next: number
  first: number
  get(name: string, fallback?: string): string | undefined
  set(name: string, value: unknown): void
  names(prefix: string): string[]
  append(text: string): void
  since(sequence: number, visit: (sequence: number, text: string) => void): void
  close(): void
}

describe("examples/moddable-config-log", async () => {
  const path = "../../examples/moddable-config-log/config-log.js"
  const { ConfigLog } = (await import(path)) as { ConfigLog: new (config: unknown, log: unknown) => Device }
  const SIZE = 64 * 4096

  const start = (chip: SimulatedFlash): Device =>
    new ConfigLog(open({ device: chip, blockCount: 16 }), open({ device: chip, firstBlock: 16 }))

  const recordsOf = (device: Device): string[] => {
    const found: string[] = []
    device.since(0, (sequence, text) => found.push(`${sequence} ${text}`))
    return found
  }

  it("uses the two volumes that main.js opens, in a partition that holds them", () => {
    const main = textOf("examples/moddable-config-log/main.js")
    expect(main).toContain('partition: "btree", blockCount: 16')
    expect(main).toContain('partition: "btree", firstBlock: 16')
    const { include } = JSON.parse(textOf("examples/moddable-config-log/manifest.json")) as {
      include: string[]
    }
    const board = include[1].replace("../../", "").replace("manifest.json", "board.json")
    const { storage } = JSON.parse(textOf(board)) as { storage: { label: string; size: number } }
    expect(storage).toMatchObject({ label: "btree", size: SIZE })
  })

  it("keeps settings and records over a restart", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const device = start(chip)
    device.set("wifi/ssid", "home")
    device.set("wifi/channel", 11)
    device.set("name", "sensor 7")
    device.append("start 1")
    device.close()
    const again = start(chip)
    expect(again.get("wifi/channel")).toBe("11")
    expect(again.get("absent", "none")).toBe("none")
    expect(again.names("wifi/")).toEqual(["wifi/channel", "wifi/ssid"])
    again.append("start 2")
    expect(recordsOf(again)).toEqual(["1 start 1", "2 start 2"])
    again.close()
  })

  it("keeps the newest thousand records, for as long as it runs", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const device = start(chip)
    for (let i = 1; i <= 6000; i++) device.append(`temperature 21.${i % 10}`)
    const records = recordsOf(device)
    expect(records.length).toBeGreaterThan(940)
    expect(records.length).toBeLessThanOrEqual(1000)
    expect(records.at(-1)).toBe("6000 temperature 21.0")
    device.close()
    expect(
      Math.max(...chip.eraseCounts.subarray(16)) - Math.min(...chip.eraseCounts.subarray(16)),
    ).toBeLessThan(4)
  })

  it.each(["clean", "torn", "bits"] as const)(
    "loses nothing that it said it keeps, at a cut (%s)",
    (mode) => {
      let cuts = 0
      for (let steps = 0; ; steps += 7) {
        const chip = new SimulatedFlash({ size: SIZE, seed: steps + 1 })
        let set = 0
        let appended = 0
        chip.cutAfter(steps, mode)
        try {
          const device = start(chip)
          for (let i = 1; i <= 150; i++) {
            device.set("count", i)
            set = i
            device.append(`record ${i}`)
            appended = i
          }
          device.close()
          break
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error
        }
        cuts++
        const after = start(chip.reboot())
        const count = Number(after.get("count", "0"))
        expect([set, set + 1]).toContain(count)
        const records = recordsOf(after)
        expect([appended, appended + 1]).toContain(records.length)
        records.forEach((record, index) => {
          expect(record).toBe(`${index + 1} record ${index + 1}`)
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
