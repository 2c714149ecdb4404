/**
 * Goal: `journaled` keeps its promise at every moment a power cut or an I/O error can come. Method: a
 * workload is run once for each change (write, setSize, flush) it makes on the two streams, and the power is
 * cut during that change. Each medium then holds none, all, or a random and torn part of what was not
 * flushed, in every pairing of the two; the pair is opened again and must hold the last flushed state, or the
 * one being flushed. Recovery is cut in the same way. For I/O errors the Nth call fails, once or for good. A
 * last test lives through hundreds of cuts on one medium.
 */

import { describe, expect, it } from "vitest"
import { type FileCutMode, PowerCut, SimulatedFile, SimulatedPower } from "../../hosts/node/node.ts"
import type { ErrorCode } from "../../src/errors.ts"
import { journaled } from "../../src/stream/journaled.ts"
import { MemoryStream } from "../../src/stream/memory-stream.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import { FailingStream, Fault, makeBytes, makeRandom, readAll } from "../support/streams.ts"

type Step = ((stream: RandomAccessStream) => void) | "flush" | "rollback"

const write =
  (position: number, length: number): Step =>
  (stream) =>
    stream.write(makeBytes(length, position * 7 + length), position)
const setSize =
  (size: number): Step =>
  (stream) =>
    stream.setSize(size)

const INITIAL = makeBytes(4000, 1)

/** Each line is a transaction with something of its own to get wrong. */
const WORKLOAD: Step[][] = [
  [write(600, 10), "flush"],
  [write(500, 1100), write(2000, 3), "flush"],
  [write(3990, 700), "flush"],
  [write(5000, 200), write(4690, 1), "flush"],
  [write(100, 50), write(120, 50), write(90, 600), write(100, 10), "flush"],
  [setSize(3000), "flush"],
  [setSize(1000), write(1500, 300), setSize(3000), write(900, 300), "flush"],
  ["flush"],
  [setSize(3500), write(3400, 300), "flush"],
  [write(0, 512), write(1024, 512), setSize(700), "rollback"],
  [write(1024, 1024), write(8000, 10), "rollback", write(1030, 20), "flush"],
  [setSize(0), write(0, 300), "flush"],
  [write(0, 2500), "flush", write(512, 512), write(0, 5), write(2048, 452), "flush"],
]

/** Writes far apart push one another out of what is remembered, so that a chunk gets several records. */
const FAR_APART: Step[][] = [
  [write(0, 20), write(65536, 20), write(10, 20), write(65540, 20), write(5, 600), "flush"],
  [write(65000, 1100), setSize(100), write(65000, 600), write(300, 5), "flush"],
]

/** Runs steps on a stream and on a model of it, and knows which states a failure may leave. */
class Run {
  flushed: Uint8Array
  flushing = false
  private model: MemoryStream

  constructor(initial: Uint8Array) {
    this.flushed = initial
    this.model = new MemoryStream(initial)
  }

  steps(stream: RandomAccessStream, steps: Step[]): void {
    for (const step of steps) {
      if (step === "flush") {
        this.flushing = true
        stream.flush()
        this.flushing = false
        this.flushed = this.model.bytes()
      } else if (step === "rollback") {
        stream.rollback?.()
        this.forget()
      } else {
        step(this.model)
        step(stream)
      }
    }
  }

  forget(): void {
    this.model = new MemoryStream(this.flushed)
  }

  /** Takes over what was found after a cut. */
  resume(found: Uint8Array): void {
    this.flushed = found
    this.flushing = false
    this.forget()
  }

  allows(found: Uint8Array): boolean {
    const equals = (state: Uint8Array) => Buffer.compare(state, found) === 0
    return equals(this.flushed) || (this.flushing && equals(this.model.bytes()))
  }
}

interface Media {
  data: Uint8Array
  journal: Uint8Array
}

const MODES: FileCutMode[] = ["lost", "landed", "shuffled"]

/** Every pairing of what becomes of the stream and of the journal; those with chance in them three times. */
const FATES = MODES.flatMap((data) =>
  MODES.flatMap((journal) =>
    (data === "shuffled" || journal === "shuffled" ? [1, 2, 3] : [0]).map((seed) => ({
      data,
      journal,
      seed,
    })),
  ),
)
type Fate = (typeof FATES)[number]

