/**
 * Goal: a list of intervals is a set of bytes. Method: random intervals are added to it and to an array of flags, and the pairs and
 * the room are compared.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { addInterval, makeIntervals } from "../../../src/flash/intervals.ts"

const SIZE = 40
const interval = fc.tuple(fc.nat(SIZE - 1), fc.integer({ min: 1, max: 9 }))

test("intervals are a set of bytes", () => {
  const property = fc.property(fc.array(interval, { maxLength: 12 }), (list) => {
    const intervals = makeIntervals(list.length + 1)
    const flags = new Array<boolean>(SIZE + 10).fill(false)
    for (const [start, length] of list) {
      expect(addInterval(intervals, start, start + length)).toBe(true)
      flags.fill(true, start, start + length)
    }
    const covered = flags.map(() => false)
    let last = -1
    for (let i = 1; i <= (intervals[0] as number) * 2; i += 2) {
      const [start, end] = [intervals[i] as number, intervals[i + 1] as number]
      expect(start).toBeGreaterThan(last)
      expect(end).toBeGreaterThan(start)
      last = end
      covered.fill(true, start, end)
    }
    expect(covered).toEqual(flags)
  })
  fc.assert(property, { seed: Number(process.env.SEED ?? 20261123) })
})

test("a full list takes only what touches one of its intervals", () => {
  const intervals = makeIntervals(2)
  addInterval(intervals, 2, 4)
  addInterval(intervals, 10, 12)
  const before = intervals.slice()
  expect(addInterval(intervals, 6, 7)).toBe(false)
  expect(intervals).toEqual(before)
  expect(addInterval(intervals, 4, 5)).toBe(true)
  expect(addInterval(intervals, 8, 10)).toBe(true)
  expect([...intervals]).toEqual([2, 2, 5, 8, 12])
})
