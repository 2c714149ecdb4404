/** The append-only tree on XS: random changes against a map, with snapshots held, on a file in memory and on a volume over the simulated chip. */
import "./structured-clone.ts"
import { SimulatedFlash } from "../../../../hosts/node/simulator/simulated-flash.ts"
import { type AppendTree, open, type Transaction } from "../../../../src/append/index.ts"
import { open as openVolume } from "../../../../src/flash/index.ts"
import { MemoryStream } from "../../../../src/stream/memory-stream.ts"
import type { RandomAccessStream } from "../../../../src/stream/stream.ts"
import { makeBytes, makeRandom } from "../../../support/streams.ts"
import { serve } from "./commands.ts"

interface Run {
  seed: number
  transactions: number
  changes: number
  onFlash: boolean
}

type Records = Map<string, number>

function compare(source: AppendTree | Transaction, records: Records): void {
  const keys = [...records.keys()].sort()
  const cursor = source.cursor()
  let at = 0
  for (let on = cursor.first(); on; on = cursor.next()) {
    const key = String.fromCharCode(...cursor.key())
    if (key !== keys[at++]) throw new Error(`${key} where ${keys[at - 1]} should be`)
    if (cursor.value().length !== records.get(key)) throw new Error(`another value of ${key}`)
  }
  for (let on = cursor.last(); on; on = cursor.previous()) at--
  if (at !== 0) throw new Error(`${at} records of ${keys.length}`)
}

serve({
  run({ seed, transactions, changes, onFlash }: Run) {
    const random = makeRandom(seed)
    const chip = new SimulatedFlash({ size: 512 * 1024 })
    const stream: RandomAccessStream = onFlash ? openVolume(chip) : new MemoryStream()
    let tree = open(stream, { pagesize: 512, clock: () => 1_700_000_000 })
    const records: Records = new Map()
    const held: [Transaction, Records][] = []
    for (let i = 0; i < transactions; i++) {
      const txn = tree.begin()
      const before = new Map(records)
      for (let n = 0; n < changes; n++) {
        const key = `key/${random(300)}`
        if (random(3) === 0) {
          if (txn.delete(key) !== records.delete(key)) throw new Error(`delete ${key}`)
        } else {
          const length = random(20) === 0 ? 700 : random(50)
          txn.put(key, makeBytes(length, n + 1))
          records.set(key, length)
        }
      }
      if (i % 5 === 4) {
        txn.abort()
        records.clear()
        for (const [key, length] of before) records.set(key, length)
      } else txn.commit()
      if (i % 4 === 0) held.push([tree.snapshot(), new Map(records)])
      if (i % 7 === 6) tree = open(stream, { clock: () => 1_700_000_000 })
    }
    compare(tree, records)
    for (const [snapshot, then] of held) compare(snapshot, then)
    const { entries, depth, revisions } = tree.stat()
    return {
      findings: tree.check().length,
      missing: records.size - entries,
      depth,
      revisions,
      held: held.length,
    }
  },
})
