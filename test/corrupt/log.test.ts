/**
 * Goal: where a log rots, its records come right or are said to be lost: none is silently wrong or missing, one damaged block loses its own
 * records and no other and is named, and nothing hangs.
 *
 * Method: logs that have and have not gone round. One bit of what is programmed is flipped, a few hundred of them, each on a fork of the
 * chip: anywhere, in headers, in the newest block. Or one block is overwritten, erased, or copied over. Then the log is opened,
 * checked, read in both orders and by time, written on, and opened again. Two exceptions are inherent. Damage of the very last
 * frame cannot be told from a power cut in it. The oldest block of a log that has gone round is erased next: that it is damaged is
 * told to `lost`, or the log begins behind it. Outcomes are printed.
 *
 * Replay: SEED=<seed> npx vitest run test/corrupt/log; FLIPS=<n> sets the number of flips.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { isFlashtreeError } from "../../src/index.ts"
import * as log from "../../src/log/index.ts"
import { withDeadline } from "../property/model.ts"
import { appendTo, expectRecords, timeOf } from "../support/logs.ts"
import { makeRandom } from "../support/streams.ts"

const SEED = Number(process.env.SEED ?? 20261125)
const FLIPS = Number(process.env.FLIPS ?? 200)
const BLOCK = 4096

interface Sample {
  name: string
  chip: SimulatedFlash
  first: number
  last: number
  /** Records of each block: [first, last]. */
  spans: Map<number, [number, number]>
  head: number
  /** The block that is erased next. */
  oldest: number
  /** Where the last frame begins in the head. */
  lastFrame: number
  hasGoneRound: boolean
  every: number
}

function sample(writeAlign: number, encrypted: boolean, records: number, every: number): Sample {
  const chip = new SimulatedFlash({ size: 8 * BLOCK, writeAlign, encrypted })
  const it = log.open(chip)
  let lastFrame = 0
  while (it.last < records) {
    const { _at: at, _head: before } = it
    appendTo(it, every, every)
    lastFrame = it._head === before ? at : 0
  }
  // From the headers: the number of the first record.
  const firsts: [number, number][] = []
  const view = new DataView(chip.image().buffer)
  for (let sequence = it._tail; sequence <= it._head; sequence++)
    firsts.push([sequence % 8, view.getUint32((sequence % 8) * BLOCK + 14)])
  const spans = new Map<number, [number, number]>()
  for (const [i, [block, from]] of firsts.entries()) {
    const next = firsts[i + 1]
    spans.set(block, [from, next === undefined ? it.last : next[1] - 1])
  }
  const head = it._head % 8
  const name = `align ${writeAlign}${encrypted ? ", encrypted" : ""}, ${records} records, ${every} a flush`
  const { first, last } = it
  const hasGoneRound = first > 1
  const oldest = hasGoneRound ? it._tail % 8 : -1
  return { name, chip, first, last, spans, head, oldest, lastFrame, hasGoneRound, every }
}

const SAMPLES = [
  sample(1, false, 2000, 1),
  sample(1, false, 300, 1),
  sample(16, false, 1400, 8),
  sample(16, true, 1800, 1),
  sample(16, true, 350, 1),
  sample(4, false, 60, 3),
]

/** Opens, reads and goes on with a damaged log; gives what is said to be lost, and throws where something is wrong and not said. */
function judge(
  it: Sample,
  chip: SimulatedFlash,
  damaged: number,
): { outcome: string; lost: [number, number][] } {
  const handle = log.open(chip)
  const findings = handle.check()
  const { first, last } = handle
  const isOldest = damaged === it.oldest
  const lost = expectRecords(handle)
  expect(expectRecords(handle, { newestFirst: true })).toEqual(lost.toReversed())
  const [from, to] = it.spans.get(damaged) ?? [1, 0]
  if (first !== it.first && !(isOldest && first === to + 1))
    throw new Error(`begins with ${first}, not ${it.first}`)
  if (last < it.last && lost.length === 0) throw new Error(`ends with ${last}, not ${it.last}`)
  // What a flush left at the end of the block before goes with the header that it went on behind.
  for (const [a, b] of lost)
    if (a <= from - it.every || (b > to && damaged !== it.head))
      throw new Error(`${a} to ${b} are lost, not of ${from} to ${to}`)
  if (lost.length > 0 && !isOldest) {
    if (findings.length === 0) throw new Error("not found by check()")
    expect(findings[0]?.page).toBe(damaged)
    expect(() => handle.since(0, () => undefined)).toThrow(/^ECORRUPT/)
  } else expect(findings).toEqual([])
  expectBetween(handle, lost, last)
  appendMore(handle, 80)
  const again = log.open(chip)
  expect(again.last).toBe(last + 80)
  const lostThen = expectRecords(again)
  for (const [a] of lostThen)
    if (!lost.some(([x, y]) => a >= x && a <= y)) throw new Error(`${a} is lost then`)
  return { outcome: lost.length > 0 ? "said" : "unaffected", lost }
}

