/**
 * Goal: of a damaged database every answer is right, or an error, or verify() names the damage; nothing hangs, and no other kind of error is thrown.
 * Method: one bit is flipped, anywhere in files of one to three levels and in a table of names, a few hundred times each, the header and the
 * tree more often than their share; files are cut at many lengths; all pages are overwritten with noise. Then the file is opened, asked for
 * every key, and verified, in place and with page buffers. Outcomes are printed.
 *
 * Replay: SEED=<seed> npx vitest run test/corrupt/constant; FLIPS=<n> sets the number of flips.
 */
import { describe, expect, it } from "vitest"
import * as constant from "../../src/constant/index.ts"
import { isFlashtreeError } from "../../src/errors.ts"
import { MemoryStream } from "../../src/stream/memory-stream.ts"
import { withDeadline } from "../property/model.ts"
import { firstDifference, makeBytes, makeRandom } from "../support/streams.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const FLIPS = Number(process.env.FLIPS ?? 400)
const PAGESIZE = 256

const valueFor = (i: number) => makeBytes(i % 9, i)

function database(count: number): Uint8Array {
  const writer = new constant.Writer({ key: constant.uint32, pagesize: PAGESIZE })
  for (let i = 0; i < count; i++) writer.add(5 * i, valueFor(i))
  const stream = new MemoryStream()
  writer.write(stream)
  return stream.bytes()
}

function table(count: number): Uint8Array {
  const writer = new constant.TableWriter({ pagesize: PAGESIZE })
  for (let i = 0; i < count; i++) writer.add(`name ${i}`, valueFor(i))
  const stream = new MemoryStream()
  writer.write(stream)
  return stream.bytes()
}

interface Asked {
  open(stream: MemoryStream): void
  lookup(i: number): Uint8Array | undefined
  at(i: number): unknown
  lowerBound(i: number): number
  verify(): constant.ConstantFinding[]
}

function askNumbers(pageBuffers: number): Asked {
  const reader = new constant.Reader({ key: constant.uint32, pagesize: PAGESIZE, pageBuffers })
  return {
    open: (stream) => reader.open(stream),
    lookup: (i) => reader.lookup(5 * i),
    at: (i) => reader.at(i),
    lowerBound: (i) => reader.lowerBound(5 * i + 1),
    verify: () => reader.verify(),
  }
}

function askNames(pageBuffers: number): Asked {
  const reader = new constant.Table({ pagesize: PAGESIZE, pageBuffers })
  return {
    open: (stream) => reader.open(stream),
    lookup: (i) => reader.lookup(`name ${i}`),
    at: (i) => reader.at(i),
    lowerBound: (i) => reader.lowerBound(`name ${i}`),
    verify: () => reader.verify(),
  }
}

type Outcome = "refused" | "error" | "named" | "right"

/** Gives undefined for an error of ours of a kind that damage may have; throws any other. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (!isFlashtreeError(error) || !["ECORRUPT", "EFTYPE"].includes(error.code)) throw error
    return undefined
  }
}

function judge(asked: Asked, image: Uint8Array, count: number, isAny: boolean): Outcome {
  return withDeadline(5000, () => {
    let isOpen = false
    attempt(() => {
      asked.open(new MemoryStream(image))
      isOpen = true
    })
    if (!isOpen) return "refused"
    const findings = asked.verify()
    let wrong = -1
    let errors = 0
    for (let i = 0; i < count; i++) {
      let ended = false
      const value = attempt(() => {
        const found = asked.lookup(i)
        ended = true
        return found
      })
      if (!ended) errors++
      else if (value === undefined || firstDifference(value, valueFor(i)) >= 0) wrong = i
      attempt(() => asked.at(i))
      attempt(() => asked.lowerBound(i))
    }
    if ((wrong >= 0 || errors > 0) && findings.length === 0)
      throw new Error(`${wrong} is wrong, ${errors} are errors, and verify() finds nothing`)
    if (!isAny && findings.length === 0) throw new Error("verify() finds nothing")
    return errors > 0 ? "error" : findings.length > 0 ? "named" : "right"
  })
}

const SAMPLES: [string, Uint8Array, (pageBuffers: number) => Asked, number][] = [
  ["one leaf", database(25), askNumbers, 25],
  ["two levels", database(400), askNumbers, 400],
  ["three levels", database(2000), askNumbers, 2000],
  ["names", table(150), askNames, 150],
]

describe("one flipped bit", () => {
  it.each(SAMPLES)("in %s", (name, image, ask, count) => {
    const random = makeRandom(SEED + count)
    const outcomes: Record<string, number> = {}
    for (let turn = 0; turn < FLIPS; turn++) {
      const header = random(4) === 0
      const at = header ? random(144) : random(image.length)
      const damaged = image.slice()
      damaged[at] = (damaged[at] as number) ^ (1 << random(8))
      try {
        const outcome = judge(ask(turn % 3), damaged, Math.min(count, 200), false)
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
        if (at < 64 || (at >= 96 && at < 112)) expect(outcome).toBe("refused")
      } catch (error) {
        if (error instanceof Error) error.message += ` (SEED=${SEED}, bit flipped in byte ${at} of ${name})`
        throw error
      }
    }
    console.log(name, outcomes)
    expect((outcomes.refused ?? 0) + (outcomes.error ?? 0) + (outcomes.named ?? 0)).toBe(FLIPS)
  })
})

describe("a file cut short", () => {
  it.each(SAMPLES)("is refused: %s", (_, image, ask, count) => {
    for (let length = 0; length < image.length; length += 1 + Math.floor(image.length / 150))
      expect(judge(ask(length % 3), image.slice(0, length), count, false)).toBe("refused")
    const longer = new Uint8Array(image.length + 10)
    longer.set(image)
    expect(judge(ask(0), longer, Math.min(count, 200), true)).toBe("right")
  })
})

describe("noise in a page", () => {
  it.each(SAMPLES)("of %s", (name, image, ask, count) => {
    const random = makeRandom(SEED)
    const outcomes: Record<string, number> = {}
    const pages = Math.floor(image.length / PAGESIZE)
    for (let turn = 0; turn < 60; turn++) {
      const damaged = image.slice()
      const page = turn < pages ? turn : random(pages)
      damaged.set(makeBytes(PAGESIZE, SEED + turn), page * PAGESIZE)
      const outcome = judge(ask(turn % 3), damaged, Math.min(count, 200), false)
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
    }
    console.log(name, outcomes)
  })
})
