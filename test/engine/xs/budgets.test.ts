/**
 * Goal: what the hot operations cost on XS stays within its budget: slots, which are the scarce memory of a board, and
 * compute units, which are byte codes. Method: the tree runs in a worker of @agoric/xsnap, as it ships (no development
 * checks); a request repeats an operation, the worker's own counters are read before and after, and the same number of
 * repetitions of nothing is taken off. Both counters are exact, so the figures are the same on every machine.
 */
import { afterAll, beforeAll, expect, test } from "vitest"
import { bundle } from "./bundle.ts"
import type { Scenario } from "./inside/measure.ts"
import { COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"
import { Worker } from "./worker.ts"

const PAGESIZE = 512
const CACHED: Scenario = { keys: "random", count: 2000, pagesize: PAGESIZE, frames: 600 }

/** Slots an operation that come of another one in between: a cursor begins again after 2,000 steps. */
const SELDOM = 0.01

let script: string

/** One worker with one database. */
class Rig {
  readonly worker = new Worker()
  private readonly idle = new Map<number, { slots: number; compute: number }>()
  private heap = 0

  async prepare(scenario: Scenario) {
    await this.worker.evaluate(script)
    return this.worker.call<{ pages: number; depth: number; frames: number; capacity: number }>(
      "prepare",
      scenario,
    )
  }

  /** Gives slots and compute units of one operation, and pages missed in the cache and read calls of the device. */
  async cost(operation: string, times = 2000) {
    const idle = this.idle.get(times) ?? (await this.run("nothing", times))
    this.idle.set(times, idle)
    const all = await this.run(operation, times)
    return {
      slots: (all.slots - idle.slots) / times,
      compute: (all.compute - idle.compute) / times,
      misses: all.misses / times,
      reads: all.reads / times,
    }
  }

  private async run(operation: string, times: number) {
    await this.request(operation, times) // buffers that only grow have grown
    await this.worker.collect()
    this.heap = (await this.worker.evaluate("0")).meters.currentHeapCount
    const { result, meters } = await this.request(operation, times)
    return { ...result, slots: meters.currentHeapCount - this.heap, compute: meters.compute }
  }

  private request(operation: string, times: number) {
    return this.worker.meteredCall<{ misses: number; reads: number }>("run", { operation, times })
  }
}

function report(what: string, cost: Record<string, number>): void {
  const figures = Object.entries(cost).map(([name, value]) => `${name} ${Number(value.toFixed(2))}`)
  console.log(`XS: ${what}: ${figures.join(", ")}`)
}

describeOnXS("on XS, 2,000 random keys of 16 bytes, pages of 512, all cached", () => {
  const rigs: Rig[] = []
  const open = async (scenario: Scenario) => {
    const rig = new Rig()
    rigs.push(rig)
    const { pages, capacity } = await rig.prepare(scenario)
    if (scenario.flash === undefined) expect(capacity).toBeGreaterThan(pages)
    return rig
  }
  let random: Rig

  beforeAll(async () => {
    script = await bundle("inside/measure.ts", { development: false })
    random = await open(CACHED)
  }, COMPILE_MILLISECONDS)

  afterAll(() => {
    for (const rig of rigs) rig.worker.kill()
  })

  test.each([
    ["find", 0],
    ["step", 0],
    ["overwrite", 0],
    ["getInto", 4],
    ["get", 12],
  ])("%s allocates at most %i slots", async (operation, slots) => {
    const cost = await random.cost(operation)
    report(operation, cost)
    expect(cost.misses).toBe(0)
    expect(cost.slots).toBeLessThanOrEqual(slots + SELDOM)
  })

  test("get with a string key allocates at most 26 slots", async () => {
    const cost = await random.cost("getText")
    report("get with a string key", cost)
    expect(cost.slots).toBeLessThanOrEqual(26)
  })

  test.each([
    ["in memory", undefined],
    ["on a flash volume", 1 << 20],
  ])("a flush of one overwritten value %s allocates at most 8 slots", async (where, flash) => {
    const rig = flash === undefined ? random : await open({ ...CACHED, count: 200, flash })
    const { slots: overwrite } = await rig.cost("overwrite", 500)
    const both = await rig.cost("overwriteAndFlush", 500)
    report(`overwrite and flush ${where}`, both)
    // Now and then the volume opens a block and writes a checkpoint, too.
    expect(both.slots - overwrite).toBeLessThanOrEqual(8)
  })

  test("find takes at most 2,000 compute units", async () => {
    expect((await random.cost("find")).compute).toBeLessThanOrEqual(2000)
  })

  test("find takes at most 3,500 compute units on keys that begin alike (cfg/item/NNNNNNN)", async () => {
    const rig = await open({ ...CACHED, keys: "config" })
    const cost = await rig.cost("find")
    report("find on cfg/item/NNNNNNN", cost)
    expect(cost.compute).toBeLessThanOrEqual(3500)
  })

  test("a cursor step takes at most 300 compute units", async () => {
    expect((await random.cost("step")).compute).toBeLessThanOrEqual(300)
  })

  test.each([4, 8])("200 keys on a flash volume with %i frames, misses included", async (frames) => {
    const rig = await open({ keys: "config", count: 200, pagesize: PAGESIZE, frames, flash: 1 << 16 })
    for (const operation of ["find", "getInto", "get", "step", "overwriteAndFlush"]) {
      const cost = await rig.cost(operation, 200)
      report(`200 keys on a volume, ${frames} frames, ${operation}`, cost)
      if (operation === "find") expect(cost.misses).toBeGreaterThan(0)
    }
  })
})
