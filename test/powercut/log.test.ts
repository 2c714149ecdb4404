/**
 * Goal: whatever operation of the flash the power fails in, a log comes back with every record of its last flush, in order and right,
 * or with those being flushed too, all of them; and goes on from there, also when the power fails again.
 *
 * Method: the workloads' variant for logs. 9,000 records are appended (less in small logs), then 500 more, and every program and erase
 * of those is cut in each mode (rig.ts). After each cut the chip boots; all records are compared with what may be there, 50 more are
 * appended, and all is compared after another reopening. Of the operations of that aftermath a sample is cut in turn. The number of
 * cut points is printed; not one may fail. Replay as rig.ts says.
 */
import { expect, test } from "vitest"
import * as log from "../../src/log/index.ts"
import { sameBytes, withDeadline } from "../property/model.ts"
import { ALL_MODES, CASE, count, LONG, MODES, sampled, TIME_MAX } from "./cases.ts"
import { cutAt, type Geometry, makeChip, makeValue, nameOf, type Point, Stops, Tally } from "./rig.ts"

interface LogCase {
  geometry: Geometry
  /** Records before the cuts, and with them; a flush after each `every`. */
  load: number
  cut: number
  every: number
  name: string
  buffer?: number
  options?: log.LogOpenOptions
}

const CASES: LogCase[] = [
  { name: "each", geometry: { size: 65536, writeAlign: 1 }, load: 9000, cut: 500, every: 1 },
  { name: "each", geometry: { size: 65536, writeAlign: 16 }, load: 9000, cut: 500, every: 1 },
  {
    name: "each",
    geometry: { size: 65536, writeAlign: 16, encrypted: true },
    load: 9000,
    cut: 300,
    every: 1,
  },
  {
    name: "each",
    geometry: { size: 65536, writeAlign: 32, encrypted: true },
    load: 9000,
    cut: 300,
    every: 1,
  },
  {
    name: "each",
    geometry: { size: 32768, writeAlign: 4, checksum: "sum32" },
    load: 3000,
    cut: 500,
    every: 1,
  },
  { name: "every 16", geometry: { size: 65536, writeAlign: 1 }, load: 9000, cut: 2000, every: 16 },
  { name: "every 16", geometry: { size: 16384, writeAlign: 8 }, load: 1000, cut: 1500, every: 16 },
  {
    name: "over blocks",
    geometry: { size: 32768, writeAlign: 1 },
    load: 2000,
    cut: 2400,
    every: 300,
    buffer: 256,
  },
  {
    name: "over blocks",
    geometry: { size: 32768, writeAlign: 16, encrypted: true },
    load: 2000,
    cut: 1200,
    every: 200,
    buffer: 256,
  },
  { name: "first records", geometry: { size: 32768, writeAlign: 1 }, load: 0, cut: 300, every: 1 },
  {
    name: "first records",
    geometry: { size: 32768, writeAlign: 32, encrypted: true },
    load: 0,
    cut: 100,
    every: 2,
  },
]

const RECORDS = new Map<number, Uint8Array>()

/** The record of number `n`: of 0 to 80 bytes, mostly 32. */
function recordOf(n: number): Uint8Array {
  let record = RECORDS.get(n)
  if (record === undefined) {
    record = makeValue(n % 7 === 0 ? n % 81 : 32, n, 1)
    RECORDS.set(n, record)
  }
  return record
}

/** Times go on, jump, and fall now and then; every fifth record has none. */
function timeOf(n: number): number | undefined {
  return n % 5 === 0 ? undefined : n * 1000 - (n % 97 === 0 ? 500_000 : 0)
}

/** A log on a device, and the number up to which it must be there. */
class LogSession {
  readonly device: Stops
  readonly work: LogCase
  log!: log.Log
  flushed = 0

  constructor(work: LogCase, device: Stops) {
    this.work = work
    this.device = device
  }

  open(): this {
    const { geometry, buffer, options } = this.work
    const checksum = geometry.checksum === undefined ? {} : { checksum: geometry.checksum }
    this.log = log.open(this.device, { ...checksum, ...options, ...(buffer === undefined ? {} : { buffer }) })
    return this
  }

