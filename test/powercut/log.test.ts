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
import { withDeadline } from "../property/model.ts"
import { appendTo, expectRecords } from "../support/logs.ts"
import { ALL_MODES, CASE, count, LONG, MODES, sampled, TIME_MAX } from "./cases.ts"
import { cutAt, type Geometry, type Mode, makeChip, nameOf, type Point, Stops, Tally } from "./rig.ts"

interface LogCase {
  geometry: Geometry
  /** Records before the cuts, and with them; a flush after each `every`. */
  load: number
  cut: number
  every: number
  name: string
  buffer?: number
  options?: log.LogOpenOptions
  /** maintain() after every third record. */
  maintains?: boolean
  /** Records while cutting, but in the long run. */
  few?: number
  /** Modes of the first cut, but in the long run: all when left out. */
  modes?: Mode[]
}

const CASES: LogCase[] = [
  { name: "each", geometry: { size: 65536, writeAlign: 1 }, load: 9000, cut: 500, every: 1 },
  { name: "each", geometry: { size: 65536, writeAlign: 16 }, load: 9000, cut: 500, few: 60, every: 1 },
  {
    name: "each",
    geometry: { size: 65536, writeAlign: 16, encrypted: true },
    load: 9000,
    cut: 500,
    every: 1,
    modes: MODES,
  },
  {
    name: "each",
    geometry: { size: 65536, writeAlign: 32, encrypted: true },
    load: 9000,
    cut: 300,
    few: 60,
    every: 1,
  },
  {
    name: "each",
    geometry: { size: 32768, writeAlign: 4, checksum: "sum32" },
    load: 3000,
    cut: 500,
    few: 60,
    every: 1,
  },
  {
    name: "each with maintain()",
    geometry: { size: 32768, writeAlign: 1 },
    load: 2000,
    cut: 500,
    few: 150,
    every: 1,
    maintains: true,
  },
  {
    name: "each with maintain()",
    geometry: { size: 32768, writeAlign: 16, encrypted: true },
    load: 2000,
    cut: 500,
    few: 80,
    every: 1,
    maintains: true,
  },
  {
    name: "every 16",
    geometry: { size: 65536, writeAlign: 1 },
    load: 9000,
    cut: 2000,
    few: 300,
    every: 16,
    modes: MODES,
  },
  {
    name: "every 16",
    geometry: { size: 16384, writeAlign: 8 },
    load: 1000,
    cut: 1500,
    few: 400,
    every: 16,
    modes: MODES,
  },
  {
    name: "over blocks",
    geometry: { size: 32768, writeAlign: 1 },
    load: 2000,
    cut: 2400,
    few: 300,
    every: 300,
    buffer: 256,
  },
  {
    name: "over blocks",
    geometry: { size: 32768, writeAlign: 16, encrypted: true },
    load: 2000,
    cut: 1200,
    few: 200,
    every: 200,
    buffer: 256,
    modes: MODES,
  },
  { name: "first records", geometry: { size: 32768, writeAlign: 1 }, load: 0, cut: 300, few: 100, every: 1 },
  {
    name: "first records",
    geometry: { size: 32768, writeAlign: 32, encrypted: true },
    load: 0,
    cut: 100,
    few: 50,
    every: 2,
  },
]

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
    for (let done = 0; done < records; done += every) {
      const some = Math.min(every, records - done)
      if (this.work.maintains && this.log.last % 3 === 0) this.log.maintain()
      appendTo(this.log, some, every)
      this.flushed = this.log.last
    }
  }

  /** Throws unless every record up to one of `allowed` is there, each right; gives that number. */
  expectUpTo(allowed: number[]): number {
    const { log } = this
    if (!allowed.includes(log.last)) throw new Error(`the last record is ${log.last}, not one of ${allowed}`)
    const { blocks, usedBlocks } = log.status()
    // The oldest block of a full log may be half erased.
    for (const [from, to] of expectRecords(log)) {
      if (from > log.first + 400 || to > log.first + 400 || usedBlocks < blocks)
        throw new Error(`lost: ${from} to ${to}`)
    }
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
      const modes = sampled(LONG ? 2 : 5, 9)(point, operation.number, session.flushed === last)
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
      const tally = new Tally({ name, modes: LONG ? ALL_MODES : (work.modes ?? ALL_MODES), keys: 0 })
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
      session.append(LONG ? work.cut : (work.few ?? work.cut), work.every)
      count(tally)
      expect(tally.points).toBeGreaterThan(100)
    },
    TIME_MAX,
  )
}
