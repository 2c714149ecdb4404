/** Workloads of puts and deletes on an append-only tree beside a map, and what a reader as strict as the original's wants of the pages. */
import * as append from "../../src/append/index.ts"
import { MemoryStream, type RandomAccessStream } from "../../src/index.ts"
import { makeBytes, makeRandom } from "./streams.ts"

export type Random = (below: number) => number
/** Makes key number `i`, in Latin-1 letters. */
export type Shape = (random: Random, i: number) => string

export const SHAPES = {
  digits: (random) => String(random(100_000_000)).padStart(8, "0"),
  letters: (random) => Array.from({ length: 1 + random(18) }, () => "abc"[random(3)]).join(""),
  path: (random) =>
    `/cfg/dev${random(40)}/sensor${String(random(60)).padStart(3, "0")}/${["value", "threshold", "unit"][random(3)]}`,
  prefixed: (random) => `${"shared/prefix/".repeat(7)}${String(random(100_000)).padStart(8, "0")}`,
  binary: (random) => String.fromCharCode(...Array.from({ length: 1 + random(12) }, () => random(256))),
  long: (random) => "x".repeat(random(200)) + String(random(5000)),
  chain: (random) =>
    "k".repeat(random(240)) + Array.from({ length: 1 + random(4) }, () => "ajz"[random(3)]).join(""),
  longest: (random) =>
    `${"abc"[random(3)]}${"abc"[random(3)]}${"long".repeat(61)}${String(random(500)).padStart(5, "0")}`,
  ascending: (_, i) => String(i).padStart(10, "0"),
} satisfies Record<string, Shape>

export interface Workload {
  shape: Shape
  pagesize: number
  operations: number
  /** Longest value. */
  value: number
  /** Deletes in a hundred operations, in the first and in the second half. */
  deletes: [number, number]
  /** Operations in a transaction. */
  commit: number
  /** How often all is compared (4 times). */
  comparisons?: number
  reverse?: boolean
  cachesize?: number
}

export interface Outcome {
  levels: number
  records: number
  /** Live leaves without records, and internal pages with a single child, at the comparisons. */
  empty: number
  single: number
}

const CACHE = 32 * 1024 * 1024

function keyBytes(key: string): Uint8Array {
  return Buffer.from(key, "latin1")
}

/** The value that operation `i` puts. */
function contentOf(i: number, length: number): Uint8Array {
  return new Uint8Array(length).fill(i % 251)
}

/** Does a workload, and compares all records with those of a map after equal parts of it. Throws where anything differs. */
export function runWorkload(seed: number, load: Workload): Outcome {
  const { shape, pagesize, operations, value, deletes, comparisons = 4, cachesize = CACHE } = load
  const random = makeRandom(seed)
  const stream = new MemoryStream()
  const flags = load.reverse === true ? append.BT_REVERSEKEY : 0
  const tree = append.open(stream, { pagesize, cachesize, flags })
  const model = new Map<string, [number, number]>()
  const keys: string[] = []
  const outcome: Outcome = { levels: 0, records: 0, empty: 0, single: 0 }
  let txn = tree.begin()
  for (let i = 0; i < operations; i++) {
    if (random(100) < deletes[i * 2 < operations ? 0 : 1] && keys.length > 0) {
      const at = random(keys.length)
      const key = keys[at] as string
      keys[at] = keys.at(-1) as string
      keys.pop()
      if (!txn.delete(keyBytes(key))) throw new Error(`seed ${seed}, operation ${i}: ${key} is not there`)
      model.delete(key)
    } else {
      const key = shape(random, i)
      const length = random(value + 1)
      txn.put(keyBytes(key), contentOf(i, length))
      if (!model.has(key)) keys.push(key)
      model.set(key, [i, length])
    }
    const isPart = (i + 1) % Math.ceil(operations / comparisons) === 0 || i === operations - 1
    if (isPart || i % load.commit === load.commit - 1) {
      txn.commit()
      if (isPart) compare(seed, load, stream, model, outcome)
      txn = tree.begin()
    }
  }
  txn.abort()
  return outcome
}

