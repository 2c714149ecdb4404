/**
 * Goal: the order of encoded keys is the order of what they stand for, in a tree too, and they decode to it. Method: pairs of random
 * values and edges are compared both ways; tuples against a comparison written down independently.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { btree, MemoryStream } from "../../../hosts/node/index.ts"
import {
  decodeF64,
  decodeI32,
  decodeJSON,
  decodeTuple,
  decodeU32be,
  encodeJSON,
  f64,
  i32,
  type TupleItem,
  tuple,
  tupleEnd,
  u32be,
} from "../../../src/values/index.ts"

const EINVAL = expect.objectContaining({ code: "EINVAL" })
const order = (a: Uint8Array, b: Uint8Array) => Math.sign(Buffer.compare(a, b))

describe.each([
  [
    "u32be",
    u32be,
    decodeU32be,
    fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 1, 255, 256, 0xffffffff)),
  ],
  ["i32", i32, decodeI32, fc.oneof(fc.integer(), fc.constantFrom(-0x80000000, -1, 0, 1, 0x7fffffff))],
  [
    "f64",
    f64,
    decodeF64,
    fc.oneof(
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.constantFrom(-Infinity, -Number.MIN_VALUE, -0, 0, Infinity),
    ),
  ],
] as [string, (n: number) => Uint8Array, (b: Uint8Array, at?: number) => number, fc.Arbitrary<number>][])(
  "%s",
  (_name, encode, decode, numbers) => {
    it("keeps the order, and decodes", () => {
      fc.assert(
        fc.property(numbers, numbers, (a, b) => {
          expect(decode(encode(a))).toBe(a + 0)
          expect(order(encode(a), encode(b))).toBe(Math.sign(a === b ? 0 : a < b ? -1 : 1))
        }),
        { seed: 1, numRuns: 2000 },
      )
    })

    it("decodes in the middle of a key, and refuses what is too short", () => {
      const key = new Uint8Array(12)
      key.set(encode(7), 3)
      expect(decode(key.subarray(1), 2)).toBe(7)
      expect(() => decode(key, 10)).toThrow(EINVAL)
      expect(() => decode(key, -1)).toThrow(EINVAL)
      expect(() => decode(key, 0.5)).toThrow(EINVAL)
    })
  },
)

it("refuses numbers that do not fit", () => {
  for (const number of [-1, 2 ** 32, 1.5, Number.NaN]) expect(() => u32be(number)).toThrow(EINVAL)
  for (const number of [-(2 ** 31) - 1, 2 ** 31, 0.5, Number.NaN]) expect(() => i32(number)).toThrow(EINVAL)
  expect(() => f64(Number.NaN)).toThrow(EINVAL)
})

const bytes = fc.uint8Array({ maxLength: 6 })
const lowBytes = fc.array(fc.constantFrom(0, 1, 0xff), { maxLength: 4 }).map((list) => Uint8Array.from(list))
const items: fc.Arbitrary<TupleItem> = fc.oneof(
  fc.constantFrom<TupleItem>(null, false, true, "", "a", "a\0", "a\0b", "ab", 0, 1, -1, 256),
  fc.double({ noNaN: true }).map((number) => number + 0),
  fc.integer(),
  fc.string({ unit: "grapheme", maxLength: 5 }),
  bytes,
  lowBytes,
)

function rank(item: TupleItem): number {
  if (item === null) return 0
  if (typeof item === "boolean") return item ? 2 : 1
  return typeof item === "number" ? 3 : typeof item === "string" ? 4 : 5
}

function compareItems(a: TupleItem, b: TupleItem): number {
  if (rank(a) !== rank(b)) return Math.sign(rank(a) - rank(b))
  if (typeof a === "number") return a === b ? 0 : a < (b as number) ? -1 : 1
  if (typeof a === "string") return Math.sign(Buffer.compare(Buffer.from(a), Buffer.from(b as string)))
  return a instanceof Uint8Array ? Math.sign(Buffer.compare(a, b as Uint8Array)) : 0
}

function compareTuples(a: TupleItem[], b: TupleItem[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareItems(a[i] as TupleItem, b[i] as TupleItem)
    if (difference !== 0) return difference
  }
  return Math.sign(a.length - b.length)
}

describe("tuple", () => {
  it("keeps the order item by item, and decodes", () => {
    const tuples = fc.array(items, { maxLength: 4 })
    fc.assert(
      fc.property(tuples, tuples, (a, b) => {
        expect(decodeTuple(tuple(a))).toEqual(a)
        expect(order(tuple(a), tuple(b))).toBe(compareTuples(a, b))
        expect(order(tuple([...a, ...b]), tuple([...a])) >= 0).toBe(true)
        expect(order(tuple([...a, ...b]), tupleEnd(a))).toBe(-1)
      }),
      { seed: 2, numRuns: 3000 },
    )
  })

  it("takes few bytes for small whole numbers", () => {
    expect(tuple([1]).length).toBe(4)
    expect(tuple([1000]).length).toBeLessThanOrEqual(6)
  })

  it("refuses other items, and keys that it has not made", () => {
    expect(() => tuple([undefined as unknown as null])).toThrow(/undefined/)
    expect(() => tuple([Number.NaN])).toThrow(EINVAL)
    for (const list of [[0], [4], [5], [6, 65], [9, 0], [5, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0], [6, 0xff, 0]]) {
      expect(() => decodeTuple(Uint8Array.from(list))).toThrow(EINVAL)
    }
  })

  it("never hangs on bytes of any kind", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(0, 1, 5, 6, 7, 0x41, 0xff), { maxLength: 12 }), (list) => {
        try {
          decodeTuple(Uint8Array.from(list))
        } catch (error) {
          expect(error).toEqual(EINVAL)
        }
      }),
      { seed: 3, numRuns: 3000 },
    )
  })
})

/**
 * The recipe of the README for records that live for a time: a record says until when, and beside it there is one under
 * tuple(["ttl", until, key]); what is over is found by one range, and goes with it.
 */
describe("records that live for a time", () => {
  function setUntil(tree: btree.BTree, key: string, value: string, until: number): void {
    tree.set(key, encodeJSON({ until, value }))
    tree.set(tuple(["ttl", until, key]), "")
  }

  function sweep(tree: btree.BTree, now: number): number {
    const due: string[] = []
    for (const key of tree.keys(tuple(["ttl"]), tuple(["ttl", now]))) due.push(decodeTuple(key)[2] as string)
    let count = 0
    for (const key of due) {
      const record = tree.get(key)
      if (record !== undefined && (decodeJSON(record) as { until: number }).until < now && tree.delete(key))
        count++
    }
    tree.deleteRange(tuple(["ttl"]), tuple(["ttl", now]))
    tree.flush()
    return count
  }

  it("go in one flush when their time is over, and no others", () => {
    const tree = btree.open(new MemoryStream())
    for (let i = 0; i < 200; i++) setUntil(tree, `session/${i}`, "x", 1000 + (i % 50) * 10)
    setUntil(tree, "session/0", "set anew", 2000)
    tree.set("other", "stays")
    expect(sweep(tree, 1000)).toBe(0)
    expect(sweep(tree, 1101)).toBe(43)
    expect([...tree.keys("session/", "session0")].length).toBe(157)
    expect(sweep(tree, 1999)).toBe(156)
    expect(tree.has("session/0")).toBe(true)
    expect(sweep(tree, 5000)).toBe(1)
    expect([...tree.keys()].map((key) => Buffer.from(key).toString())).toEqual(["other"])
  })
})