/** Those without chance, and one with: enough for the cuts of each recovery, of which there are thousands. */
const FEW_FATES = FATES.filter(({ seed, data, journal }) => seed === 0 || (seed === 1 && data === journal))

/** Runs `work` on the media with the power failing at a change; gives undefined when the power lasted. */
function untilCut(
  media: Media,
  cutAt: number,
  work: (data: SimulatedFile, journal: SimulatedFile) => void,
): ((fate: Fate) => Media) | undefined {
  const power = new SimulatedPower(cutAt)
  const data = new SimulatedFile(media.data, power)
  const journal = new SimulatedFile(media.journal, power)
  try {
    work(data, journal)
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error
  }
  if (!power.cut) return undefined
  return (fate) => ({
    data: data.crash(fate.data, fate.seed * 2),
    journal: journal.crash(fate.journal, fate.seed * 2 + 1),
  })
}

function recovered(media: Media): Uint8Array {
  return readAll(journaled(new MemoryStream(media.data), new MemoryStream(media.journal)))
}

const describeFate = (fate: Fate) => `data ${fate.data}, journal ${fate.journal}, seed ${fate.seed}`

/**
 * Cuts the workload everywhere and, with `again`, each recovery everywhere; gives the numbers of cuts and
 * media.
 */
function cutEverywhere(initial: Uint8Array, workload: Step[][], again: boolean) {
  const counts = { cuts: 0, media: 0, secondCuts: 0, rolledBack: 0 }
  for (let cutAt = 0; ; cutAt++) {
    const run = new Run(initial)
    const crash = untilCut({ data: initial, journal: new Uint8Array(0) }, cutAt, (data, journal) => {
      run.steps(journaled(data, journal), workload.flat())
    })
    if (crash === undefined) return counts
    counts.cuts++
    for (const fate of FATES) {
      const media = crash(fate)
      counts.media++
      const found = recovered(media)
      if (!run.allows(found)) expect.fail(`cut at change ${cutAt}; ${describeFate(fate)}`)
      if (Buffer.compare(found, media.data) !== 0) counts.rolledBack++
      if (again) counts.secondCuts += cutRecovery(run, media, `cut at change ${cutAt}; ${describeFate(fate)}`)
    }
  }
}

function cutRecovery(run: Run, media: Media, first: string): number {
  for (let cutAt = 0; ; cutAt++) {
    const crash = untilCut(media, cutAt, (data, journal) => journaled(data, journal))
    if (crash === undefined) return cutAt
    for (const fate of FEW_FATES) {
      if (run.allows(recovered(crash(fate)))) continue
      expect.fail(`${first}; recovery cut at change ${cutAt}; ${describeFate(fate)}`)
    }
  }
}

describe("journaled, when the power is cut", () => {
  it("keeps the last flushed state at every change of a workload and of each recovery", () => {
    const counts = cutEverywhere(INITIAL, WORKLOAD, true)
    console.log(
      `journaled: ${counts.cuts} cut points x ${FATES.length} = ${counts.media} media, ` +
        `${counts.rolledBack} rolled back; ${counts.secondCuts} cuts of recoveries x ${FEW_FATES.length}`,
    )
    expect(counts.cuts).toBeGreaterThan(150)
    expect(counts.rolledBack).toBeGreaterThan(500)
    expect(counts.secondCuts).toBeGreaterThan(counts.media)
  })

  it("keeps it with more chunks than are remembered", () => {
    const counts = cutEverywhere(makeBytes(70000, 2), FAR_APART, false)
    console.log(`journaled, far apart: ${counts.cuts} cut points x ${FATES.length} = ${counts.media} media`)
    expect(counts.cuts).toBeGreaterThan(150)
  })

  it("is needed: the same workload on the bare stream leaves mixtures", () => {
    let mixtures = 0
    for (let cutAt = 0; ; cutAt++) {
      const run = new Run(INITIAL)
      const plain = WORKLOAD.flat().filter((step) => step !== "rollback")
      const crash = untilCut({ data: INITIAL, journal: new Uint8Array(0) }, cutAt, (data) => {
        run.steps(data, plain)
      })
      if (crash === undefined) break
      for (const fate of FATES) if (!run.allows(crash(fate).data)) mixtures++
    }
    expect(mixtures).toBeGreaterThan(200)
  })

  it.each([1, 2, 3, 4])("lives through 500 cuts on one medium, seed %i", (seed) => {
    const random = makeRandom(seed)
    let media: Media = { data: INITIAL, journal: new Uint8Array(0) }
    const run = new Run(INITIAL)
    for (let life = 0; life < 500; life++) {
      const crash = untilCut(media, random(60), (data, journal) => {
        const stream = journaled(data, journal)
        const found = readAll(stream)
        if (!run.allows(found)) expect.fail(`seed ${seed}, life ${life}`)
        run.resume(found)
        for (;;) run.steps(stream, [randomStep(random)])
      })
      const fate = { ...(FATES[random(FATES.length)] as Fate), seed: life }
      media = (crash as (fate: Fate) => Media)(fate)
    }
  })
})

