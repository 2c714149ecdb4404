/**
 * Goal: a power cut while a volume is made, made anew, made larger or wiped never locks the user out, and never leaves a mixture
 * of old and new.
 *
 * Method: every program operation and every erase is cut, in each mode: of the first commits on a blank chip (afterwards
 * opening with the default options gives an empty volume or the first commits); of `format: "always"` over an old volume (the old
 * state, an empty one, or the new one; and the old one is gone for good once another was seen), over one with other pages and
 * over foreign content; of `resize: "grow"`; and of erase(), after which opening gives a state that was once flushed, an empty
 * volume, or an error that "always" or another erase() gets over, but never a volume that opens and is broken.
 */
import { describe, expect, test } from "vitest"
import type { SimulatedFlash } from "../../hosts/node/node.ts"
import { isFlashtreeError } from "../../src/errors.ts"
import * as flash from "../../src/flash/index.ts"
import { withDeadline } from "../property/model.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"
import { ALL_MODES, CASE, count, cutAll, LONG, TIME_MAX, warmUp } from "./cases.ts"
import {
  cutAt,
  type Geometry,
  makeChip,
  nameOf,
  type Operation,
  SEED,
  Session,
  type State,
  Stops,
  Tally,
} from "./rig.ts"

const EMPTY: State = new Map()
const GEOMETRIES: Geometry[] = [
  { size: 32768, writeAlign: 1 },
  { size: 32768, writeAlign: 16 },
  { size: 32768, writeAlign: 16, encrypted: true },
  { size: 65536, writeAlign: 32, encrypted: true },
]

/** Puts in groups of three, so that a commit has several pages. */
function fillSome(session: Session, keys: number, version: number): void {
  for (let k = 0; k < keys; k++) {
    session.set(k, version + k)
    if (k % 3 === 2 || k === keys - 1) session.flush()
  }
}

for (const geometry of GEOMETRIES) {
  describe("a blank chip", () => {
    cutAll({
      name: "the first commits",
      geometry,
      keys: 40,
      prepare: (session) => session.open(),
      run: (session) => fillSome(session, LONG ? 60 : 36, 0),
      plan: { puts: 12 },
    })
  })

  describe("format: always", () => {
    cutAll({
      name: "over an old volume, twice",
      geometry,
      keys: 40,
      prepare: warmUp(60, 500),
      run: (session) => {
        for (const version of [10_000, 20_000]) {
          const old = session.durable
          session.drop({ format: "always" })
          session.pending = new Map()
          session.durable = EMPTY
          // Until the first commit of the new one the old one may be there.
          session.alsoAllowed = [old]
          fillSome(session, 18, version)
        }
      },
      plan: { puts: 12 },
    })

    foreign("over an old volume with other pages", geometry, (chip) => {
      const session = new Session({ ...geometry, pagesize: 256, treePagesize: 512 }, chip).open()
      const random = makeRandom(SEED)
      for (let i = 0; i < 300; i++) session.put(random(40), i)
    })
    if (geometry.encrypted !== true) {
      foreign("over foreign content", geometry, (chip) => chip.write(makeBytes(geometry.size, SEED), 0))
    }
  })

  wiped(geometry)
}

/**
 * Formats a chip that `spoil` has filled, cutting everywhere. Afterwards the default options either refuse with EFTYPE, for the old
 * content is still there, or give an empty volume or what was committed; "always" helps in any case.
 */
function foreign(name: string, geometry: Geometry, spoil: (chip: SimulatedFlash) => void): void {
  const full = `${name}: ${nameOf(geometry)}`
  test.skipIf(CASE !== undefined && CASE !== full)(
    full,
    () => {
      const chip = makeChip(geometry)
      spoil(chip)
      const session = new Session(geometry, chip.reboot()).open({ format: "always" })
      let refused = 0
      const tally = everywhere(full, session.device, (cut) => {
        const after = new Session(geometry, cut)
        const code = codeOf(() => after.open())
        if (code === "EFTYPE" && session.durable === EMPTY) {
          refused++
          after.open({ format: "always" })
          after.expectOneOf([EMPTY])
        } else if (code !== "") throw new Error(`open says ${code}`)
        after.durable = after.expectOneOf(session.allowed())
        after.pending = new Map(after.durable)
        for (let i = 0; i < 8; i++) after.put(i, 500 + i)
        new Session(geometry, cut.reboot()).open().expectOneOf([after.durable])
      })
      session.durable = EMPTY
      fillSome(session, 24, 0)
      count(tally)
      if (geometry.encrypted !== true) expect(refused).toBeGreaterThan(0)
    },
    TIME_MAX,
  )
}

