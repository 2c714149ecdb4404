/**
 * Goal: what the tests show under Node is true on XS. Method: the library and the tests' logic are made one script and
 * run in a worker of @agoric/xsnap; the failures come back by name.
 */
import { readFileSync, statSync } from "node:fs"
import { expect, test } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { berkeleyFiles, FIXTURES, SHARED } from "../../support/berkeley.ts"
import { work } from "../../support/heapfile-work.ts"
import { bundle } from "./bundle.ts"
import type { Outcome } from "./inside/vitest.ts"
import { COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"
import { Worker } from "./worker.ts"

async function withWorker<T>(path: string, use: (worker: Worker) => Promise<T>): Promise<T> {
  const worker = new Worker()
  try {
    await worker.evaluate(await bundle(path))
    return await use(worker)
  } finally {
    worker.kill()
  }
}

/** Larger files take XS seconds each, and have nothing that smaller ones lack. */
const SIZE_MAX = 65_536

const fixtures = berkeleyFiles(FIXTURES)
/** Of two files made by the same operations (db1_X, mp_X) one is enough here. Operation lists have no file. */
const others = berkeleyFiles(SHARED).filter(
  ({ name, path }, _, all) =>
    path !== undefined &&
    statSync(path).size <= SIZE_MAX &&
    !fixtures.some((file) => file.name === name) &&
    !(name.startsWith("mp_") && all.some((file) => file.name === name.replace("mp_", "db1_"))),
)

describeOnXS("on XS", () => {
  test(
    "the unit tests that know nothing of Node pass, MicroPython's semantics among them",
    () =>
      withWorker("inside/semantics.ts", async (worker) => {
        const count = await worker.call<number>("count")
        const { passed, failures } = await worker.call<Outcome>("run")
        console.log(`XS: ${passed} of ${count} unit tests pass`)
        expect(failures).toEqual([])
        expect(passed).toBeGreaterThan(300)
      }),
    COMPILE_MILLISECONDS,
  )

  test("the files of the original libraries are read as they read them", () =>
    withWorker("inside/conformance.ts", async (worker) => {
      for (const { json, path } of [...fixtures, ...others]) {
        const bytes = path === undefined ? new Uint8Array(0) : readFileSync(path)
        await worker.call("judge", { json, image: path !== undefined }, bytes)
      }
      console.log(`XS: ${fixtures.length + others.length} files of the original libraries`)
      expect(fixtures.length).toBeGreaterThanOrEqual(10)
    }))

  test.each([
    { seed: 1, steps: 3000, pagesize: 512 },
    { seed: 2, steps: 3000, pagesize: 512 },
    { seed: 3, steps: 3000, pagesize: 1024 },
    { seed: 4, steps: 2000, pagesize: 4096 },
  ])("random operations agree with a sorted array: $seed", (run) =>
    withWorker("inside/random.ts", async (worker) => {
      const { records, pages } = await worker.call<{ records: number; pages: number }>("run", run)
      console.log(`XS: ${run.steps} random steps end with ${records} records in ${pages} pages`)
      expect(pages).toBeGreaterThan(3)
    }),
  )

  test.each([
    { writeAlign: 1, encrypted: false },
    { writeAlign: 16, encrypted: true },
  ])("a volume comes back whole from every power cut: $writeAlign, $encrypted", (chip) =>
    withWorker("inside/power-cut.ts", async (worker) => {
      const load = { keys: 60, warmUp: 500, puts: 120, modes: ["clean", "torn", "bits"] }
      const { points, erasing } = await worker.call<{ points: number; erasing: number }>("run", {
        ...chip,
        ...load,
      })
      console.log(`XS: ${points} power cuts, in ${erasing} puts that erase and some that do not`)
      expect(points).toBeGreaterThan(60)
      expect(erasing).toBeGreaterThan(0)
    }),
  )

  test.each([
    { writeAlign: 1, encrypted: false, checksum: "crc32" },
    { writeAlign: 16, encrypted: true, checksum: "sum32" },
  ])("a log comes back whole from power cuts: $writeAlign, $encrypted", (chip) =>
    withWorker("inside/log.ts", async (worker) => {
      const load = { load: 600, cut: 120, each: 8, modes: ["clean", "torn", "bits"] }
      const { points, first, last, findings } = await worker.call<Record<string, number>>("run", {
        ...chip,
        ...load,
      })
      console.log(`XS: ${points} power cuts of a log that holds records ${first} to ${last}`)
      expect(points).toBeGreaterThan(40)
      expect(first).toBeGreaterThan(100)
      expect([last, findings]).toEqual([720, 0])
    }),
  )

  test("heap files are the same bytes, dumps the same text", () =>
    withWorker("inside/heapfile.ts", async (worker) => {
      const stream = new MemoryStream()
      const links = work(heapfile, stream, (of) => of, 7)
      const link = (links[3] as number).toString(16)
      const { stdout } = heapfile.hexdump("pybtreecore", ["-f", "x", "-l", link], () => stream)
      const values = ["h\u00e9llo \ud83d\ude00", "-9223372036854775807"]
      const image = Buffer.from(stream.bytes()).toString("hex")
      expect(await worker.call("run", { seed: 7, link })).toEqual({ links, image, stdout, values })
    }))

  test.each([{ onFlash: false }, { onFlash: true }])(
    "an append-only tree agrees with a map, and so do its snapshots: $onFlash",
    (where) =>
      withWorker("inside/append.ts", async (worker) => {
        const load = { seed: 20261128, transactions: 24, changes: 40 }
        const found = await worker.call<Record<string, number>>("run", { ...where, ...load })
        console.log(`XS: ${found.revisions} commits, ${found.depth} levels, ${found.held} snapshots`)
        expect([found.findings, found.missing, found.held]).toEqual([0, 0, 6])
        expect(found.depth).toBeGreaterThan(1)
      }),
  )

  test("the logic of examples/moddable-config-log keeps its settings and its newest records", () =>
    withWorker("inside/examples.ts", async (worker) => {
      const found = await worker.call("configLog", { starts: 4, records: 300 })
      expect(found).toEqual({
        starts: 4,
        ssid: "home",
        channel: 1,
        wrapped: true,
        findings: 0,
        last: ["1199: start 4, record 298, 71880", "1200: start 4, record 299, 71940"],
      })
    }))
})
