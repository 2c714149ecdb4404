/**
 * Goal: a mod, of which nothing is preloaded, leaves a board's slots to the application. Method: the mod that the build makes is imported in
 * a machine with an ESP32's memory (board.ts), which counts what is in use before and after; then a program goes on beside it.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { ROOT } from "../../tidy/sources.ts"
import { ESP32, runner64, runOnBoard } from "./board.ts"
import { CACHE, COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

/** Names that are new to the machine take a slot each here; on a board an archive's names are taken up before. */
const SLOTS_MAX = 1450

describeOnXS("a mod", () => {
  test(
    "takes its slots when it is imported",
    () => {
      const folder = join(CACHE, "mod")
      mkdirSync(folder, { recursive: true })
      const mod = join(folder, "flashtree.js")
      const main = join(folder, "main.js")
      writeFileSync(mod, readFileSync(join(ROOT, "dist/moddable/mod/flashtree.js")))
      writeFileSync(main, 'export function main() { return "{}" }\n')
      const { abort, modSlots } = runOnBoard(runner64(), ESP32, main, null, mod)
      console.log(`XS: a mod takes ${modSlots} slots after import, its names included`)
      expect(abort).toBe("")
      expect(modSlots).toBeGreaterThan(0)
      expect(modSlots).toBeLessThanOrEqual(SLOTS_MAX)
    },
    COMPILE_MILLISECONDS,
  )
})
