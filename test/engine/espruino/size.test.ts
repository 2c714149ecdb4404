/**
 * Goal: a board has room for the modules: flash by their bytes, memory by their functions, each of which takes about eight variables
 * whatever its length. Method: the finished files are measured and parsed; a budget is what
 * was reached last, so that it only goes down.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"
import { isFunction, parseScript, walk } from "../../support/syntax.ts"
import { ROOT } from "../../tidy/sources.ts"

const BUDGETS: [string, number, number][] = [
  ["btree", 15_360, 65],
  ["flash", 16_100, 59], // the aim: 11,264 and 45
  ["flash-extras", 1_410, 4],
  ["btree-extras", 8_450, 41], // the aim: 8,192 and 30
  ["append", 24_500, 123], // the aim: 14,336 and 60
  ["append-extras", 4_500, 14],
  ["log", 14_860, 58], // the aim: 6,144 and 30
  ["log-extras", 2_500, 9],
  ["values", 3_072, 20],
  ["config", 4_096, 24],
  ["flashtree", 3_500, 20],
  ["flashtree-sd", 2_000, 14],
]

it.each(BUDGETS)("%s has at most %i bytes and %i functions", (name, bytesMax, functionsMax) => {
  const code = readFileSync(join(ROOT, "dist/espruino", `${name}.js`), "latin1")
  let functions = 0
  walk(parseScript(code, "script"), (node) => {
    if (isFunction(node)) functions++
    return undefined
  })
  console.log(`${name}: ${code.length} bytes, ${functions} functions`)
  expect(code.length).toBeLessThanOrEqual(bytesMax)
  expect(functions).toBeLessThanOrEqual(functionsMax)
})
