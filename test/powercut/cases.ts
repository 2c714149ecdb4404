/**
 * A case of the power-cut tests: a session is prepared, then every operation of what it runs is a cut point (rig.ts). The three
 * files of this folder have one kind of case each, so that they run side by side.
 *
 * LONG=1 does more, and the second cuts more thoroughly. A failure prints the variables that run just it: CASE, CUT, CUT_MODE,
 * SECOND, SECOND_MODE, SEED.
 */
import { afterAll, expect, test } from "vitest"
import { makeRandom } from "../support/streams.ts"
import {
  cutEverywhere,
  type Geometry,
  type Mode,
  makeChip,
  nameOf,
  type Plan,
  SEED,
  Session,
  Tally,
} from "./rig.ts"

export const LONG = process.env.LONG !== undefined
export const CASE = process.env.CASE
export const TIME_MAX = LONG ? 7_200_000 : 120_000
export const MODES: Mode[] = ["clean", "torn", "bits"]
export const ENDS: Mode[] = ["begun", "nearly"]
export const ALL_MODES: Mode[] = [...MODES, ...ENDS]

let points = 0
let seconds = 0

afterAll(() => {
  console.log(
    `power cuts: ${points} cut points, ${seconds} second cuts, SEED=${SEED}${LONG ? " LONG=1" : ""}`,
  )
})

export function count(tally: Tally): void {
  points += tally.points
  seconds += tally.seconds
  console.log(tally.summary())
}

/**
 * After one cut in `each` a next one is made at one of the first `most` operations, each of them in turn. LONG cuts every
 * operation of every recovery, and all that follows one cut in 240 in all modes.
 */
export function sampled(each: number, most: number): NonNullable<Plan["second"]> {
  return (point, operation, recovering) => {
    if (LONG && point.cut % 240 === 0) return ALL_MODES
    const chosen = point.cut % each === 0 && operation === Math.floor(point.cut / each) % most
    if (!chosen && !(LONG && recovering)) return []
    return [MODES[(point.cut + operation) % MODES.length] as Mode]
  }
}

export interface Case {
  name: string
  geometry: Geometry
  /** Key numbers that the puts after a cut take are below this. */
  keys: number
  /** Brings the session to where the cuts begin. */
  prepare: (session: Session) => void
  /** What is cut at every operation. */
  run: (session: Session) => void
  plan?: Partial<Plan>
  /** Fewer than this mean that the case is not what it says. */
  pointsMin?: number
}

export function cutAll(work: Case): void {
  const name = `${work.name}: ${nameOf(work.geometry)}`
  test.skipIf(CASE !== undefined && CASE !== name)(
    name,
    () => {
      const session = new Session(work.geometry, makeChip(work.geometry))
      work.prepare(session)
      const tally = new Tally({
        name,
        modes: ALL_MODES,
        keys: work.keys,
        second: sampled(3, 14),
        ...work.plan,
      })
      cutEverywhere(session, tally)
      work.run(session)
      count(tally)
      if (CASE === undefined) expect(tally.points).toBeGreaterThanOrEqual(work.pointsMin ?? 40)
    },
    TIME_MAX,
  )
}

/** Loads `keys` keys and updates them until blocks have been reclaimed for a while. */
export function warmUp(keys: number, updates: number): (session: Session) => void {
  return (session) => {
    session.open()
    for (let k = 0; k < keys; k++) session.put(k, 0)
    const random = makeRandom(SEED)
    for (let i = 1; i <= updates; i++) session.put(random(keys), i)
    expect(session.device.chip.counters.erases).toBeGreaterThan(3)
  }
}
