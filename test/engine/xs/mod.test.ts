/**
 * Goal: a mod, of which nothing is preloaded, leaves a board's slots to the application. Method: the mod that the build makes is imported in
 * a machine with an ESP32's memory (board.ts), which counts what is in use before and after; then a program goes on beside it. That program
 * mentions every name of the mod: on a board an archive's names are taken up when it starts, before any import.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { ROOT } from "../../tidy/sources.ts"
import { ESP32, runner64, runOnBoard } from "./board.ts"
import { sizesOf } from "./sizes.ts"
import { CACHE, COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

/** A little above what it takes today. */
const SLOTS_MAX = 880
const CHUNK_BYTES_MAX = 3700

describeOnXS("a mod", () => {
  test(
    "takes its slots when it is imported",
    () => {
      const folder = join(CACHE, "mod")
      mkdirSync(folder, { recursive: true })
      const mod = join(folder, "flashtree.js")
      const main = join(folder, "main.js")
      copyFileSync(join(ROOT, "dist/moddable/mod/flashtree.js"), mod)
      const names = sizesOf([mod]).flatMap((size) => size.names)
      const mentioned = names.filter((name) => /^[\w$]+$/.test(name)).map((name) => `all.${name}`)
      writeFileSync(
        main,
        `export function main() { return "{}" }\nexport const mention = (all) => [${mentioned}]\n`,
      )
      const { abort, modSlots, liveChunkBytes } = runOnBoard(runner64(), ESP32, main, null, mod)
      console.log(
        `XS: a mod takes ${modSlots} slots after import, its ${names.length} names apart, and ${liveChunkBytes} bytes of chunks, with slots of 64 bits`,
      )
      expect(abort).toBe("")
      expect(modSlots).toBeGreaterThan(0)
      expect(modSlots).toBeLessThanOrEqual(SLOTS_MAX)
      expect(liveChunkBytes).toBeLessThanOrEqual(CHUNK_BYTES_MAX)
    },
    COMPILE_MILLISECONDS,
  )
})
