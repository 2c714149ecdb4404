/**
 * Goal: Intervals are a set of bytes. Method: random intervals are added to it and to an array of flags, and the pairs, the room
 * and the runs are compared.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { Intervals } from "../../../src/flash/intervals.ts"

const SIZE = 40
const interval = fc.tuple(fc.nat(SIZE - 1), fc.integer({ min: 1, max: 9 }))

test("intervals are a set of bytes", () => {
  const property = fc.property(fc.array(interval, { maxLength: 12 }), (list) => {
    const intervals = new Intervals(list.length + 1)
    const flags = new Array<boolean>(SIZE + 10).fill(false)
    for (const [start, length] of list) {
      expect(intervals.hasRoom(start, start + length)).toBe(true)
      intervals.add(start, start + length)
      flags.fill(true, start, start + length)
    }
    const covered = flags.map(() => false)
    let last = -1
    for (let i = 0; i < intervals.count * 2; i += 2) {
      const [start, end] = [intervals.pairs[i] as number, intervals.pairs[i + 1] as number]
      expect(start).toBeGreaterThan(last)
      expect(end).toBeGreaterThan(start)
      last = end
      covered.fill(true, start, end)
    }
    expect(covered).toEqual(flags)
    for (let at = 0; at < SIZE; at++) {
      let run = 1
      while (at + run < SIZE && flags[at + run] === flags[at]) run++
      expect(intervals.runAt(at, SIZE)).toBe(flags[at] ? -run : run)
    }
  })
  fc.assert(property, { seed: Number(process.env.SEED ?? 20261123) })
})

test("a full set has room only for what touches one of its intervals", () => {
  const intervals = new Intervals(2)
  intervals.add(0, 2)
  intervals.add(10, 12)
  expect(intervals.hasRoom(5, 6)).toBe(false)
  expect(intervals.hasRoom(2, 3)).toBe(true)
  expect(intervals.hasRoom(8, 10)).toBe(true)
})
