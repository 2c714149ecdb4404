/**
 * Goal: every database Berkeley DB 1.85 or MicroPython wrote is read as they read it, odd and damaged ones end as
 * defined here and never in a wrong answer, and where 1.85 is deterministic we write what it writes.
 * Method: the project's conformance files (a set in test/fixtures, all of them where the shared folder is present) are
 * opened from memory and compared with the .json beside them. Damaged files: a committed key has its committed value,
 * a later unflushed one, or an error; it is absent only if check() has findings. Then the same insert-only operations
 * are given to us and, live, to the real library, and the files are compared page by page with undefined bytes zeroed,
 * as long as no internal page splits (we cut those in balance, 1.85 does not: defect Q9).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { btree, MemoryStream } from "../../src/index.ts"
import {
  type BerkeleyFile,
  berkeleyFiles,
  canonical,
  type DbRecord,
  FIXTURES,
  hex,
  type Random,
  SHARED,
  seeded,
  sha256,
} from "../support/berkeley.ts"
import { mustRunLibdb1, scanLibdb1 } from "../support/libdb1/index.ts"
import { judgeFile } from "./judge.ts"

const directory = mkdtempSync(join(tmpdir(), "flashtree-berkeley-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function conformance(file: BerkeleyFile): void {
  const image = file.path === undefined ? undefined : new Uint8Array(readFileSync(file.path))
  const written = judgeFile(file.json, image)
  if (written === undefined) return
  // The format is kept: the library that fails on these operations reads our result.
  const path = join(directory, `${file.name}.db`)
  writeFileSync(path, written)
  expect(scanLibdb1(path).map(([key, value]) => [hex(key), hex(value)])).toEqual(file.json.expected)
}

const fixtures = berkeleyFiles(FIXTURES)
const shared = berkeleyFiles(SHARED).filter((file) => !fixtures.some(({ name }) => name === file.name))

describe("files of the original libraries", () => {
  test("the fixtures are there", () => expect(fixtures.length).toBeGreaterThanOrEqual(10))
  for (const file of fixtures) test(file.name, () => conformance(file))
})

// Empty where the repository stands alone.
if (shared.length > 0) {
  describe("the shared conformance set", () => {
    for (const file of shared) test(file.name, () => conformance(file))
  })
}

// ---- the same operations, the same file ---------------------------------------------------------------------------

/** The largest item on a leaf page: K + D. */
function inlineLimit(pagesize: number): number {
  return Math.floor((pagesize - 20) / 2) - 14
}

type Shape = (random: Random, pagesize: number) => DbRecord

const sequential = (key: (index: number) => string, index = 0): Shape => {
  let next = index
  return (random, pagesize) => [
    new TextEncoder().encode(key(next++)),
    random.bytes(random.between(0, Math.min(60, pagesize >> 3))),
  ]
}

const randomBytes: Shape = (random, pagesize) => [random.bytes(16), random.bytes(Math.min(32, pagesize >> 4))]

// K + D stays below the limit: at the limit 1.85 writes a damaged page (defect Q2).
const mixedSizes: Shape = (random, pagesize) => {
  const limit = inlineLimit(pagesize) - 1
  const key = random.bytes(random.between(1, Math.min(40, limit - 8)))
  return [key, random.bytes(random.between(0, limit - key.length))]
}

const withOverflow: Shape = (random, pagesize) => {
  const key = random.bytes(random.between(1, 30))
  const large = random.chance(0.2)
  const small = Math.max(40, pagesize >> 6)
  return [
    key,
    random.bytes(large ? random.between(inlineLimit(pagesize), 3 * pagesize) : random.between(0, small)),
  ]
}

const SHAPES: [string, () => Shape][] = [
  ["ascending", () => sequential((index) => `key${String(index).padStart(6, "0")}`)],
  ["descending", () => sequential((index) => `key${String(999_999 - index)}`)],
  ["random", () => randomBytes],
  ["mixed sizes", () => mixedSizes],
  ["overflow values", () => withOverflow],
]

/** Gives records that fill about `leaves` pages at one place in the leaf each. */
function recordsFor(random: Random, shape: Shape, pagesize: number, leaves: number): DbRecord[] {
  const records: DbRecord[] = []
  const limit = inlineLimit(pagesize)
  const seen = new Set<string>()
  for (let bytes = 0; bytes < leaves * pagesize; ) {
    const record = shape(random, pagesize)
    if (seen.has(hex(record[0]))) continue
    seen.add(hex(record[0]))
    records.push(record)
    const size = record[0].length + record[1].length
    bytes += 13 + (size > limit ? record[0].length + 8 : size)
  }
  return records
}

function writeBoth(
  name: string,
  pagesize: number,
  records: DbRecord[],
): { theirs: Uint8Array; ours: Uint8Array } {
  const path = join(directory, `${name}.db`)
  rmSync(path, { force: true })
  mustRunLibdb1(
    path,
    { psize: pagesize },
    records.map(([key, value]) => ({ op: "put", key, value })),
  )
  const stream = new MemoryStream()
  const tree = btree.open(stream, { pagesize })
  for (const [key, value] of records) tree.set(key, value)
  tree.close()
  return { theirs: new Uint8Array(readFileSync(path)), ours: stream.bytes() }
}

describe("the same insertions give the same pages as libdb1", () => {
  for (const pagesize of [512, 514, 700, 1024, 4096, 8192, 32768, 65536]) {
    for (const [name, shape] of SHAPES) {
      test(`${name}, page size ${pagesize}`, () =>
        seeded(pagesize * 31 + name.length, (random) => {
          const leaves = pagesize > 8192 ? 4 : 8
          const records = recordsFor(random, shape(), pagesize, leaves)
          const { theirs, ours } = writeBoth(`same-${pagesize}-${name.replace(" ", "-")}`, pagesize, records)
          const expected = canonical(theirs)
          expect(expected.depth, "the workload must split leaves, but no internal page").toBe(2)
          const actual = canonical(ours)
          expect(actual.types).toEqual(expected.types)
          for (let page = 0; page < expected.types.length; page++) {
            const part = (image: Uint8Array) => hex(image.subarray(page * pagesize, (page + 1) * pagesize))
            expect(part(actual.bytes), `page ${page} of ${expected.types.length}`).toBe(part(expected.bytes))
          }
          expect(sha256(actual.bytes)).toBe(sha256(expected.bytes))
        }))
    }
  }
})
