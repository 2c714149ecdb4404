/** Goal: no argument is ignored. Method: a verb's definition and one wrong command line per rule. */
import type { ArgsDef } from "citty"
import { describe, expect, it } from "vitest"
import { checkArguments, parseCount } from "../../../hosts/node/cli/support/arguments.ts"
import { Progress } from "../../../hosts/node/cli/support/progress.ts"
import { messageOf } from "./input.ts"

const DEFINITION: ArgsDef = {
  file: { type: "positional", required: true },
  in: { type: "positional", required: false },
  start: { type: "string" },
  format: { type: "enum", options: ["csv", "dump"] },
  overwrite: { type: "boolean", default: true },
}

const check = (...rawArgs: string[]): string => messageOf(() => checkArguments("load", DEFINITION, rawArgs))

describe("arguments", () => {
  it.each([
    [["f"]],
    [["f", "-"]],
    [["--start", "a", "f", "in", "--no-overwrite"]],
    [["f", "--start=-5", "--format", "csv"]],
    [["f", "--", "--no-start"]],
  ])("%j are right", (rawArgs) => {
    expect(check(...rawArgs)).toBe("nothing thrown")
  })

  it.each([
    [[], "FILE is missing"],
    [["f", "in", "more"], "one argument too many: more"],
    [["f", "--bogus"], "Unknown option '--bogus'"],
    [["f", "--no-bogus"], "Unknown option '--no-bogus'"],
    [["f", "--no-start"], "Unknown option '--no-start'"],
    [["f", "-x"], "Unknown option '-x'"],
    [["f", "--start"], "Option '--start <value>' argument missing"],
    [["f", "--start", ""], "--start needs a value"],
    [["f", "--start", "--overwrite"], "Option '--start' argument is ambiguous"],
    [["f", "--overwrite=yes"], "Option '--overwrite' does not take an argument"],
    [["f", "--format", "xml"], "--format xml: choose one of csv, dump"],
  ])("%j are refused", (rawArgs, message) => {
    expect(check(...rawArgs)).toBe(message)
  })

  it("of counts are whole numbers", () => {
    expect(parseCount("--limit", undefined)).toBeUndefined()
    expect(parseCount("--limit", "0")).toBe(0)
    for (const text of ["", "-1", "1.5", "1e3", "0x10", "99999999999999999999"])
      expect(messageOf(() => parseCount("--limit", text))).toBe(
        `--limit takes a whole number from 0 up, not: ${text}`,
      )
    expect(messageOf(() => parseCount("--batch", "0", 1))).toContain("from 1 up")
  })
})

describe("progress", () => {
  it("rewrites one line and wipes it", () => {
    const written: string[] = []
    const progress = new Progress("checking", true, (text) => written.push(text))
    progress.update(5, 10, "pages")
    progress.update(6, 10, "pages")
    progress.done()
    progress.done()
    expect(written).toEqual(["\rchecking 5 of 10 pages (50 %)", `\r${" ".repeat(29)}\r`])
  })

  it("is silent where no terminal reads", () => {
    const written: string[] = []
    const progress = new Progress("checking", false, (text) => written.push(text))
    progress.update(5, 10, "pages")
    progress.done()
    expect(written).toEqual([])
  })
})
