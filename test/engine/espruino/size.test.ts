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
  ["btree", 14_400, 62],
  ["btree-opening", 1_900, 3],
  ["flash", 10_950, 45],
  ["flash-opening", 6_000, 12],
  ["flash-extras", 1_890, 7],
  ["btree-extras", 5_550, 29],
  ["btree-check", 3_250, 15],
  ["append", 14_336, 69],
  ["append-opening", 6_500, 17],
  ["append-cursors", 3_450, 24],
  ["append-extras", 5_900, 15], // with compare and setCacheSize, which were in the core
  ["log", 5_632, 28],
  ["log-opening", 4_500, 11],
  ["log-reading", 2_880, 9],
  ["log-extras", 9_380, 42], // with the reading, as a module of its own
  ["heapfile", 16_000, 95],
  ["constant", 6_144, 44],
  ["constant-keys", 4_000, 27],
  ["constant-extras", 16_100, 63],
  ["values", 2_860, 16],
  ["config", 3_200, 18],
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
