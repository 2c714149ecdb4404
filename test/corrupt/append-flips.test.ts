/**
 * Goal: a flipped bit in an append-only tree gives an error or the right answer: no crash, no hang, and no wrong answer where a check can see it.
 *
 * Method: 2,000 bit flips in a compacted file (one commit, every byte of it live), 1,000 in a file of 40 commits, 2,000 in a volume on flash that holds the
 * compacted file. Each flipped file is opened and scanned; every tenth also backwards, looked up, checked and written on. Outcomes are counted: unaffected; error (anything thrown, or
 * findings); older (a commit before, said in stat()); wrong. The original gives 65.4 % wrong in the compacted file. Plain files are also tried without page checks,
 * as the original writes them: there structure alone can tell. Pages without 8 free bytes and values on overflow pages have no check.
 *
 * Replay: SEED=<seed> npx vitest run test/corrupt/append-flips; FLIPS=<n> sets the number of flips.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import * as append from "../../src/append/index.ts"
import { flash, isFlashtreeError, MemoryStream, type RandomAccessStream } from "../../src/index.ts"
import { withDeadline } from "../property/model.ts"
import { digestOf, recordsOf } from "../support/append.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const FLIPS = Number(process.env.FLIPS ?? 2000)
const PAGE = 4096
const clock = () => 1_700_000_000

function fill(tree: append.AppendTree, commits: number, records: number): void {
  const random = makeRandom(SEED)
  for (let commit = 0; commit < commits; commit++) {
    const txn = tree.begin()
    for (let i = 0; i < records / commits; i++) {
      const number = (i * commits + commit) * 7
      txn.put(`key ${String(number).padStart(8, "0")}`, makeBytes(20 + random(50), number))
    }
    txn.commit()
  }
}

function compacted(checksums: boolean): Uint8Array {
  const tree = append.open(new MemoryStream(), { pagesize: PAGE, clock, checksums })
  fill(tree, 5, 994)
  const target = new MemoryStream()
  tree.compact(target)
  return target.bytes()
}

function grown(): Uint8Array {
  const stream = new MemoryStream()
  fill(append.open(stream, { pagesize: PAGE, clock }), 40, 994)
  return stream.bytes()
}

type Outcome = "unaffected" | "error" | "older" | "wrong" | "crash" | "hang"

/** What comes of a stream whose records are `right`, and before the last commit `older`. */
function judge(
  stream: RandomAccessStream,
  right: [Uint8Array, Uint8Array][],
  older: Set<string>,
  isLong: boolean,
): Outcome {
  const digest = digestOf(right)
  try {
    return withDeadline(20_000, () => {
      const tree = append.open(stream, { clock, cachesize: 200_000 })
      const found = recordsOf(tree)
      const is = digestOf(found)
      if (is !== digest) return older.has(is) && tree.stat().givenUpBytes > 0 ? "older" : "wrong"
      if (!isLong) return "unaffected"
      const cursor = tree.cursor()
      let at = right.length
      for (let on = cursor.last(); on; on = cursor.previous()) at--
      if (at !== 0) return "wrong"
      for (const [key, value] of right.filter((_, i) => i % 5 === 0)) {
        const got = tree.get(key)
        if (got === undefined || Buffer.compare(got, value) !== 0) return "wrong"
      }
      if (tree.check().length > 0) return "error"
      tree.put("key 00000100", "another")
      tree.delete((right[right.length >> 1] as [Uint8Array, Uint8Array])[0])
      return recordsOf(tree).length === right.length ? "unaffected" : "wrong"
    })
  } catch (error) {
    if (isFlashtreeError(error)) return "error"
    return (error as { code?: string }).code === "ERR_SCRIPT_EXECUTION_TIMEOUT" ? "hang" : "crash"
  }
}

function countsOf(outcomes: Outcome[]): Record<Outcome, number> {
  const counts = { unaffected: 0, error: 0, older: 0, wrong: 0, crash: 0, hang: 0 }
  for (const outcome of outcomes) counts[outcome]++
  return counts
}

function flipsOf(
  name: string,
  image: Uint8Array,
  older: Set<string>,
  flips: number,
): Record<Outcome, number> {
  const random = makeRandom(SEED)
  const right = recordsOf(append.open(new MemoryStream(image)))
  const outcomes: Outcome[] = []
  for (let n = 0; n < flips; n++) {
    const damaged = image.slice()
    const at = random(image.length)
    damaged[at] = (damaged[at] as number) ^ (1 << random(8))
    outcomes.push(judge(new MemoryStream(damaged), right, older, n % 10 === 0))
  }
  const counts = countsOf(outcomes)
  console.log(
    `${name}: ${Object.entries(counts)
      .map(([outcome, count]) => `${outcome} ${count}`)
      .join(", ")}`,
  )
  expect(counts.crash + counts.hang).toBe(0)
  return counts
}

describe(`${FLIPS} bit flips`, () => {
  it("in a compacted file give no wrong answer", () => {
    const counts = flipsOf("compacted", compacted(true), new Set(), FLIPS)
    expect(counts.wrong).toBe(0)
    expect(counts.error).toBeGreaterThan(FLIPS / 4)
  })

  it("in a compacted file without page checks give fewer wrong answers than the original's 65.4 %", () => {
    const counts = flipsOf("compacted, no page checks", compacted(false), new Set(), FLIPS / 4)
    expect(counts.wrong).toBeLessThan((FLIPS / 4) * 0.654)
  })

  it("in a file of 40 commits give no wrong answer", () => {
    const image = grown()
    const older = new Set<string>()
    const view = new DataView(image.buffer)
    for (let base = PAGE; base < image.length; base += PAGE)
      if (view.getUint32(base + 4, true) === 8)
        older.add(digestOf(recordsOf(append.open(new MemoryStream(image.subarray(0, base + PAGE))))))
    const counts = flipsOf("40 commits", image, older, FLIPS / 2)
    expect(counts.wrong).toBe(0)
    expect(counts.unaffected).toBeGreaterThan((FLIPS / 2) * 0.95)
  })

  it("in a volume on flash give no wrong answer", () => {
    const image = compacted(false)
    const chip = new SimulatedFlash({ size: 256 * 1024 })
    const volume = flash.open(chip)
    volume.write(image, 0)
    volume.flush()
    const right = recordsOf(append.open(volume))
    const random = makeRandom(SEED)
    const written = chip.image()
    const outcomes: Outcome[] = []
    for (let n = 0; n < FLIPS; n++) {
      let at = random(written.length)
      while (written[at] === 0xff) at = (at + 1) % written.length
      const damaged = chip.fork()
      damaged.rot(at, 1 << random(8))
      let stream: RandomAccessStream
      try {
        stream = flash.open(damaged)
      } catch (error) {
        if (!isFlashtreeError(error)) throw error
        outcomes.push("error")
        continue
      }
      outcomes.push(judge(stream, right, new Set(), n % 10 === 0))
    }
    const counts = countsOf(outcomes)
    console.log(
      `flash volume: ${Object.entries(counts)
        .map(([outcome, count]) => `${outcome} ${count}`)
        .join(", ")}`,
    )
    expect(counts.wrong + counts.crash + counts.hang).toBe(0)
    expect(counts.error).toBeGreaterThan(FLIPS / 5)
  })
})
