/**
 * Goal: whatever is put and deleted, every page that is written is one the original's reader takes: it has no leaf without records (its cursor makes up
 * a record there, its search ends the program) and no internal page with a single child (its search ends the program). Method: seeded runs of a few hundred
 * operations that grow a tree and empty it, or mix both, with short and with the longest keys, values short, long and beside the page, in both orders, with the smallest cache and
 * with a large one; every twenty operations all records are compared, check() has to be clean and the live pages are counted. Pages of 512 bytes do
 * not always have room for two separators of up to 255 bytes: there an only child may be, but an empty leaf may not.
 *
 * Replay: SEED=<seed> RUNS=1 npx vitest run test/property/append-pages. RUNS=<n> sets the number of runs a case.
 */
import { describe, expect, test } from "vitest"
import { runWorkload, SHAPES } from "../support/append-workload.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const RUNS = Number(process.env.RUNS ?? 6)
const names = ["digits", "binary", "prefixed", "long", "chain", "longest"] as const

describe.each([512, 640, 1024, 4096])("pages of %i bytes", (pagesize) => {
  test.each(names)("keys: %s", (name) => {
    let empty = 0
    let single = 0
    let levels = 0
    for (let i = 0; i < RUNS; i++) {
      const found = runWorkload(SEED + i, {
        shape: SHAPES[name],
        pagesize,
        operations: pagesize > 1024 ? 900 : 400,
        value: [8, 60, 126, 300][i % 4] as number,
        deletes: (
          [
            [0, 100],
            [10, 85],
            [45, 55],
          ] as [number, number][]
        )[i % 3] as [number, number],
        commit: [1, 7, 50][i % 3] as number,
        comparisons: pagesize > 1024 ? 45 : 20,
        reverse: i % 2 === 1,
        cachesize: i % 5 < 2 ? 0 : 200_000,
      })
      empty += found.empty
      single += found.single
      levels = Math.max(levels, found.levels)
    }
    console.log(
      `${pagesize}, ${name}: ${RUNS} runs, ${levels} levels at most, ${empty} leaves without records, ${single} only children`,
    )
    expect(empty).toBe(0)
    if (pagesize > 512 || !["longest", "chain"].includes(name)) expect(single).toBe(0)
  })
})
