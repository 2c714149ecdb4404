/**
 * Goal: what a log exports is read back by `flashtree load`, record for record. Method: both formats of a log that has gone round, read by
 * the command's own readers and by the built command; a damaged log.
 */
import { rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, it } from "vitest"
import { readDump } from "../../../hosts/node/cli/support/dump-format.ts"
import { readJsonLines } from "../../../hosts/node/cli/support/json-lines.ts"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as log from "../../../src/log/index.ts"
import { appendTo, recordOf, timeOf } from "../../support/logs.ts"
import { linesOf } from "../cli/input.ts"
import { flashtree, output } from "../cli/program.ts"

const file = join(tmpdir(), `flashtree-log-${process.pid}`)

afterAll(() => {
  for (const end of ["", ".db"]) rmSync(file + end, { force: true })
})

function logged(): { it: log.Log; chip: SimulatedFlash; texts: Map<number, string> } {
  const chip = new SimulatedFlash({ size: 32768 })
  const it = log.open(chip)
  const texts = new Map<number, string>()
  for (let n = 1; n <= 1500; n++) {
    if (n % 2) appendTo(it, 1, 1)
    else {
      const text = `line ${n}: "quoted" \\ and /`
      texts.set(it.append(text, n % 4 ? undefined : n), text)
      it.flush()
    }
  }
  return { it, chip, texts }
}

function exported(it: log.Log, format?: log.LogFormat): string[] {
  const lines: string[] = []
  it.export((line) => lines.push(line), format)
  return lines
}

function keyOf(number: number): string {
  return String(number).padStart(10, "0")
}

describe.each([undefined, "ndjson", "dump"] as const)("as %s", (format) => {
  it("is read back by the command's readers", () => {
    const { it, texts } = logged()
    const text = `${exported(it, format).join("\n")}\n`
    const source =
      format === "dump" ? readDump(linesOf(text, 1000), () => undefined) : readJsonLines(linesOf(text, 1000))
    let number = it.first
    for (const { key, value } of source.records) {
      expect(Buffer.from(key).toString()).toBe(keyOf(number))
      const expected = texts.get(number)
      expect(Buffer.from(value)).toEqual(Buffer.from(expected ?? recordOf(number)))
      number++
    }
    expect(number).toBe(it.last + 1)
  })

  it("is loaded by the built command", () => {
    const { it, texts } = logged()
    writeFileSync(file, `${exported(it, format).join("\n")}\n`)
    rmSync(`${file}.db`, { force: true })
    const { status, stderr } = flashtree(["load", `${file}.db`, file])
    expect([status, stderr]).toEqual([0, expect.any(String)])
    expect(output("keys", `${file}.db`).trim().split("\n").length).toBe(it.count)
    const [number, text] = [...texts].at(-1) as [number, string]
    expect(output("get", `${file}.db`, keyOf(number)).trimEnd()).toBe(text)
  })
})

it("has the times in NDJSON", () => {
  const { it } = logged()
  const times = exported(it).map((line) => JSON.parse(line).time)
  let number = it.first
  for (const time of times) {
    expect(time).toBe(number % 2 ? timeOf(number) : number % 4 ? undefined : number)
    number++
  }
})

it("of a damaged log is ECORRUPT, or with `lost` all that is left", () => {
  const { it, chip } = logged()
  const { blocks } = it.status()
  chip.rot(((it._head - 2) % blocks) * 4096 + 2000, 1)
  const whole = it.count
  expect(() => exported(it)).toThrow(/ECORRUPT: erase block \d, offset \d+: records \d+ to \d+ are damaged/)
  let lost = 0
  let lines = 0
  it.export(() => lines++, "ndjson", { lost: (from, to) => (lost += to - from + 1) })
  expect(lost).toBeGreaterThan(10)
  expect(lines + lost).toBe(whole)
})

it("in a format that there is none of is EINVAL, before any line", () => {
  const { it } = logged()
  const lines: string[] = []
  expect(() => it.export((line) => lines.push(line), "xml" as log.LogFormat)).toThrow(/EINVAL: format is xml/)
  expect(lines).toEqual([])
})