function randomStep(random: (limit: number) => number): Step {
  const action = random(12)
  if (action < 6) return write(random(6000), 1 + random(action === 0 ? 3000 : 300))
  if (action === 6) return setSize(random(6000))
  return action === 7 ? "rollback" : "flush"
}

/**
 * Fails call number `at` of all calls on the two streams during the workload; gives false when there is no
 * such call.
 */
function failAt(at: number, code: ErrorCode, forever: boolean, after: (failed: Failed) => void): boolean {
  const fault = new Fault(at, code, forever)
  const data = new MemoryStream(INITIAL)
  const journal = new MemoryStream()
  const run = new Run(INITIAL)
  let stream: RandomAccessStream | undefined
  try {
    stream = journaled(new FailingStream(data, fault), new FailingStream(journal, fault))
    run.steps(stream, WORKLOAD.flat())
  } catch (error) {
    expect(error, `call ${at}`).toMatchObject({ code, message: expect.stringContaining("injected") })
  }
  if (fault.failures === 0) return false
  if (stream !== undefined) after({ at, fault, stream, run, data, journal })
  return true
}

interface Failed {
  at: number
  fault: Fault
  stream: RandomAccessStream
  run: Run
  data: MemoryStream
  journal: MemoryStream
}

describe("journaled, when call N on either stream fails", () => {
  it.each(["EIO", "ENOSPC"] as const)("once with %s: refuses to go on, and rollback heals it", (code) => {
    let at = 0
    while (
      failAt(at, code, false, ({ stream, run }) => {
        const poisoned = expect.objectContaining({ code: "EIO" })
        expect(() => stream.write(new Uint8Array(1), 0), `write after call ${at}`).toThrow(poisoned)
        expect(() => stream.setSize(1), `setSize after call ${at}`).toThrow(poisoned)
        run.flushing = false
        stream.rollback?.()
        expect(run.allows(readAll(stream)), `rolled back after call ${at}`).toBe(true)
        run.forget()
        run.steps(stream, [write(100, 900), "flush", write(0, 10), "rollback"])
        expect(run.allows(readAll(stream)), `went on after call ${at}`).toBe(true)
      })
    )
      at++
    expect(at).toBeGreaterThan(200)
  })

  it("once, and then once more during each call of the rollback: the next rollback heals it", () => {
    let at = 0
    let second = 0
    for (let more = true; more; at++) {
      for (let offset = 1, again = true; again; offset++) {
        again = false
        more = failAt(at, "EIO", false, ({ fault, stream, run, data, journal }) => {
          fault.at = fault.calls + offset - 1
          try {
            stream.rollback?.()
            fault.at = Infinity
          } catch {
            again = true
            second++
            // What is on the media now is what a cut would leave behind.
            const found = recovered({ data: data.bytes(), journal: journal.bytes() })
            expect(run.allows(found), `reopened after ${at}, ${offset}`).toBe(true)
            stream.rollback?.()
          }
          run.flushing = false
          expect(run.allows(readAll(stream)), `rolled back after ${at}, ${offset}`).toBe(true)
        })
      }
    }
    expect(second).toBeGreaterThan(at)
  })

  it("once, and the power is cut during the rollback: reopening gives a whole state", () => {
    let cuts = 0
    for (let at = 0, failing = true; failing; at++) {
      for (let cutAt = 0, cutting = true; cutting; cutAt++) {
        const power = new SimulatedPower()
        const fault = new Fault(at)
        const data = new SimulatedFile(INITIAL, power)
        const journal = new SimulatedFile(new Uint8Array(0), power)
        const run = new Run(INITIAL)
        let stream: RandomAccessStream | undefined
        cutting = false
        try {
          stream = journaled(new FailingStream(data, fault), new FailingStream(journal, fault))
          run.steps(stream, WORKLOAD.flat())
        } catch {
          power.cutAt = power.changes + cutAt
          try {
            stream?.rollback?.()
          } catch {
            cutting = true
            cuts++
          }
        }
        failing = fault.failures > 0
        if (!cutting) continue
        for (const fate of FEW_FATES) {
          const media = { data: data.crash(fate.data, cutAt), journal: journal.crash(fate.journal, at) }
          if (!run.allows(recovered(media))) expect.fail(`call ${at}, cut ${cutAt}, ${describeFate(fate)}`)
        }
      }
    }
    console.log(`journaled: ${cuts} cuts of rollbacks after a failure x ${FEW_FATES.length}`)
    expect(cuts).toBeGreaterThan(500)
  })

  it("once, rolled back, and the power is cut in the next transaction: no record is found later", () => {
    let media = 0
    for (let at = 0, failing = true; failing; at++) {
      failing = false
      for (let cutAt = 0, cutting = true; cutting; cutAt++) {
        const run = new Run(INITIAL)
        const crash = untilCut({ data: INITIAL, journal: new Uint8Array(0) }, cutAt, (data, journal) => {
          const fault = new Fault()
          const stream = journaled(new FailingStream(data, fault), new FailingStream(journal, fault))
          run.steps(stream, [write(0, 100), "flush"])
          fault.at = fault.calls + at
          try {
            run.steps(stream, [write(0, 1500), "flush"])
          } catch (error) {
            if (error instanceof PowerCut) throw error
            failing = true
            stream.rollback?.()
            run.resume(run.flushed)
          }
          fault.at = Infinity
          run.steps(stream, [write(10, 1500), "flush"])
        })
        cutting = crash !== undefined
        for (let seed = 0; seed < 20 && crash !== undefined; seed++) {
          const left = crash({ data: "shuffled", journal: "shuffled", seed })
          const data = new MemoryStream(left.data)
          const journal = new MemoryStream(left.journal)
          const stream = journaled(data, journal)
          const where = `call ${at}, cut ${cutAt}, seed ${seed}`
          if (!run.allows(readAll(stream))) expect.fail(where)
          const next = new Run(readAll(stream))
          next.steps(stream, [write(512, 512), "flush", write(0, 10)])
          const found = recovered({ data: data.bytes(), journal: journal.bytes() })
          if (!next.allows(found)) expect.fail(`${where}, two transactions later`)
          media++
        }
      }
    }
    expect(media).toBeGreaterThan(5000)
  })

  it("for good: close is quiet, and reopening the media gives a whole state", () => {
    let at = 0
    while (
      failAt(at, "EIO", true, ({ stream, run, data, journal }) => {
        const media = { data: data.bytes(), journal: journal.bytes() }
        try {
          stream.rollback?.()
        } catch (error) {
          expect(error, `rollback after call ${at}`).toMatchObject({ code: "EIO" })
        }
        stream.close()
        expect(run.allows(recovered(media)), `reopened after call ${at}`).toBe(true)
        const later = { data: data.bytes(), journal: journal.bytes() }
        expect(run.allows(recovered(later)), `reopened after call ${at} and a rollback`).toBe(true)
      })
    )
      at++
    expect(at).toBeGreaterThan(200)
  })
})
