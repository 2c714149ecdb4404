/**
 * Goal: a btree on `journaled` survives a power cut at any moment: it opens without a fault and holds exactly
 * what the last flush left, or what the one under way was to leave. Method: 60 random puts and deletes,
 * flushed every 5, on two streams of one power supply, with the smallest cache, so that changed pages are
 * written in the middle of transactions too. The work is run once for each I/O operation it makes, reads
 * included, and the power is cut there. Each medium then holds none, all, or a torn or reordered part of what
 * was not flushed; the pair is opened again and judged. After every 7th cut the recovery is cut too, at each
 * of its I/O operations.
 */

import { describe, expect, it } from "vitest"
import { btree, journaled, MemoryStream, type RandomAccessStream } from "../../hosts/node/index.ts"
import { type FileCutMode, PowerCut, SimulatedFile, SimulatedPower } from "../../hosts/node/node.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

const OPTIONS = { pagesize: 512, cachesize: 0 }
const OPERATIONS = 60
const FLUSH_EVERY = 5
const RECOVERY_CUT_EVERY = 7

/** A medium on which a read is a moment for the power to fail, like any change. */
class Medium extends SimulatedFile {
  override read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    if (this.power.next()) this.power.check()
    return super.read(buffer, position, start, length)
  }
}

interface Media {
  data: Uint8Array
  journal: Uint8Array
}

interface Fate {
  data: FileCutMode
  journal: FileCutMode
  seed: number
}

/** Clean cuts in every pairing of the two media, torn ones, and reordered ones. */
const FATES: Fate[] = [
  { data: "lost", journal: "lost", seed: 0 },
  { data: "lost", journal: "landed", seed: 0 },
  { data: "landed", journal: "lost", seed: 0 },
  { data: "landed", journal: "landed", seed: 0 },
  { data: "torn", journal: "torn", seed: 1 },
  { data: "shuffled", journal: "shuffled", seed: 2 },
  { data: "shuffled", journal: "shuffled", seed: 3 },
]

interface Operation {
  key: string
  /** Left out: the key is deleted. */
  value?: Uint8Array
}

/** A start, operations on it, and the contents after 0, 1, 2 ... flushes. */
interface Work {
  initial: Uint8Array
  operations: Operation[]
  states: string[]
}

/** Contents as one text, so that two of them are compared quickly. */
function stateOf(records: [string, Uint8Array][]): string {
  return records.map(([key, value]) => `${key}=${Buffer.from(value).toString("hex")}`).join("\n")
}

function makeWork(seed: number, records: number): Work {
  const random = makeRandom(seed)
  const value = () => makeBytes(random(12) === 0 ? 300 + random(900) : 5 + random(100), random(1e6))
  const keyOf = (n: number) => `key ${String(n).padStart(3, "0")}`
  const stream = new MemoryStream()
  const db = btree.open(stream, OPTIONS)
  const model = new Map<string, Uint8Array>()
  for (let i = 0; i < records; i++) {
    const key = keyOf((i * 37) % 160)
    model.set(key, value())
    db.set(key, model.get(key) as Uint8Array)
  }
  if (records > 0) db.close()
  const state = () => stateOf([...model].sort(([a], [b]) => (a < b ? -1 : 1)))
  const operations: Operation[] = []
  const states = [state()]
  for (let i = 1; i <= OPERATIONS; i++) {
    const keys = [...model.keys()]
    if (random(3) === 0 && keys.length > 0) {
      const key = keys[random(keys.length)] as string
      operations.push({ key })
      model.delete(key)
    } else {
      const operation = { key: keyOf(random(160)), value: value() }
      operations.push(operation)
      model.set(operation.key, operation.value)
    }
    if (i % FLUSH_EVERY === 0) states.push(state())
  }
  return { initial: stream.bytes(), operations, states }
}

/** Does the work, and tells by `flushes` how many flushes have returned; a half more: one is under way. */
function perform(work: Work, stream: RandomAccessStream, progress: { flushes: number }): void {
  const db = btree.open(stream, OPTIONS)
  for (const [index, { key, value }] of work.operations.entries()) {
    if (value === undefined) expect(db.delete(key)).toBe(true)
    else db.set(key, value)
    if ((index + 1) % FLUSH_EVERY !== 0) continue
    progress.flushes += 0.5
    db.flush()
    progress.flushes += 0.5
  }
}

/** Runs `task` on the media with the power failing at an I/O operation; undefined: it lasted. */
function untilCut(
  media: Media,
  cutAt: number,
  task: (data: Medium, journal: Medium) => void,
): ((fate: Fate) => Media) | undefined {
  const power = new SimulatedPower(cutAt)
  const data = new Medium(media.data, power)
  const journal = new Medium(media.journal, power)
  try {
    task(data, journal)
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error
  }
  if (!power.cut) return undefined
  return (fate) => ({
    data: data.crash(fate.data, cutAt * 8 + fate.seed),
    journal: journal.crash(fate.journal, cutAt * 8 + fate.seed + 4),
  })
}