  append(records: number, every: number): void {
    for (let i = 1; i <= records; i++) {
      const number = this.log.last + 1
      const given = this.log.append(recordOf(number), timeOf(number))
      if (given !== number) throw new Error(`record ${number} got the number ${given}`)
      if (i % every === 0 || i === records) {
        this.log.flush()
        this.flushed = this.log.last
      }
    }
  }

  /** Throws unless every record up to one of `allowed` is there, each right; gives that number. */
  expectUpTo(allowed: number[]): number {
    const { log } = this
    if (!allowed.includes(log.last)) throw new Error(`the last record is ${log.last}, not one of ${allowed}`)
    let expected = log.first
    // The oldest block of a full log may be half erased.
    const { blocks, usedBlocks } = log.status()
    const lost = (from: number, to: number) => {
      if (from !== expected || to > log.first + 400 || usedBlocks < blocks)
        throw new Error(`lost: ${from} to ${to}`)
      expected = to + 1
    }
    const visit = (record: Uint8Array, number: number, time: number | undefined) => {
      if (number !== expected) throw new Error(`record ${number} comes where ${expected} should`)
      if (!sameBytes(record, recordOf(number))) throw new Error(`record ${number} is wrong`)
      if (time !== timeOf(number)) throw new Error(`record ${number} has the time ${time}`)
      expected++
    }
    log.since(0, visit, { lost })
    if (expected !== log.last + 1) throw new Error(`the records end at ${expected - 1}, not ${log.last}`)
    return log.last
  }
}

/** At least so many records stay, whatever is dropped: all but two blocks' worth. */
function keptAtLeast(work: LogCase, last: number): number {
  const blocks = work.geometry.size / 4096
  const inBlock = Math.floor(4000 / (Math.ceil(60 / work.geometry.writeAlign) * work.geometry.writeAlign))
  return Math.min(last, Math.max(0, (blocks - 4) * inBlock - work.every))
}

function judge(before: LogSession, chip: Stops["chip"], allowed: number[], tally: Tally, point: Point): void {
  const session = new LogSession(before.work, new Stops(chip)).open()
  const last = session.expectUpTo(allowed)
  const { count: records } = session.log
  if (records < keptAtLeast(before.work, last)) throw new Error(`only ${records} records are left of ${last}`)
  session.flushed = last
  if (point.second === undefined) {
    session.device.before = (operation) => {
      const modes = sampled(2, 9)(point, operation.number, session.flushed === last)
      for (const secondMode of modes) {
        const again: Point = { ...point, second: operation.number, secondMode }
        tally.seconds++
        try {
          const allowedThen = [session.flushed, session.log.last]
          judge(session, cutAt(session.device.chip, operation, secondMode), allowedThen, tally, again)
        } catch (error) {
          tally.fail(again, error)
        }
      }
    }
  }
  const more = point.second === undefined ? 50 : 12
  const appended = last + more
  session.append(more, Math.min(before.work.every, 5))
  session.device.before = undefined
  const reopened = new LogSession(before.work, new Stops(chip.reboot())).open()
  reopened.expectUpTo([appended])
  const findings = reopened.log.check()
  if (findings.length > 0) throw new Error(`a finding: ${findings[0]?.message}`)
}

for (const work of CASES) {
  const name = `log, ${work.name}: ${nameOf(work.geometry)}`
  test.skipIf(CASE !== undefined && CASE !== name)(
    name,
    () => {
      const session = new LogSession(work, new Stops(makeChip(work.geometry))).open()
      if (work.load > 0) session.append(work.load, work.every)
      const tally = new Tally({ name, modes: work.name === "each" || LONG ? ALL_MODES : MODES, keys: 0 })
      session.device.before = (operation) => {
        for (const mode of tally.plan.modes) {
          const point: Point = { cut: operation.number, mode }
          if (process.env.CUT !== undefined && Number(process.env.CUT) !== operation.number) continue
          tally.points++
          try {
            const allowed = [session.flushed, session.log.last]
            withDeadline(10_000, () =>
              judge(session, cutAt(session.device.chip, operation, mode), allowed, tally, point),
            )
          } catch (error) {
            tally.fail(point, error)
          }
        }
      }
      session.append(work.cut, work.every)
      count(tally)
      expect(tally.points).toBeGreaterThan(100)
    },
    TIME_MAX,
  )
}
