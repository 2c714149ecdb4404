/**
 * Goal: what a commit or an abort has decided stays decided, in the five ways in which a log could forget it (src/flash/FORMAT.md,
 * "When a change holds", a to e). Method: a small volume, so that blocks are reclaimed all the time, is brought into each of these
 * situations on purpose; every operation of the flash is cut meanwhile and in the work after it, which reclaims every block in between.
 */
import { describe, expect } from "vitest"
import { makeRandom } from "../support/streams.ts"
import { cutAll, LONG, warmUp } from "./cases.ts"
import { type Geometry, SEED, type Session } from "./rig.ts"

const KEYS = 60
const GEOMETRIES: Geometry[] = [
  { size: 32768, writeAlign: 1, cachesize: 2560 },
  { size: 32768, writeAlign: 16, encrypted: true, cachesize: 2560 },
]

/** Changes keys all over the tree without a flush: more pages than the cache holds, so that their records are in the log. */
function changeMany(session: Session, version: number): void {
  for (let k = 0; k < KEYS; k += 2) session.set(k, version + k)
}

/** Durable puts until the log has gone once round the blocks. */
function goRound(session: Session, version: number): void {
  const random = makeRandom(SEED + version)
  const { blocks, sequence } = session.volume.status()
  for (let i = 0; session.volume.status().sequence < sequence + blocks; i++)
    session.put(random(KEYS), version + i)
}

for (const geometry of GEOMETRIES) {
  // Room for transactions over several blocks.
  const larger = { ...geometry, size: 49152 }
  const common = { geometry, keys: KEYS, prepare: warmUp(KEYS, 700), plan: { puts: 6 } }

  describe("stays decided", () => {
    for (const how of ["rolled back", "left by close"]) {
      cutAll({
        name: `a, c: records ${how}, then commits until the abort is reclaimed`,
        ...common,
        run: (session) => {
          for (let n = 0; n < (LONG ? 4 : 1); n++) {
            changeMany(session, 10_000 + n * 1000)
            if (how === "rolled back") session.rollback()
            else session.drop()
            goRound(session, 20_000 + n * 1000)
          }
        },
      })
    }

    cutAll({
      name: "b: a transaction over several blocks, until each of them is reclaimed",
      ...common,
      geometry: larger,
      run: (session) => {
        const before = session.volume.status().sequence
        for (let round = 0; session.volume.status().sequence < before + 2 && round < 80; round++)
          changeMany(session, 10_000 + round * 100)
        session.flush()
        expect(session.volume.status().sequence).toBeGreaterThanOrEqual(before + 2)
        goRound(session, 20_000)
      },
    })

    cutAll({
      name: "d: cleaning in an open transaction that is then given up",
      ...common,
      geometry: larger,
      run: (session) => {
        for (let n = 0; n < (LONG ? 4 : 2); n++) {
          const { erases } = session.device.chip.counters
          for (let round = 0; session.device.chip.counters.erases <= erases && round < 80; round++)
            changeMany(session, 10_000 + n * 1000 + round)
          expect(session.device.chip.counters.erases).toBeGreaterThan(erases)
          if (n % 2 === 0) session.rollback()
          else session.drop()
          for (let i = 0; i < 3; i++) session.put(i, 20_000 + n * 10 + i)
        }
      },
    })

    cutAll({
      name: "e: the sequence's low half, which is in the checks, wraps",
      ...common,
      prepare: (session) => {
        session.open()
        session.volume._sequence = 0xfffa
        for (let k = 0; k < KEYS; k++) session.put(k, 0)
      },
      run: (session) => {
        goRound(session, 10_000)
        expect(session.volume.status().sequence).toBeGreaterThan(0x10000)
      },
    })
  })
}
