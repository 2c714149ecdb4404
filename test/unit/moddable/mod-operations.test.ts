/**
 * Goal: the built mod does what the source does, whatever the build has put together, shared or renamed in it. Method: the same operations,
 * made at random, are done with both on two chips, wrong arguments, full volumes and power cuts among them. After each the results, or the
 * errors with their words, are the same; after each reopening so is every byte of the chips.
 *
 * Replay: SEED=<seed> npx vitest run test/unit/moddable/mod-operations. RUNS=<n> sets the number of runs.
 */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { isDeepStrictEqual } from "node:util"
import { expect, it } from "vitest"
import type * as mod from "../../../hosts/moddable/mod.ts"
import { BTREE_EXTRAS as IN_MOD } from "../../../hosts/moddable/platform.ts"
import { PowerCut } from "../../../hosts/node/simulator/errors.ts"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as source from "../../../src/btree/core.ts"
import { erase } from "../../../src/flash/extras/index.ts"
import { open as openVolume } from "../../../src/flash/opening/index.ts"
import { BTREE_EXTRAS } from "../../../src/platform.ts"
import { makeBytes, makeRandom } from "../../support/streams.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const RUNS = Number(process.env.RUNS ?? 40)
const OPERATIONS = 700
const PATH = fileURLToPath(new URL("../../../dist/moddable/mod/flashtree.js", import.meta.url))

type Library = Pick<typeof mod, "openTree" | "openVolume" | "erase">
type Random = (limit: number) => number

const own: Library = { openTree: source.open, openVolume, erase }

/** One of the two: a chip, and what is open on it. */
class Side {
  readonly library: Library
  chip: SimulatedFlash
  tree!: source.BTree
  cursor!: source.Cursor

  constructor(library: Library, size: number, seed: number) {
    this.library = library
    this.chip = new SimulatedFlash({ size, seed, writeAlign: [1, 4, 8, 16, 32][seed % 5] as number })
  }

  open(pagesize: number, checksum: "crc32" | "sum32"): void {
    const volume = this.library.openVolume(this.chip, { pagesize, checksum })
    this.tree = this.library.openTree(volume, { cachesize: pagesize * 5 })
    this.cursor = this.tree.cursor()
  }

  bytes(): Uint8Array {
    const bytes = new Uint8Array(this.chip.status().size)
    this.chip.read(bytes, 0)
    return bytes
  }
}

function keyOf(random: Random): Uint8Array {
  const number = random(900)
  return random(10) === 0 ? makeBytes(random(60), number) : Uint8Array.of(107, number >> 8, number)
}

/** Gives an operation; one that is given wrong arguments now and then. */
function makeOperation(random: Random): (side: Side) => unknown {
  const kind = random(38)
  const key = keyOf(random)
  const other = keyOf(random)
  const value = makeBytes(random(6) === 0 ? random(3000) : random(60), random(1 << 20))
  const flags = random(12)
  const room = random(2) * 40
  if (kind < 12) return ({ tree }) => tree.set(key, value)
  if (kind < 14) return ({ tree }) => tree.put(key, value, flags)
  if (kind < 17) return ({ tree }) => tree.delete(key)
  if (kind < 20) return ({ tree }) => tree.get(key)
  if (kind === 20) return ({ tree }) => tree.getInto(key, new Uint8Array(40), flags)
  if (kind === 21) return ({ tree }) => (flags < 2 ? tree.deleteRange(key, other) : tree.set(key, value))
  if (kind === 22) return ({ tree }) => tree.find(key)
  if (kind < 26) return readRange(key, random(3) === 0 ? null : other, flags & 3)
  if (kind === 26) return ({ cursor }) => [cursor.seek(key), cursor.key(), cursor.value()]
  if (kind === 27) return ({ cursor }) => [cursor.next(), cursor.key()]
  if (kind === 28) return ({ cursor }) => [cursor.previous(), cursor.valueInto(new Uint8Array(room))]
  if (kind === 29) return ({ cursor }) => [cursor.last(), cursor.keyInto(new Uint8Array(room), flags)]
  if (kind === 30) return ({ cursor }) => cursor.first()
  if (kind < 35) return ({ tree }) => tree.flush()
  if (kind === 35) return ({ tree }) => tree.rollback()
  if (kind === 36) return ({ tree }) => tree.set(flags as unknown as string, value)
  return ({ tree }) => (flags === 0 && value.length > 50 ? tree.clear() : tree.has(key))
}

function readRange(start: Uint8Array, end: Uint8Array | null, flags: number): (side: Side) => unknown {
  return ({ tree }) => {
    const found: unknown[] = []
    const note = (cursor: source.Cursor): void => {
      found.push(cursor.key(), cursor.value())
    }
    tree.forEach(note, start, end, flags)
    return found
  }
}

/** Gives what an operation gave or threw. */
function outcomeOf(side: Side, operation: (side: Side) => unknown): unknown {
  try {
    return { result: operation(side) }
  } catch (error) {
    if (error instanceof PowerCut) return "cut"
    const { name, message, code, page, offset } = error as Error & Record<string, unknown>
    // What a mod lacks it says in other words, since nobody can ask for it there.
    return { name, message: message.replace(IN_MOD, BTREE_EXTRAS), code, page, offset }
  }
}

it("does what the source does", async () => {
  if (!existsSync(PATH))
    throw new Error("there is no dist/moddable/mod: npm run build comes before this test")
  const built = (await import(PATH)) as unknown as Library
  const codes = new Map<unknown, number>()
  for (let run = 0; run < RUNS; run++) {
    const seed = SEED + run
    const random = makeRandom(seed)
    const size = 4096 * (7 + random(6))
    const sides = [new Side(own, size, seed), new Side(built, size, seed)] as const
    const same = (operation: (side: Side) => unknown, what: string): unknown => {
      const expected = outcomeOf(sides[0], operation)
      const found = outcomeOf(sides[1], operation)
      if (!isDeepStrictEqual(found, expected))
        expect(found, `seed ${seed}, ${what}: ${operation}`).toEqual(expected)
      const { code } = expected as { code?: unknown }
      codes.set(code ?? "", (codes.get(code ?? "") ?? 0) + 1)
      return expected === "cut" ? "EIO" : code
    }
    const pagesize = random(3) === 0 ? 1024 : 512
    const checksum = random(4) === 0 ? "sum32" : "crc32"
    const reopen = (what: string) => {
      for (const side of sides) side.chip = side.chip.reboot()
      same((side) => side.open(pagesize, checksum), what)
      expect(Buffer.compare(sides[1].bytes(), sides[0].bytes()), `seed ${seed}, ${what}`).toBe(0)
    }
    reopen("open")
    expect(sides[1].tree).toBeDefined()
    for (let count = 0; count < OPERATIONS; count++) {
      if (random(40) === 0) {
        const cut = random(60)
        for (const { chip } of sides) chip.cutAfter(cut, "torn")
      }
      const operation = makeOperation(random)
      const code = same(operation, `operation ${count}`)
      if (code === "EIO" || random(80) === 0) reopen(`reopening at ${count}`)
    }
    reopen("the last reopening")
    same((side) => side.tree.close(), "close")
    same((side) => side.library.erase(side.chip.reboot()), "erase")
  }
  for (const code of ["", "EINVAL", "ENOSPC"]) expect(codes.get(code), `${code} came`).toBeGreaterThan(0)
})
