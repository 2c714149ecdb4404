/**
 * Goal: an append-only tree is a sorted map with versions: every snapshot goes on reading the map as it was, whatever comes later.
 *
 * Method: fast-check makes a page size, an order, a cache, a shape of keys and values and a list of operations: puts and deletes alone or in
 * transactions that are committed, aborted or left by a failing clock, batches, range walks with changes in between, snapshots and cursors
 * held open, reverts, compaction into a new stream, reopening, junk behind the end. Each is done on the tree and on arrays of records, one a commit. After each
 * operation one snapshot is compared, at the end all of them, forward and backward; check() has to be clean and stat() to tell the truth.
 *
 * Replay: SEED=<seed> [FC_PATH=<path>] npx vitest run test/property/append-versions. RUNS=<n> sets the number of runs.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import type { Config } from "../support/append-records.ts"
import { AppendRun, type Op } from "../support/append-run.ts"
import { withDeadline } from "./model.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const RUNS = Number(process.env.RUNS ?? 500)

const configs: fc.Arbitrary<Config> = fc.record({
  pagesize: fc.constantFrom(512, 512, 512, 1024, 1500, 4096),
  reverse: fc.boolean(),
  cachesize: fc.constantFrom(0, 0, 20_000, 200_000),
  shape: fc.nat(5),
  values: fc.constantFrom(8, 8, 60, 140, 900, 3000),
  seed: fc.nat(1 << 30),
})

const c = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)

const ops: fc.Arbitrary<Op> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ op: c("put"), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 3, arbitrary: fc.record({ op: c("delete"), count: fc.integer({ min: 1, max: 8 }) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      op: c("batch"),
      puts: fc.constantFrom(0, 1, 20, 40, 120),
      deletes: fc.constantFrom(0, 1, 20, 40, 100),
      end: fc.constantFrom<("commit" | "abort" | "fail")[]>("commit", "commit", "commit", "abort", "fail"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: c("walk"), from: fc.nat(), steps: fc.nat(60), changes: fc.boolean() }),
  },
  { weight: 4, arbitrary: fc.record({ op: c("snapshot") }) },
  {
    weight: 2,
    arbitrary: fc.record({ op: c("drain"), share: fc.constantFrom(50, 90, 100), down: fc.boolean() }),
  },
  { weight: 2, arbitrary: fc.record({ op: c("revert") }) },
  { weight: 1, arbitrary: fc.record({ op: c("compact") }) },
  { weight: 2, arbitrary: fc.record({ op: c("reopen") }) },
  { weight: 1, arbitrary: fc.record({ op: c("junk"), pages: fc.nat(3), fill: fc.constantFrom(0, 255, 77) }) },
  { weight: 1, arbitrary: fc.record({ op: c("cache"), pages: fc.nat(40) }) },
)

test(
  "a tree is a sorted map with versions",
  () => {
    const total = { commits: 0, reverts: 0, depth: 0 }
    fc.assert(
      fc.property(configs, fc.array(ops, { minLength: 5, maxLength: 25, size: "max" }), (config, list) => {
        withDeadline(30_000, () => {
          const run = new AppendRun(config)
          for (const op of list) {
            run.apply(op)
            const held = run.held[run.random(2 * run.held.length + 1)]
            if (held !== undefined) run.compareAll(held.txn, held.entries)
          }
          run.judge()
          total.commits += run.stats.commits
          total.reverts += run.stats.reverts
          total.depth = Math.max(total.depth, run.stats.depth)
        })
      }),
      { numRuns: RUNS, seed: SEED, ...(process.env.FC_PATH ? { path: process.env.FC_PATH } : {}) },
    )
    console.log(
      `${RUNS} runs: ${total.commits} commits, ${total.reverts} reverts, ${total.depth} levels at most`,
    )
    if (!process.env.FC_PATH) expect(total.depth).toBeGreaterThan(3)
  },
  RUNS > 500 ? 3_000_000 : 120_000,
)