/** The model of logs.ts goes on behind lost numbers, too. */
function appendMore(handle: log.Log, records: number): void {
  appendTo(handle, records, 1)
}

function expectBetween(handle: log.Log, lost: [number, number][], last: number): void {
  const middle = Math.floor((handle.first + last) / 2)
  const found = new Set<number>()
  const options = { lost: () => undefined }
  handle.between(middle * 1000 - 20_000, middle * 1000 + 20_000, (_, number) => found.add(number), options)
  for (let n = handle.first; n <= last; n++) {
    const time = timeOf(n)
    if (time === undefined || Math.abs(time - middle * 1000) > 20_000) continue
    if (!found.has(n) && !lost.some(([a, b]) => n >= a && n <= b)) throw new Error(`between() lacks ${n}`)
  }
}

describe.each(SAMPLES)("$name", (it_) => {
  it("with one bit flipped is right, or says what is lost", () => {
    const random = makeRandom(SEED)
    const image = it_.chip.image()
    const outcomes = new Map<string, number>()
    const wrong: string[] = []
    const blocks = [...it_.spans.keys()]
    for (let n = 0; n < FLIPS; n++) {
      const block = n % 3 === 2 ? it_.head : (blocks[random(blocks.length)] as number)
      let at = block * BLOCK + (n % 3 === 1 ? random(56) : random(BLOCK))
      while (image[at] === 0xff) at = at % BLOCK === BLOCK - 1 ? block * BLOCK : at + 1
      const chip = it_.chip.fork()
      chip.rot(at, 1 << random(8))
      const isLast = block === it_.head && at % BLOCK >= it_.lastFrame
      let outcome: string
      try {
        outcome = withDeadline(5000, () => {
          if (isLast && log.open(chip).last < it_.last) return "last flush void"
          return judge(it_, chip, block).outcome
        })
      } catch (error) {
        const isOnly = it_.spans.size === 1 && isFlashtreeError(error) && error.code === "EFTYPE"
        outcome = isOnly ? "refused" : "wrong"
        if (!isOnly) wrong.push(`block ${block}, offset ${at % BLOCK}: ${(error as Error).message}`)
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    }
    console.log(`${it_.name}: ${[...outcomes].map(([outcome, count]) => `${outcome} ${count}`).join(", ")}`)
    expect(wrong).toEqual([])
    expect(outcomes.get("said") ?? outcomes.get("refused")).toBeGreaterThan(FLIPS / 10)
  })

  it("with one block gone loses that block's records, and names it", () => {
    const destroy = {
      zeros: (chip: SimulatedFlash, at: number) => edit(chip, at, (bytes) => bytes.fill(0)),
      noise: (chip: SimulatedFlash, at: number) => {
        const random = makeRandom(at + 1)
        edit(chip, at, (bytes) => bytes.set(bytes.map(() => random(256))))
      },
      erased: (chip: SimulatedFlash, at: number) => chip.eraseBlock(at / BLOCK, at / BLOCK + 1),
      "another block": (chip: SimulatedFlash, at: number) => {
        const other = it_.chip.image().subarray((at + BLOCK) % (8 * BLOCK))
        edit(chip, at, (bytes) => bytes.set(other.subarray(0, BLOCK)))
      },
    }
    for (const block of it_.spans.keys()) {
      for (const [how, act] of Object.entries(destroy)) {
        // The newest as a whole is as if it had not been begun; and so is the oldest of a log that has not gone round.
        if (block === it_.head || (!it_.hasGoneRound && block === 0)) continue
        const chip = it_.chip.fork()
        act(chip, block * BLOCK)
        const { lost } = withDeadline(5000, () => judge(it_, chip, block))
        if (block !== it_.oldest && it_.every === 1)
          expect([how, lost]).toEqual([how, [it_.spans.get(block)]])
      }
    }
  })
})

function edit(chip: SimulatedFlash, at: number, change: (bytes: Uint8Array) => void): void {
  const bytes = chip.image().subarray(at, at + BLOCK)
  const before = bytes.slice()
  change(bytes)
  for (let i = 0; i < BLOCK; i++) chip.rot(at + i, (bytes[i] as number) ^ (before[i] as number))
}
