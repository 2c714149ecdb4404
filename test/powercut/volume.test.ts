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
 * LONG=1 cuts 600 puts in every geometry, and after each cut every operation of the recovery (cases.ts has the rest).
 */
import { describe } from "vitest"
import { makeRandom } from "../support/streams.ts"
import { cutAll, LONG, warmUp } from "./cases.ts"
import { type Geometry, SEED } from "./rig.ts"

const GEOMETRIES: Geometry[] = [
  { size: 65536, writeAlign: 1 },
  { size: 65536, writeAlign: 16 },
  { size: 32768, writeAlign: 1 },
  { size: 32768, writeAlign: 16 },
  { size: 65536, writeAlign: 16, encrypted: true },
  { size: 65536, writeAlign: 32, encrypted: true },
  { size: 32768, writeAlign: 32, encrypted: true },
  { size: 32768, writeAlign: 4, checksum: "sum32" },
]

describe("every put durable", () => {
  for (const geometry of GEOMETRIES) {
    const small = geometry.size === 32768
    const keys = small ? 60 : 200
    const puts = LONG ? 600 : small ? 110 : 50
    cutAll({
      name: "puts",
      geometry,
      keys,
      prepare: warmUp(keys, small ? 700 : 1500),
      run: (session) => {
        const random = makeRandom(SEED + 1)
        for (let i = 0; i < puts; i++) session.put(random(keys), 10_000 + i)
      },
      pointsMin: 150,
    })
  }
})

describe("more full than usual", () => {
  // 30 of the 33 pages that may have content, so that every block that is reclaimed has much to be moved.
  const geometries: Geometry[] = [
    { size: 49152, writeAlign: 1, treePagesize: 512 },
    { size: 49152, writeAlign: 16, encrypted: true },
  ]
  for (const geometry of geometries) {
    cutAll({
      name: "full",
      geometry,
      keys: 260,
      prepare: (session) => {
        session.open()
        let k = 0
        while (session.volume.status().live < session.volume.status().capacity - 4 * 512) session.put(k++, 0)
        const random = makeRandom(SEED)
        for (let i = 1; i <= 800; i++) session.put(random(k), i)
      },
      run: (session) => {
        const random = makeRandom(SEED + 1)
        const keys = session.pending.size
        for (let i = 0; i < (LONG ? 500 : 25); i++) session.put(random(keys), 10_000 + i)
      },
      plan: { keys: 150 },
    })
  }
})
