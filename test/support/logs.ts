/** Logs for tests: records whose bytes and times follow from their number, and reading all of them back. */
import type { Log, VisitOptions } from "../../src/log/index.ts"
import { makeValue } from "../powercut/rig.ts"
import { firstDifference } from "./streams.ts"

const RECORDS = new Map<number, Uint8Array>()

/** The record of number `n`: of 0 to 80 bytes, mostly 32. */
export function recordOf(n: number): Uint8Array {
  let record = RECORDS.get(n)
  if (record === undefined) {
    record = makeValue(n % 7 === 0 ? n % 81 : 32, n, 1)
    RECORDS.set(n, record)
  }
  return record
}

/** Times go on, jump, and fall now and then; every fifth record has none. */
export function timeOf(n: number): number | undefined {
  return n % 5 === 0 ? undefined : n * 1000 - (n % 97 === 0 ? 500_000 : 0)
}

/** Appends `records` more, with a flush after each `every` and at the end. */
export function appendTo(log: Log, records: number, every: number): void {
  for (let i = 1; i <= records; i++) {
    const number = log.last + 1
    const given = log.append(recordOf(number), timeOf(number))
    if (given !== number) throw new Error(`record ${number} got the number ${given}`)
    if (i % every === 0 || i === records) log.flush()
  }
}

/** Numbers from the first up to the second that were told to be lost. */
export type Lost = [number, number]

/** Throws unless the log gives each record from the first to the last, right, or tells that it is lost; gives what is. */
export function expectRecords(log: Log, options: VisitOptions = {}): Lost[] {
  const lost: Lost[] = []
  const isBack = options.newestFirst === true
  let expected = isBack ? log.last : log.first
  const take = (from: number, to: number) => {
    const [next, after] = isBack ? [to, from - 1] : [from, to + 1]
    if (next !== expected) throw new Error(`${from} to ${to} come where ${expected} should`)
    expected = after
  }
  const visit = (record: Uint8Array, number: number, time: number | undefined) => {
    take(number, number)
    if (firstDifference(record, recordOf(number)) >= 0) throw new Error(`record ${number} is wrong`)
    if (time !== timeOf(number)) throw new Error(`record ${number} has the time ${time}`)
  }
  const onLost = (from: number, to: number) => {
    take(from, to)
    lost.push([from, to])
  }
  log.since(0, visit, { ...options, lost: onLost })
  const end = isBack ? log.first - 1 : log.last + 1
  if (expected !== end) throw new Error(`the records end at ${expected}, not ${end}`)
  return lost
}
