/**
 * Goal: a constant database is a sorted array, whatever its number of keys, page size, key type and way of reading. Method: fast-check draws a
 * shape: a number of keys at, just below or just above a boundary of a leaf or an inner node, a page size down to the smallest, values of
 * many lengths. The file is written by both writers, read in all four ways, and every key, gap and index is compared with the array.
 *
 * Replay: SEED=<seed> FC_PATH=<path> npx vitest run test/property/constant; RUNS=<n> sets the number of runs.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import * as constant from "../../src/constant/index.ts"
import { innerSlots, leafSlots } from "../../src/constant/layout.ts"
import { MemoryStream } from "../../src/stream/memory-stream.ts"
import { type AnyType, descending } from "../support/constant.ts"
import { firstDifference, makeBytes, makeRandom } from "../support/streams.ts"

const SEED = Number(process.env.SEED ?? 20261128)
const RUNS = Number(process.env.RUNS ?? 100)
const ITEMS_MAX = 1000

const TYPES: Record<string, AnyType> = {
  uint32: constant.uint32,
  descending: descending(constant.uint32),
  uint64: constant.uint64,
  bytes1: constant.bytes(1),
  bytes12: constant.bytes(12),
  bytes64: constant.bytes(64),
}

interface Shape {
  type: string
  pagesize: number
  /** Full leaves, and full nodes above them, and keys more or less. */
  leaves: number
  inner: number
  more: number
  seed: number
  spread: number
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  type: fc.constantFrom(...Object.keys(TYPES)),
  pagesize: fc.oneof(fc.constantFrom(144, 160, 256, 1024), fc.integer({ min: 144, max: 600 })),
  leaves: fc.integer({ min: 0, max: 4 }),
  inner: fc.integer({ min: 0, max: 3 }),
  more: fc.integer({ min: -2, max: 2 }),
  seed: fc.integer({ min: 0, max: 1e6 }),
  spread: fc.constantFrom(1, 3, 1000, 1e6),
})

/** Gives ascending numbers with gaps of up to `spread`. */
function numbersOf(count: number, { seed, spread }: Shape): number[] {
  const random = makeRandom(seed)
  let number = random(spread)
  return Array.from({ length: count }, () => {
    number += 1 + random(spread)
    return number % 2 ** 32
  })
}

function keyFor(type: string, number: number): unknown {
  if (type === "uint32" || type === "descending") return number
  if (type === "uint64") return BigInt(number) * 0x1_0000_0001n
  const { size } = TYPES[type] as AnyType
  const key = new Uint8Array(size).fill(3)
  if (size === 1) key[0] = number
  else new DataView(key.buffer).setUint32(size === 12 ? 0 : 50, number)
  return key
}

function countOf({ type, pagesize, leaves, inner, more }: Shape): number {
  const { size } = TYPES[type] as AnyType
  const perLeaf = leafSlots(pagesize, size)
  const perInner = innerSlots(pagesize, size) + 1
  const count = leaves * perLeaf + inner * perLeaf * perInner + more
  return Math.max(0, Math.min(count, ITEMS_MAX, size === 1 ? 200 : ITEMS_MAX))
}

function run(shape: Shape): number {
  const type = TYPES[shape.type] as AnyType
  const count = countOf(shape)
  const numbers = numbersOf(count, shape.type === "bytes1" ? { ...shape, spread: 1 } : shape)
  if (shape.type === "descending") numbers.reverse()
  const items = numbers.map((number, i): [unknown, Uint8Array] => [
    keyFor(shape.type, number),
    makeBytes(i % 11 === 0 ? 150 : (i * 7) % 13, i),
  ])
  const options = { key: type, pagesize: shape.pagesize }
  const writer = new constant.Writer(options)
  for (const i of items.keys()) writer.add(...(items[(i * 7919) % count] as [unknown, Uint8Array]))
  const unique = new Set(Array.from({ length: count }, (_, i) => (i * 7919) % count)).size === count
  const stream = new MemoryStream()
  if (unique) writer.write(stream)
  const sequential = new constant.SequentialWriter(options)
  for (const [key, value] of items) sequential.add(key, value.length)
  const other = new MemoryStream()
  sequential.writeHeader(other)
  for (const [key, value] of items) sequential.writeValue(key, value)
  sequential.writeFinalize()
  if (unique && firstDifference(stream.bytes(), other.bytes()) >= 0) throw new Error("two writers, two files")
  const image = new Uint8Array(Math.ceil(other.size() / 4096) * 4096).fill(0xff)
  image.set(other.bytes())
  const ways: [object, constant.Source][] = [
    [{}, other],
    [{}, new SimulatedFlash({ size: image.length, image })],
    [{ pageBuffers: 1 }, other],
    [{ pageBuffers: 2 }, other],
    [{ cache: new constant.PageCache(3) }, other],
  ]
  for (const [way, source] of ways) {
    const reader = new constant.Reader({ ...options, ...way })
    reader.open(source)
    expectArray(reader, items, numbers, shape.type)
  }
  return count
}

function expectArray(
  reader: constant.Reader,
  items: [unknown, Uint8Array][],
  numbers: number[],
  type: string,
): void {
  if (reader.size !== items.length) throw new Error(`size ${reader.size} of ${items.length}`)
  if (reader.verify().length > 0) throw new Error(reader.verify()[0]?.message)
  const step = type === "descending" ? -1 : 1
  for (const [i, [key, value]] of items.entries()) {
    const found = reader.lookup(key)
    if (found === undefined || firstDifference(found, value) >= 0) throw new Error(`value ${i}`)
    if (reader.lowerBound(key) !== i) throw new Error(`the index of key ${i}`)
    const item = reader.at(i)
    if (item === undefined || firstDifference(item.value, value) >= 0) throw new Error(`item ${i}`)
    expect(item.key).toEqual(key)
    const next = (numbers[i] as number) + step
    if (next !== numbers[i + 1] && next >= 0 && next < (type === "bytes1" ? 256 : 2 ** 32)) {
      const gap = keyFor(type, next)
      if (reader.exists(gap) || reader.lowerBound(gap) !== i + 1) throw new Error(`the gap behind key ${i}`)
    }
  }
}

test("a constant database is a sorted array", () => {
  let largest = 0
  let edges = 0
  fc.assert(
    fc.property(shapes, (shape) => {
      const count = run(shape)
      largest = Math.max(largest, count)
      if (shape.inner > 0 && count < ITEMS_MAX) edges++
    }),
    { numRuns: RUNS, seed: SEED, ...(process.env.FC_PATH ? { path: process.env.FC_PATH } : {}) },
  )
  console.log(`${RUNS} runs: up to ${largest} keys, ${edges} near the edge of an inner node`)
  if (!process.env.FC_PATH) expect(edges).toBeGreaterThan(RUNS / 5)
}, 120_000)