/** Wipes a volume, cutting everywhere. */
function wiped(geometry: Geometry): void {
  const full = `erase() of a volume: ${nameOf(geometry)}`
  test.skipIf(CASE !== undefined && CASE !== full)(
    full,
    () => {
      const before = new Session(geometry, makeChip(geometry))
      warmUp(60, 500)(before)
      const device = new Stops(before.device.chip.reboot())
      const outcomes = new Map<string, number>()
      const tally = everywhere(full, device, (cut) => {
        const after = new Session(geometry, cut)
        let code = codeOf(() => after.open())
        if (code === "") {
          const found = after.expectOneOf([before.durable, EMPTY, ...before.history.slice(0, -1).reverse()])
          code = found === EMPTY ? "empty" : found === before.durable ? "whole" : "older"
          after.durable = found
          after.pending = new Map(found)
        } else {
          if (code !== "ECORRUPT" && code !== "EFTYPE") throw new Error(`open says ${code}`)
          flash.erase(cut)
          after.open()
        }
        outcomes.set(code, (outcomes.get(code) ?? 0) + 1)
        for (let i = 0; i < 8; i++) after.put(i, 500 + i)
        new Session(geometry, cut.reboot()).open().expectOneOf([after.durable])
      })
      flash.erase(device)
      console.log([...outcomes].map(([code, number]) => `${code} ${number}`).join(", "))
      count(tally)
      new Session(geometry, device.chip).open().expectOneOf([EMPTY])
    },
    TIME_MAX,
  )
}

describe("resize: grow", () => {
  for (const geometry of GEOMETRIES) {
    const full = `grow to twice the blocks: ${nameOf(geometry)}`
    test.skipIf(CASE !== undefined && CASE !== full)(
      full,
      () => {
        // With the log in one piece, and with it across the old end.
        for (const updates of LONG ? [300, 430, 500, 560] : [500]) {
          const larger = { ...geometry, size: geometry.size * 2 }
          const blockCount = geometry.size / 4096
          const before = new Session(geometry, makeChip(larger)).open({ blockCount })
          const random = makeRandom(SEED)
          for (let i = 0; i < updates; i++) before.put(random(60), i)
          const session = new Session(larger, before.device.chip.reboot(), before.durable)
          const tally = everywhere(full, session.device, (cut) => {
            const after = new Session(larger, cut).open({ resize: "grow" })
            after.durable = after.expectOneOf(session.allowed())
            after.pending = new Map(after.durable)
            for (let i = 0; i < 8; i++) after.put(i, 50_000 + i)
            new Session(larger, cut.reboot()).open({ resize: "grow" }).expectOneOf([after.durable])
            new Session(larger, cut.reboot()).open().expectOneOf([after.durable])
          })
          session.open({ resize: "grow" })
          expect(session.volume.status().blocks).toBe(blockCount * 2)
          for (let i = 0; i < 20; i++) session.put(i, 20_000 + i)
          session.device.before = undefined
          for (let i = 0; i < 1000; i++) session.put(random(60), 30_000 + i)
          new Session(larger, session.device.chip.reboot()).open().expectOneOf([session.durable])
          count(tally)
        }
      },
      TIME_MAX,
    )
  }
})

/** Cuts at every operation of the device from now on, in all modes, and judges each. */
function everywhere(name: string, device: Stops, judge: (chip: SimulatedFlash) => void): Tally {
  const tally = new Tally({ name, modes: ALL_MODES, keys: 0 })
  device.before = (operation: Operation) => {
    if (process.env.CUT !== undefined && Number(process.env.CUT) !== operation.number) return
    for (const mode of ALL_MODES) {
      if (process.env.CUT_MODE !== undefined && process.env.CUT_MODE !== mode) continue
      tally.points++
      try {
        withDeadline(10_000, () => judge(cutAt(device.chip, operation, mode)))
      } catch (error) {
        tally.fail({ cut: operation.number, mode }, error)
      }
    }
  }
  return tally
}

function codeOf(task: () => unknown): string {
  try {
    task()
    return ""
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error.code
  }
}