/** What the btree in a stream holds, by reading every record; throws when a check finds anything wrong. */
function contentsOf(stream: RandomAccessStream): string {
  const db = btree.open(stream, OPTIONS)
  const findings = db.check()
  if (findings.length > 0) throw new Error(findings.map(({ message }) => message).join(", "))
  const records: [string, Uint8Array][] = []
  db.forEach((cursor) => {
    const key = Buffer.from(cursor.key() as Uint8Array).toString("latin1")
    records.push([key, cursor.value() as Uint8Array])
  })
  return stateOf(records)
}

function describeFate({ data, journal, seed }: Fate): string {
  return `data ${data}, journal ${journal}, seed ${seed}`
}

/** Cuts the work everywhere, and every 7th recovery; fails the test when the contents are neither state. */
function cutEverywhere(work: Work) {
  const counts = { cuts: 0, media: 0, recoveryCuts: 0, before: 0, after: 0 }
  const start = { data: work.initial, journal: new Uint8Array(0) }
  for (let cutAt = 0; ; cutAt++) {
    const progress = { flushes: 0 }
    const crash = untilCut(start, cutAt, (data, journal) => perform(work, journaled(data, journal), progress))
    if (crash === undefined) return counts
    counts.cuts++
    const before = work.states[Math.floor(progress.flushes)]
    const after = work.states[Math.ceil(progress.flushes)]
    const judge = ({ data, journal }: Media, where: string) => {
      let found: string | undefined
      try {
        found = contentsOf(journaled(new MemoryStream(data), new MemoryStream(journal)))
      } catch (error) {
        expect.fail(`${where}: ${error}`)
      }
      if (found === before) counts.before++
      else if (found === after) counts.after++
      else expect.fail(`${where}: neither what was flushed nor what was being flushed`)
    }
    for (const fate of FATES) {
      const media = crash(fate)
      const where = `cut at ${cutAt}, ${describeFate(fate)}`
      counts.media++
      judge(media, where)
      if (cutAt % RECOVERY_CUT_EVERY === 0) counts.recoveryCuts += cutRecovery(media, judge, where)
    }
  }
}

/** Cuts a recovery at each of its I/O operations, the fates taking turns; gives their number. */
function cutRecovery(media: Media, judge: (media: Media, where: string) => void, first: string): number {
  for (let cutAt = 0; ; cutAt++) {
    const crash = untilCut(media, cutAt, (data, journal) => journaled(data, journal))
    if (crash === undefined) return cutAt
    const fate = FATES[cutAt % FATES.length] as Fate
    judge(crash(fate), `${first}; recovery cut at ${cutAt}, ${describeFate(fate)}`)
  }
}

/** How many writes the work makes outside of flushes: for changed pages that had to leave the cache. */
function writesBetweenFlushes(work: Work): number {
  const progress = { flushes: 0 }
  let count = 0
  const data = new MemoryStream(work.initial)
  const write = data.write.bind(data)
  data.write = (buffer, position, start, length) => {
    if (Number.isInteger(progress.flushes)) count++
    write(buffer, position, start, length)
  }
  perform(work, journaled(data, new MemoryStream()), progress)
  expect(contentsOf(data)).toBe(work.states.at(-1))
  return count
}

describe("btree over journaled, when the power is cut", () => {
  it.each([
    [1, 0],
    [2, 90],
  ])(
    "holds what was flushed last or is being flushed: seed %i, beginning with %i records",
    (seed, records) => {
      const work = makeWork(seed, records)
      const between = writesBetweenFlushes(work)
      const { cuts, media, recoveryCuts, before, after } = cutEverywhere(work)
      console.log(
        `btree over journaled, from ${records} records: ${cuts} cut points x ${FATES.length} = ${media} ` +
          `media, ${recoveryCuts} cuts of recoveries; ${before} times as last flushed, ${after} times as ` +
          `being flushed; ${between} writes of evicted pages`,
      )
      expect(between).toBeGreaterThan(10)
      expect(cuts).toBeGreaterThan(200)
      expect(recoveryCuts).toBeGreaterThan(media)
      expect(after).toBeGreaterThan(0)
    },
  )

  it("is needed: the same work on the bare stream leaves damage and mixtures", () => {
    const work = makeWork(2, 90)
    let wrong = 0
    for (let cutAt = 0; ; cutAt++) {
      const progress = { flushes: 0 }
      const start = { data: work.initial, journal: new Uint8Array(0) }
      const crash = untilCut(start, cutAt, (data) => perform(work, data, progress))
      if (crash === undefined) break
      const { flushes } = progress
      const allowed = [work.states[Math.floor(flushes)], work.states[Math.ceil(flushes)]]
      for (const fate of FATES) {
        let found = "damage"
        try {
          found = contentsOf(new MemoryStream(crash(fate).data))
        } catch {}
        if (!allowed.includes(found)) wrong++
      }
    }
    expect(wrong).toBeGreaterThan(200)
  })
})
