/**
 * Goal: whatever operation of the flash the power fails in, the volume comes back with exactly the last flushed state, or the
 * one being flushed, whole; and goes on working from there, also when the power fails again.
 *
 * Method: a btree (pages of 512, cache of 4 KiB) on a volume is loaded and updated until cleaning is a part of daily work. Then
 * every program operation and every erase of some hundred durable puts is cut, in each mode (rig.ts). After each cut the chip
 * boots; all records are compared with both states that may be there, tree and volume are checked, 20 more changes are made
 * durable, and all is compared once more after another reopening. Of the operations of that aftermath a sample is cut in turn,
 * beginning with the first, the second, the third. The number of cut points is printed; not one may fail.
 *
 * LONG=1 cuts 600 puts in every geometry, and with it every second cut of every twelfth cut point. A failure prints the
 * variables that run just it: CASE, CUT, CUT_MODE, SECOND, SECOND_MODE, SEED.
 */
import { afterAll, describe, expect, test } from "vitest"
import { makeRandom } from "../support/streams.ts"
import {
  cutEverywhere,
  type Geometry,
  type Mode,
  makeChip,
  nameOf,
  type Plan,
  type Point,
  SEED,
  Session,
  Tally,
} from "./rig.ts"

const LONG = process.env.LONG !== undefined
const CASE = process.env.CASE
const MODES: Mode[] = ["clean", "torn", "bits"]
const ENDS: Mode[] = ["begun", "nearly"]
const TIME_MAX = LONG ? 7_200_000 : 120_000

let points = 0
let seconds = 0

afterAll(() => {
  console.log(
    `power cuts: ${points} cut points, ${seconds} second cuts, SEED=${SEED}${LONG ? " LONG=1" : ""}`,
  )
})

/** After one cut in `each` the next is made at one of the first `most` operations, each of them in turn. */
function sampled(each: number, most: number): (point: Point, operation: number) => Mode[] {
  return (point, operation) => {
    if (LONG) return point.cut % 12 === 0 ? [...MODES, ...ENDS] : operation === point.cut % most ? MODES : []
    if (point.cut % each !== 0 || operation !== Math.floor(point.cut / each) % most) return []
    return [MODES[(point.cut + operation) % MODES.length] as Mode]
  }
}

interface Work {
  name: string
  geometry: Geometry
  keys: number
  /** Brings the session to where the cuts begin. */
  prepare: (session: Session) => void
  /** What is cut at every operation. */
  run: (session: Session) => void
  plan?: Partial<Plan>
}

function cutAll(work: Work): void {
  const name = `${work.name}: ${nameOf(work.geometry)}`
  test.skipIf(CASE !== undefined && CASE !== name)(
    name,
    () => {
      const session = new Session(work.geometry, makeChip(work.geometry))
      work.prepare(session)
      const plan: Plan = {
        name,
        modes: [...MODES, ...ENDS],
        keys: work.keys,
        second: sampled(3, 14),
        ...work.plan,
      }
      const tally = new Tally(plan)
      cutEverywhere(session, tally)
      work.run(session)
      points += tally.points
      seconds += tally.seconds
      console.log(tally.summary())
      if (CASE === undefined) expect(tally.points).toBeGreaterThan(20)
    },
    TIME_MAX,
  )
}

/** Loads `keys` keys and updates them `updates` times, each durable. */
function warmUp(keys: number, updates: number): (session: Session) => void {
  return (session) => {
    session.open()
    for (let k = 0; k < keys; k++) session.put(k, 0)
    const random = makeRandom(SEED)
    for (let i = 1; i <= updates; i++) session.put(random(keys), i)
    expect(session.device.chip.counters.erases).toBeGreaterThan(3)
  }
}

// ---- durable puts ------------------------------------------------------------------------------------------------

describe("every put durable", () => {
  const geometries: Geometry[] = [
    { size: 65536, writeAlign: 1 },
    { size: 65536, writeAlign: 16 },
    { size: 32768, writeAlign: 1 },
    { size: 32768, writeAlign: 16 },
    { size: 65536, writeAlign: 16, encrypted: true },
    { size: 65536, writeAlign: 32, encrypted: true },
    { size: 32768, writeAlign: 32, encrypted: true },
    { size: 32768, writeAlign: 4, checksum: "sum32" },
  ]
  for (const geometry of geometries) {
    const small = geometry.size === 32768
    const keys = small ? 60 : 200
    const puts = LONG ? 600 : small ? 130 : 70
    cutAll({
      name: "puts",
      geometry,
      keys,
      prepare: warmUp(keys, small ? 700 : 1500),
      run: (session) => {
        const random = makeRandom(SEED + 1)
        for (let i = 0; i < puts; i++) session.put(random(keys), 10_000 + i)
      },
    })
  }
})