/** Opens what is there and compares it; adds to `outcome`. */
function compare(
  seed: number,
  { reverse, cachesize = CACHE }: Workload,
  stream: MemoryStream,
  model: Map<string, [number, number]>,
  outcome: Outcome,
): void {
  const tree = append.open(stream, { cachesize, flags: append.BT_RDONLY })
  const turned = reverse === true ? (key: string) => [...key].reverse().join("") : (key: string) => key
  const expected = [...model].sort(([a], [b]) => (turned(a) < turned(b) ? -1 : 1))
  let at = 0
  tree.forEach((cursor) => {
    const [key, [i, length]] = expected[at++] as [string, [number, number]]
    if (Buffer.compare(cursor.key(), keyBytes(key)) !== 0) throw new Error(`seed ${seed}: no ${key}`)
    if (Buffer.compare(cursor.value(), contentOf(i, length)) !== 0)
      throw new Error(`seed ${seed}: another value of ${key}`)
  })
  if (at !== expected.length) throw new Error(`seed ${seed}: ${at} of ${expected.length} records`)
  const findings = tree.check()
  if (findings.length > 0) throw new Error(`seed ${seed}: ${findings[0]?.message}`)
  const { depth, entries } = tree.stat()
  if (entries !== expected.length) throw new Error(`seed ${seed}: stat() tells ${entries} records`)
  const { empty, single } = poorPages(stream, tree.stat().pagesize)
  outcome.levels = Math.max(outcome.levels, depth)
  outcome.records = Math.max(outcome.records, entries)
  outcome.empty += empty
  outcome.single += single
}

const NONE = 0xffffffff

/**
 * Counts the leaves without records and the internal pages with a single child in the tree whose commit record ends the stream: the original's
 * reader takes neither.
 */
export function poorPages(stream: RandomAccessStream, pagesize: number): { empty: number; single: number } {
  const page = new Uint8Array(pagesize)
  const view = new DataView(page.buffer)
  stream.read(page, stream.size() - pagesize)
  const root = view.getUint32(16, true)
  const pending = root === NONE ? [] : [root]
  let empty = 0
  let single = 0
  for (let pgno = pending.pop(); pgno !== undefined; pgno = pending.pop()) {
    stream.read(page, pgno * pagesize)
    const count = (view.getUint16(8, true) - 12) / 2
    if (view.getUint32(4, true) === 1) {
      if (count === 1) single++
      for (let i = 0; i < count; i++) pending.push(view.getUint32(view.getUint16(12 + 2 * i, true), true))
    } else if (count === 0) empty++
  }
  return { empty, single }
}

/** Keys that share long beginnings with their neighbours, in the order that is put. */
function sharingKeys(count: number, most: number): string[] {
  return Array.from({ length: count }, (_, i) => {
    const n = (i * 7919) % count
    return `${"k".repeat((n * 37) % most)}${"abc"[n % 3]}${n}`
  })
}

/** Gives a tree of keys that grow where a bound goes, so that full leaves cannot be merged. */
export function sharingTree(pagesize: number, flags: number): Uint8Array {
  const stream = new MemoryStream()
  const tree = append.open(stream, { pagesize, flags, clock: () => 1_700_000_000 })
  const txn = tree.begin()
  for (const [i, key] of sharingKeys(260, 210).entries()) txn.put(key, makeBytes((i * 11) % 90, i + 1))
  txn.commit()
  return stream.bytes()
}

/** Gives the keys of each leaf, in order. */
export function leavesOf(tree: append.AppendTree): string[][] {
  const leaves: string[][] = []
  let page = 0
  tree.forEach((cursor) => {
    if (cursor._page !== page) leaves.push([])
    page = cursor._page
    leaves.at(-1)?.push(Buffer.from(cursor.key()).toString("latin1"))
  })
  return leaves
}
