/**
 * Goal: transactions of every kind are whole or not there after a power cut, also those that came to nothing before it: what
 * was rolled back, refused for want of room or forgotten by close() never comes back, whatever is committed after it.
 *
 * Method: as in volume.test.ts, every operation of the flash is cut, during: batches, ranges deleted, values on overflow pages,
 * transactions larger than the cache (whose pages are on the flash before the flush), rollback and close without flush each
 * followed by commits, a volume that runs full, cleaning ahead of time, blocks that fail, pages of other sizes.
 */
import { describe, expect } from "vitest"
import { isFlashtreeError } from "../../src/errors.ts"
import { makeRandom } from "../support/streams.ts"
import { cutAll, LONG, warmUp } from "./cases.ts"
import { BIG, type Geometry, SEED, type Session } from "./rig.ts"

const GEOMETRIES: Geometry[] = [
  { size: 65536, writeAlign: 1 },
  { size: 32768, writeAlign: 16 },
  { size: 32768, writeAlign: 16, encrypted: true },
]

function keysOf(geometry: Geometry): number {
  return geometry.size === 32768 ? 60 : 200
}

function warm(geometry: Geometry): (session: Session) => void {
  return geometry.size === 32768 ? warmUp(60, 700) : warmUp(200, 1500)
}

/** How often: less often where there is more to compare. */
function rounds(geometry: Geometry, few: number): number {
  if (LONG) return few * 10
  return geometry.size > 32768 ? Math.ceil(few / 3) : few
}

/** Sets `count` keys here and there: more than the cache holds of pages. */
function scatter(session: Session, count: number, version: number, seed: number): void {
  const random = makeRandom(seed)
  const keys = keysOf(session.geometry)
  for (let i = 0; i < count; i++) session.set(random(keys), version + i)
}

