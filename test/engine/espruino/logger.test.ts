/**
 * Goal: examples/espruino-logger does what its README says, on a board that loses power. Method: the program runs in a realm with a clock and a
 * sensor; records, settings and the dropping of the oldest are looked at from its console, and the chip is cut between and within records.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { ROOT } from "../../tidy/sources.ts"
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
    expect(board.console("last(2)")).toEqual(['{"time":1180,"value":28}', '{"time":1120,"value":22}'])
    board.console('set("interval",10)')
    board.tick()
    expect(board.console("last(1)")).toEqual(['{"time":1190,"value":29}'])
    const again = start(chip, 5000)
    again.tick()
    expect(again.console("last(2)")).toEqual(['{"time":5010,"value":21}', '{"time":1190,"value":29}'])
    expect(again.console("status()")[0]).toMatch(/^5 records, \d+ of \d+ bytes, erases \d+$/)
  })

  it("drops the oldest, and goes round the region more than once", () => {
    const board = start(new Chip(), 1000)
    for (let i = 0; i < 1500; i++) board.tick()
    expect(board.console("print(count)")).toEqual(["400"])
    expect(board.console("status()")[0]).toMatch(/erases [1-9]/)
    const lines = board.console("last(1000)")
    expect(lines).toHaveLength(400)
    expect(lines[0]).toBe('{"time":91000,"value":20}')
  })

  it("loses no record that was written, whenever the power goes", () => {
    let chip = new Chip()
    let time = 1000
    let written = 0
    for (let cut = 1; cut <= 30; cut++) {
      const board = start(chip, time)
      chip.cutAt(cut, "half")
      try {
        for (let i = 0; i < 200; i++) {
          board.tick()
          written++
        }
      } catch (error) {
        expect(`${error}`).toContain("power")
      }
      time = board.realm.time
      chip = new Chip(chip.memory)
      const count = Number(start(chip, time).console("print(count)")[0])
      expect(count === written || count === written + 1, `cut ${cut}: ${count} of ${written}`).toBe(true)
      written = count
      chip = new Chip(chip.memory)
    }
    expect(written).toBeGreaterThan(30)
  })
})
