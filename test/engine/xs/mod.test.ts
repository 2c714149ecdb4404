/**
 * Goal: a mod, of which nothing is preloaded, leaves a board's slots to the application. Method: the mod that the build makes is imported in
 * a machine with an ESP32's memory (board.ts), which counts what is in use before and after. A program beside it mentions every name of the
 * mod: on a board an archive's names are taken up when it starts, before any import. Then a mod of its own imports it, and keeps a tree on
 * the flash of the host.
 */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { beforeAll, expect, test } from "vitest"
import { ROOT } from "../../tidy/sources.ts"
import { ESP32, runner64, runOnBoard } from "./board.ts"
import { sizesOf } from "./sizes.ts"
import { CACHE, COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

/** A little above what it takes today. */
const SLOTS_MAX = 880
const CHUNK_BYTES_MAX = 3700

interface Outcome {
  sum: number
  order: boolean
  code: string
  message: string
}

const KEYS = 300
/** Of what PROGRAM leaves: the value of key n is n bytes of n % 97, cut at 60, and every third is deleted. */
const SUM = Array.from({ length: KEYS }, (_, n) => (n % 3 === 0 ? 0 : Math.min(n, 60) * (n % 97))).reduce(
  (sum, bytes) => sum + bytes,
)

/** Fills a tree in an order of its own, opens it anew and reads all of it. */
const PROGRAM = `
import { openTree, openVolume, isFlashtreeError } from "./flashtree.js"

const device = {
  read: flashRead,
  write: flashWrite,
  eraseBlock: flashErase,
  status: () => ({ size: 65536, blocks: 16, blockLength: 4096 }),
}
const key = n => Uint8Array.of(n >> 8, n)
const tree = openTree(openVolume(device), { cachesize: 2560 })
for (let i = 0; i < ${KEYS}; i++) {
  const n = (i * 77) % ${KEYS}
  tree.set(key(n), new Uint8Array(n < 60 ? n : 60).fill(n % 97))
  if (i % 10 === 9) tree.flush()
}
for (let n = 0; n < ${KEYS}; n += 3) tree.delete(key(n))
tree.close()
const outcome = { sum: 0, order: true }
const again = openTree(openVolume(device, { format: "never" }))
let last = -1
again.forEach(cursor => {
  const [high, low] = cursor.key()
  const number = high * 256 + low
  if (number <= last) outcome.order = false
  last = number
  for (const byte of cursor.value()) outcome.sum += byte
})
try {
  again.forEach(() => true, null, null, 9)
} catch (error) {
  if (!isFlashtreeError(error)) throw error
  outcome.code = error.code
  outcome.message = error.message
}
globalThis.outcome = outcome
`

describeOnXS("a mod", () => {
  const folder = join(CACHE, "mod")
  const mod = join(folder, "flashtree.js")
  const main = join(folder, "main.js")

  beforeAll(() => {
    mkdirSync(folder, { recursive: true })
    copyFileSync(join(ROOT, "dist/moddable/mod/flashtree.js"), mod)
  })

  test(
    "takes its slots when it is imported",
    () => {
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

  test(
    "keeps a tree on the flash",
    () => {
      const program = join(folder, "program.js")
      writeFileSync(program, PROGRAM)
      const idle = join(folder, "idle.js")
      writeFileSync(idle, "export function main() { return JSON.stringify(globalThis.outcome) }\n")
      const { abort, result } = runOnBoard<Outcome>(runner64(), ESP32, idle, null, program)
      expect(abort).toBe("")
      expect(result).toEqual({ sum: SUM, order: true, code: "EINVAL", message: "EINVAL: range flags 9" })
    },
    COMPILE_MILLISECONDS,
  )
})