for (const geometry of GEOMETRIES) {
  const common = { geometry, keys: keysOf(geometry), prepare: warm(geometry) }

  describe("commits", () => {
    cutAll({
      name: "batches of 8",
      ...common,
      run: (session) => {
        for (let n = 0; n < rounds(geometry, 8); n++) {
          scatter(session, 8, 10_000 + n * 8, SEED + n)
          session.flush()
        }
      },
    })

    cutAll({
      name: "larger than the cache",
      ...common,
      geometry: { ...geometry, cachesize: 2048 },
      run: (session) => {
        for (let n = 0; n < rounds(geometry, 2); n++) {
          scatter(session, 40, 10_000 + n * 40, SEED + n)
          session.flush()
        }
      },
    })

    // The pages of the open transaction and those that cleaning moves meet differently each time: few points, in many transactions.
    cutAll({
      name: "many of them, and every operation of the recovery",
      ...common,
      geometry: { ...geometry, cachesize: 2048 },
      plan: {
        points: (operation) => operation % (LONG ? 4 : geometry.size > 32768 ? 50 : 30) === 0,
        modes: ["clean", "torn"],
        second: (_, __, recovering) => (recovering ? ["torn", "begun"] : []),
      },
      run: (session) => {
        for (let n = 0; n < 20; n++) {
          scatter(session, 40, 10_000 + n * 40, SEED + n)
          session.flush()
        }
      },
    })

    const fillLog = (session: Session) => {
      session.open()
      for (let k = 0; k < 700; k++) {
        session.set(k, 0)
        if (k % 5 === 4) session.deleteRange(k - common.keys - 4, k - common.keys + 1)
        session.flush()
      }
    }
    const goOnWithLog = (session: Session, records: number) => {
      for (let n = 0; n < records; n++) {
        session.set(700 + n, 1)
        if (n % 8 === 7) session.deleteRange(0, 708 + n - common.keys)
        session.flush()
      }
    }

    cutAll({
      name: "log with ranges deleted",
      ...common,
      prepare: fillLog,
      keys: 700,
      run: (session) => goOnWithLog(session, rounds(geometry, 24)),
      plan: { puts: 12 },
    })

    cutAll({
      name: "log with ranges deleted, and every operation of the recovery",
      ...common,
      prepare: fillLog,
      keys: 700,
      run: (session) => goOnWithLog(session, 240),
      plan: {
        points: (operation) => operation % (LONG ? 8 : 40) === (LONG ? 4 : 36),
        modes: ["clean", "torn"],
        puts: 12,
        second: (_, __, recovering) => (recovering ? ["bits", "begun"] : []),
      },
      pointsMin: 20,
    })

    cutAll({
      name: "values on overflow pages",
      ...common,
      run: (session) => {
        const random = makeRandom(SEED + 2)
        for (let n = 0; n < rounds(geometry, 14); n++) {
          const k = random(4)
          if (n % 3 === 2 && session.pending.has(k)) session.delete(k)
          else session.set(k, BIG + n)
          session.flush()
        }
      },
      plan: { puts: 10 },
    })
  })

  describe("what came to nothing", () => {
    cutAll({
      name: "rollback, then commits",
      ...common,
      geometry: { ...geometry, cachesize: 2048 },
      run: (session) => {
        for (let n = 0; n < rounds(geometry, 4); n++) {
          scatter(session, 14 + 3 * n, 10_000 + n * 100, SEED + n)
          session.rollback()
          for (let i = 0; i < 3; i++) session.put((n * 7 + i) % common.keys, 20_000 + n * 10 + i)
        }
      },
    })

    cutAll({
      name: "close without flush, then commits",
      ...common,
      geometry: { ...geometry, cachesize: 2048 },
      run: (session) => {
        for (let n = 0; n < rounds(geometry, 4); n++) {
          scatter(session, 14 + 3 * n, 10_000 + n * 100, SEED + n)
          session.drop()
          for (let i = 0; i < 3; i++) session.put((n * 7 + i) % common.keys, 20_000 + n * 10 + i)
        }
      },
    })

    cutAll({
      name: "a volume that runs full, then commits",
      ...common,
      geometry: { ...geometry, cachesize: 2048 },
      run: (session) => {
        for (let n = 0; n < rounds(geometry, 1); n++) {
          expect(fill(session, 1000 + n)).toBe("ENOSPC")
          session.rollback()
          for (let i = 0; i < 4; i++) session.put(i, 20_000 + n * 10 + i)
        }
      },
      // Bounded, for there are many operations before the volume is full.
      plan: { modes: LONG ? ["clean", "torn", "bits", "begun", "nearly"] : ["torn", "bits"], puts: 5 },
    })
  })

  describe("with", () => {
    cutAll({
      name: "cleaning ahead of time",
      ...common,
      run: (session) => {
        const random = makeRandom(SEED + 3)
        for (let n = 0; n < rounds(geometry, 10); n++) {
          session.volume.maintain({ erases: 1 + (n % 3) })
          for (let i = 0; i < 3; i++) session.put(random(common.keys), 10_000 + n * 3 + i)
        }
      },
    })

    cutAll({
      name: "blocks that fail",
      ...common,
      run: (session) => {
        const random = makeRandom(SEED + 4)
        const { blocks } = session.volume.status()
        session.device.chip.failBlock(random(blocks), "program")
        for (let n = 0; n < rounds(geometry, 60); n++) {
          if (n === 30 && geometry.size > 32768) session.device.chip.failBlock(random(blocks), "erase")
          session.put(random(common.keys), 10_000 + n)
        }
      },
    })
  })
}

/** Puts until the volume refuses; gives the code of that. */
function fill(session: Session, first: number): string {
  try {
    for (let k = first; ; k++) session.set(k, BIG + 6)
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error.code
  }
}

describe("other sizes of pages", () => {
  const geometries: Geometry[] = [
    { size: 65536, writeAlign: 1, pagesize: 1024 },
    { size: 65536, writeAlign: 8, pagesize: 512, treePagesize: 1024 },
    { size: 65536, writeAlign: 4, pagesize: 1024, treePagesize: 512 },
    { size: 32768, writeAlign: 1, pagesize: 256, treePagesize: 512 },
  ]
  for (const geometry of geometries) {
    const keys = geometry.size === 32768 ? 50 : 160
    cutAll({
      name: "puts",
      geometry,
      keys,
      prepare: warmUp(keys, 1200),
      run: (session) => {
        const random = makeRandom(SEED + 1)
        for (let i = 0; i < (LONG ? 500 : 24); i++) session.put(random(keys), 10_000 + i)
      },
    })
  }
})
