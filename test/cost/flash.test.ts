/**
 * Goal: the flash volume with a database on it stays within the budgets of its design: bytes programmed and erases a
 * put, wear, reads a get, bytes read to open, erases in one put. Method: the workloads of test/bench/workloads.mjs on
 * a simulated chip, which verify every result themselves. All figures are counts, so they are the same everywhere.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../hosts/node/simulator/simulated-flash.ts"
import { btree, flash } from "../../src/index.ts"
import {
  configKey,
  type Figures,
  runLog,
  runLookups,
  runUpdates,
  Session,
  type Setup,
  valueBytes,
  xorshift,
} from "../bench/workloads.mjs"

const PARTS = { btree, flash, SimulatedFlash }
const KIB = 1024
const UPDATES = { W1: {}, "W1-hot": { hot: true } }
const LOGS = { W2: {}, "W2-16": { every: 16 }, W2r: { retention: "range" } } as const

/** Each setup of W1 is run once, whichever tests look at it. */
const updated = new Map<string, ReturnType<typeof runUpdates>>()

function updates(setup: Setup, name: keyof typeof UPDATES = "W1") {
  const id = JSON.stringify([setup, name])
  const found = updated.get(id) ?? runUpdates(PARTS, setup, UPDATES[name])
  updated.set(id, found)
  return found
}

function expectEvenWear({ write }: Figures) {
  expect(write.wearMax).toBeLessThanOrEqual(1.3 * write.wearMean + 2)
}

describe("a durable update of one of 200 settings (W1)", () => {
  it.each([
    [64, 62, 15],
    [128, 54, 13.5],
  ])("on %i KiB programs at most %f bytes and erases at most %f blocks a thousand", (size, bytes, erases) => {
    const { write } = updates({ size: size * KIB })
    expect(write.programBytes).toBeLessThanOrEqual(bytes)
    expect(write.erasesPerThousand).toBeLessThanOrEqual(erases)
  })

  it.each(["W1", "W1-hot"] as const)("wears the blocks evenly: %s", (name) => {
    for (const size of [64, 128, 256]) expectEvenWear(updates({ size: size * KIB }, name))
  })

  it("programs at most 70 bytes and erases at most 16.5 blocks a thousand with a write alignment of 16", () => {
    const { write } = updates({ size: 64 * KIB, writeAlign: 16 })
    expect(write.programBytes).toBeLessThanOrEqual(70)
    expect(write.erasesPerThousand).toBeLessThanOrEqual(16.5)
  })

  it.each(["W1", "W1-hot"] as const)(
    "does not reclaim for room that there cannot be, with one page in a block: %s",
    (name) => {
      const { write } = updates({ size: 64 * KIB, pagesize: 2048 }, name)
      expect(write.programBytes).toBeLessThanOrEqual(110)
      expect(write.erasesPerThousand).toBeLessThanOrEqual(42)
    },
  )

  it("leaves gets of at most 30 reads", () => {
    for (const size of [64, 128, 256])
      expect(updates({ size: size * KIB }).get.readCalls).toBeLessThanOrEqual(30)
  })
})

describe("a log of 2,000 records on 256 KiB", () => {
  it.each([
    ["W2", 125],
    ["W2-16", 80],
    ["W2r", 90],
  ] as const)("programs at most the budget and wears evenly: %s, %i bytes", (name, bytes) => {
    const figures = runLog(PARTS, { size: 256 * KIB }, LOGS[name])
    expect(figures.write.programBytes).toBeLessThanOrEqual(bytes)
    expectEvenWear(figures)
  })
})

describe("reading", () => {
  it("takes at most three reads a level and six more a get, 2,000 keys after a load (W3)", () => {
    const { get, absent, depth } = runLookups(PARTS, { size: 256 * KIB })
    expect(get.readCalls).toBeLessThanOrEqual((depth + 2) * 3)
    expect(absent.readCalls).toBeLessThanOrEqual((depth + 2) * 3)
  })

  it("opens a volume of 64 KiB with at most 8 KiB read between two updates, 11 KiB while it is loaded", () => {
    const session = new Session(PARTS, { size: 64 * KIB })
    const random = xorshift(12345)
    let loading = 0
    let updating = 0
    for (let done = 0; done < 4_000; done++) {
      const number = random() % 200
      session.db.set(configKey(number), valueBytes(32, number, done))
      session.db.flush()
      if (done % 37 !== 0) continue
      const device = session.device.fork()
      device.counters.reset()
      flash.open(device)
      const { readBytes } = device.counters
      // Once all keys are there, a put is a transaction of one record.
      if (session.db.stat().entries < 200) loading = Math.max(loading, readBytes)
      else updating = Math.max(updating, readBytes)
    }
    expect(loading).toBeLessThanOrEqual(11 * KIB)
    expect(updating).toBeLessThanOrEqual(8 * KIB)
  })

  it("opens a volume of 1 MiB with at most 64 KiB read, all but full", () => {
    const session = new Session(PARTS, { size: 1024 * KIB })
    const random = xorshift(12345)
    for (let done = 0; done < 15_000; done++) {
      const number = random() % 9_000
      session.db.set(configKey(number), valueBytes(32, number, done))
      session.db.flush()
    }
    expect(session.reopen().readBytes).toBeLessThanOrEqual(64 * KIB)
  })
})

describe("one put", () => {
  it.each([
    [64, 512],
    [64, 1024],
    [128, 512],
  ])("costs at most two erases on %i KiB with pages of %i, three quarters full", (size, pagesize) => {
    const session = new Session(PARTS, { size: size * KIB, pagesize })
    let count = 0
    const put = (number: number, version: number) => {
      session.db.set(configKey(number), valueBytes(32, number, version))
      session.db.flush()
    }
    for (;;) {
      const { live, capacity } = session.volume.status()
      if (live + 4 * pagesize > 0.75 * capacity) break
      session.operation(() => put(count, 0))
      count++
    }
    const random = xorshift(12345)
    for (let done = 1; done <= 4_000; done++) session.operation(() => put(random() % count, done))
    const { live, capacity } = session.volume.status()
    expect(live).toBeLessThanOrEqual(0.75 * capacity)
    expect(session.writeFigures().operationErasesMax).toBeLessThanOrEqual(2)
    session.expectSound()
  })
})
