/**
 * Goal: examples/espruino-logger does what its README says, on a board that loses power. Method: the program runs in a realm with a clock and a
 * sensor; records, settings and the dropping of the oldest are looked at from its console, what it prints goes through `flashtree load`, and
 * the chip is cut between and within records.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ROOT, textOf } from "../../tidy/sources.ts"
import { output } from "../../unit/cli/program.ts"
import { Chip } from "./chip.ts"
import { Realm } from "./realm.ts"

const program = readFileSync(join(ROOT, "examples/espruino-logger/main.js"), "latin1")

/** A board at `time` (seconds) that runs the program; `tick` lets an interval pass. */
function start(
  chip: Chip,
  time: number,
): { realm: Realm; tick: () => void; console: (code: string) => string[] } {
  const realm = new Realm({ chip })
  realm.time = time
  realm.evaluate("E.getTemperature=function(){return 20+getTime()%100/10}")
  realm.evaluate(program)
  return {
    realm,
    tick: () => realm.passInterval(),
    console: (code) => {
      realm.printed.length = 0
      realm.evaluate(code)
      return realm.printed.slice()
    },
  }
}

describe("the logger", () => {
  it("keeps records and settings over a restart", () => {
    const chip = new Chip()
    const board = start(chip, 1000)
    for (let i = 0; i < 3; i++) board.tick()
    expect(board.console("last(2)")).toEqual([
      '{"number":2,"time":1120,"value":22}',
      '{"number":3,"time":1180,"value":28}',
    ])
    board.console('set("interval",10)')
    board.console('set("name","cellar")')
    board.tick()
    expect(board.console("last(1)")).toEqual(['{"number":4,"time":1190,"value":29}'])
    const again = start(chip, 5000)
    expect(again.console('print(get("name"),get("interval"))')).toEqual(["cellar 10"])
    again.tick()
    expect(again.console("last(2)")).toEqual([
      '{"number":4,"time":1190,"value":29}',
      '{"number":5,"time":5010,"value":21}',
    ])
    expect(again.console("during(1100,1180)")).toHaveLength(2)
    expect(again.console("status()")).toEqual(["5 records in 1 of 8 blocks, erases 0"])
  })

  it("prints what its README shows, and the command line loads what it dumps", () => {
    const chip = new Chip()
    const board = start(chip, 1_780_000_000 - 60)
    board.realm.evaluate("E.getTemperature=function(){return 21.44+(getTime()-1780000000)*0.001}")
    board.tick()
    board.tick()
    const [, session] = /## On the console\n\n```\n(.*?)```/s.exec(
      textOf("examples/espruino-logger/README.md"),
    ) as RegExpExecArray
    const shown = session.split(/^>/m).slice(1)
    for (const part of shown) {
      const [code, ...output] = part.trimEnd().split("\n")
      const asked = code.startsWith("get(") ? `print(${code})` : code
      expect(board.console(asked), code).toEqual(output)
    }
    const folder = mkdtempSync(join(tmpdir(), "flashtree-logger-"))
    try {
      const lines = join(folder, "lines.txt")
      writeFileSync(lines, `${board.console("dump()").join("\n")}\n`)
      const records = join(folder, "records.db")
      output("load", records, lines)
      expect(output("get", records, "0000000002").trimEnd()).toBe("21.50")
    } finally {
      rmSync(folder, { recursive: true })
    }
  })

  it("drops the oldest, and goes round its blocks more than once", () => {
    const board = start(new Chip(), 1000)
    for (let i = 0; i < 9000; i++) board.tick()
    const [line] = board.console("status()") as [string]
    const [, count, used, erases] = /^(\d+) records in (\d+) of 8 blocks, erases (\d+)$/.exec(
      line,
    ) as RegExpExecArray
    expect(Number(count)).toBeGreaterThan(2000)
    expect(Number(used)).toBeGreaterThanOrEqual(7)
    expect(Number(erases)).toBeGreaterThanOrEqual(2)
    const lines = board.console("last(1000)")
    expect(lines).toHaveLength(1000)
    expect(lines[999]).toBe('{"number":9000,"time":541000,"value":20}')
  })

  it("loses no record that was written, whenever the power goes", () => {
    let chip = new Chip()
    let time = 1000
    let written = 0
    let interval = 60
    for (let cut = 1; cut <= 30; cut++) {
      const board = start(chip, time)
      chip.cutAt(cut, "half")
      let wanted = interval
      try {
        for (let i = 0; i < 200; i++) {
          board.tick()
          written++
          if (i % 7 === 6) {
            wanted = 10 + (i % 50)
            board.console(`set("interval",${wanted})`)
            interval = wanted
          }
        }
      } catch (error) {
        expect(`${error}`).toContain("power")
      }
      time = board.realm.time
      chip = new Chip(chip.memory)
      const after = start(chip, time)
      const newest = Number(after.console("print(records.last)")[0])
      expect([written, written + 1], `cut ${cut}`).toContain(newest)
      // Each cut ends a block of the log, which has eight.
      const kept = after.console("last(1e9)").map((line) => (JSON.parse(line) as { number: number }).number)
      expect(kept).toEqual(kept.map((_, index) => newest - kept.length + 1 + index))
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(newest, 6))
      written = newest
      const found = Number(after.console('print(get("interval"))')[0])
      expect([interval, wanted], `cut ${cut}`).toContain(found)
      interval = found
      chip = new Chip(chip.memory)
    }
    expect(written).toBeGreaterThan(30)
  })
})
