/**
 * Goal: the workloads on which the original is rarely or never right are right here, every run. Method: the kinds of seeded runs on which the original was
 * measured, beside a map: 2,000 puts of values of up to 1,500 bytes in seven shapes of keys (the original: 3 of 70 runs right); 100-byte shared
 * prefixes (0 of 40); short keys over three letters (3 of 20); three levels at 4096, 300,000 operations (0 of 16); 6,000
 * operations at 512 (0 of 50 grown and shrunk, 26 of 50 with deletes mixed in). "Mixed" has 40 % deletes, "shrunk" puts in its first half and deletes in its second. After each quarter
 * all records are compared, and check() has to be clean; there is no leaf without records and no internal page with one child, which the original's reader cannot take.
 *
 * Replay: SEED=<seed> npx vitest run test/property/append-workloads. LONG=1 makes all 16 runs of 300,000, else there are four.
 */
import { expect, test } from "vitest"
import { runWorkload, SHAPES, type Shape, type Workload } from "../support/append-workload.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const LONG = process.env.LONG !== undefined

const MIXED: [number, number] = [40, 40]
const SHRUNK: [number, number] = [0, 100]

function runs(
  name: string,
  count: number,
  kinds: [Shape, [number, number]][],
  load: Omit<Workload, "shape" | "deletes">,
  levels: number,
): void {
  test(
    name,
    () => {
      const sum = { levels: 0, records: 0, empty: 0, single: 0 }
      for (let i = 0; i < count; i++) {
        const [shape, deletes] = kinds[i % kinds.length] as (typeof kinds)[0]
        const found = runWorkload(SEED + i, { ...load, shape, deletes })
        sum.levels = Math.max(sum.levels, found.levels)
        sum.records = Math.max(sum.records, found.records)
        sum.empty += found.empty
        sum.single += found.single
      }
      console.log(
        `${name}: ${count} of ${count} right; at most ${sum.levels} levels, ${sum.records} records; ${sum.empty} leaves without records, ${sum.single} only children`,
      )
      expect(sum.empty + sum.single).toBe(0)
      expect(sum.levels).toBeGreaterThanOrEqual(levels)
    },
    LONG ? 1_200_000 : 120_000,
  )
}

const { digits, letters, path, prefixed, binary, long, ascending } = SHAPES
const both = (shapes: Shape[]): [Shape, [number, number]][] =>
  shapes.flatMap((shape): [Shape, [number, number]][] => [
    [shape, MIXED],
    [shape, SHRUNK],
  ])

runs(
  "values of 0 to 1,500 bytes",
  70,
  [digits, letters, path, prefixed, binary, long, ascending].map((shape) => [shape, [0, 0]]),
  { pagesize: 4096, operations: 2000, value: 1500, commit: 500 },
  2,
)
runs(
  "100-byte shared prefixes",
  40,
  both([prefixed]),
  { pagesize: 4096, operations: 6000, value: 19, commit: 1000 },
  2,
)
runs(
  "short keys over three letters, grown and shrunk",
  20,
  [[letters, SHRUNK]],
  { pagesize: 4096, operations: 6000, value: 19, commit: 1000 },
  2,
)
runs(
  "three levels, 300,000 operations",
  LONG ? 16 : 4,
  both([digits, binary]),
  { pagesize: 4096, operations: 300_000, value: 8, commit: LONG ? 10_000 : 100_000 },
  3,
)
runs(
  "pages of 512 bytes, grown and shrunk",
  50,
  [digits, letters, path, prefixed, long].map((shape) => [shape, SHRUNK]),
  { pagesize: 512, operations: 6000, value: 8, commit: 1000 },
  3,
)
runs(
  "pages of 512 bytes, deletes mixed in",
  50,
  [digits, letters, path, prefixed, long].map((shape) => [shape, MIXED]),
  { pagesize: 512, operations: 6000, value: 8, commit: 1000 },
  3,
)
