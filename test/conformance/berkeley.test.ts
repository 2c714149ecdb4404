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
import { btree, isFlashtreeError, MemoryStream } from "../../src/index.ts"
import {
  type BerkeleyFile,
  berkeleyFiles,
  canonical,
  compareBytes,
  type DbRecord,
  FIXTURES,
  type HexOperation,
  hex,
  type Random,
  recordsDigest,
  SHARED,
  seeded,
  sha256,
  unhex,
} from "../support/berkeley.ts"
import { mustRunLibdb1, scanLibdb1 } from "../support/libdb1/index.ts"

type BTree = ReturnType<typeof btree.open>

const directory = mkdtempSync(join(tmpdir(), "flashtree-berkeley-"))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function ascending(tree: BTree, limit = Number.POSITIVE_INFINITY): DbRecord[] {
  const records: DbRecord[] = []
  const cursor = tree.cursor()
  for (let more = cursor.first(); more; more = cursor.next()) {
    records.push([cursor.key(), cursor.value()])
    if (records.length > limit) throw new Error(`the scan does not end: ${records.length} records`)
  }
  cursor.close()
  return records
}

function descending(tree: BTree): DbRecord[] {
  const records: DbRecord[] = []
  const cursor = tree.cursor()
  for (let more = cursor.last(); more; more = cursor.previous()) records.push([cursor.key(), cursor.value()])
  cursor.close()
  return records
}

/** The error's code; anything that is not one of our errors goes on. */
function codeOf(action: () => void): string | undefined {
  try {
    action()
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error.code
  }
  return undefined
}

function soundFile(file: BerkeleyFile, image: Uint8Array): void {
  const { json } = file
  const stream = new MemoryStream(image)
  const tree = btree.open(stream)
  const records = ascending(tree)
  expect(records.length).toBe(json.count)
  expect(recordsDigest(records)).toBe(json.sha256_records)
  if (json.records_hex)
    expect(records.map(([key, value]) => [hex(key), hex(value)])).toEqual(json.records_hex)
  expect(recordsDigest(descending(tree).reverse())).toBe(json.sha256_records)

  const duplicates = json.open?.flags === 1
  const values = new Map<string, Set<string>>()
  for (const [key, value] of records) {
    const text = hex(key)
    values.set(text, (values.get(text) ?? new Set()).add(hex(value)))
  }
  if (!duplicates) expect(values.size).toBe(records.length)
  for (const [key] of records) {
    const value = tree.get(key)
    expect(value).toBeDefined()
    expect(values.get(hex(key))?.has(hex(value as Uint8Array))).toBe(true)
    expect(tree.has(key)).toBe(true)
  }
  expect(tree.get(unhex("fefefefefefefefefefe"))).toBeUndefined()

  expect(tree.check()).toEqual([])
  if (json.structure && json.structure.leaked === 0) {
    expect(tree.stat()).toMatchObject({
      pages: json.structure.pages,
      freePages: json.structure.free,
      depth: json.structure.depth,
      leafPages: json.structure.leaf,
      internalPages: json.structure.internal,
      overflowPages: json.structure.overflow,
      entries: json.count,
      duplicates,
      byteOrder: json.byte_order === "big" ? 4321 : 1234,
    })
  }
  tree.close()
  expect(sha256(stream.bytes()), "reading must not write").toBe(sha256(image))
}

function emptyFile(): void {
  const stream = new MemoryStream(new Uint8Array(0))
  const tree = btree.open(stream, { pagesize: 512 })
  expect(ascending(tree)).toEqual([])
  expect(tree.get("k")).toBeUndefined()
  tree.flush()
  tree.close()
  expect(stream.size(), "opened, not changed: never written").toBe(0)
}

function recnoFile(image: Uint8Array): void {
  let error: unknown
  try {
    btree.open(new MemoryStream(image))
  } catch (caught) {
    error = caught
  }
  expect(isFlashtreeError(error)).toBe(true)
  expect(error).toMatchObject({ code: "EFTYPE" })
  expect((error as Error).message).toContain("recno")
}

function bigKeysQuirk(file: BerkeleyFile, image: Uint8Array): void {
  const tree = btree.open(new MemoryStream(image))
  const findings = tree.check()
  expect(findings.length).toBeGreaterThan(0)
  expect(findings.map((finding) => finding.message).join("\n")).toMatch(/order/)
  // A scan in order is impossible and says so; salvage gives every record, in the order of the file.
  expect(codeOf(() => ascending(tree, 1000))).toBe("ECORRUPT")
  const records: DbRecord[] = []
  expect(tree.salvage((key, value) => void records.push([key, value]))).toEqual([])
  expect(records.length).toBe(file.json.actual_scan_count)
  expect(recordsDigest(records)).toBe(file.json.sha256_actual_scan)
  records.sort((a, b) => compareBytes(a[0], b[0]))
  expect(recordsDigest(records)).toBe(file.json.sha256_records)
  // Search cannot find what lies at the wrong place, but must never give another record's value.
  for (const [key, value] of records) {
    codeOf(() => {
      const found = tree.get(key)
      if (found !== undefined) expect(hex(found)).toBe(hex(value))
    })
  }
}

function cutFile(file: BerkeleyFile, image: Uint8Array): void {
  const committed = new Map(file.json.committed)
  // Every value a key may have: the committed one and those of later operations that had not been flushed.
  const allowed = new Map<string, Set<string>>()
  const mayBeAbsent = new Set<string>()
  for (const [key, value] of committed) allowed.set(key, new Set([value]))
  for (const [code, key, value] of file.json.unflushed_ops ?? []) {
    if (code === "del") mayBeAbsent.add(key)
    else {
      if (!committed.has(key)) mayBeAbsent.add(key)
      allowed.set(key, (allowed.get(key) ?? new Set()).add(value as string))
    }
  }
  let tree: BTree | undefined
  const refused = codeOf(() => {
    tree = btree.open(new MemoryStream(image))
  })
  if (tree === undefined) {
    expect(["ECORRUPT", "EFTYPE"]).toContain(refused)
    return
  }
  const opened = tree
  const findings = opened.check()
  let absent = 0
  for (const [key, values] of allowed) {
    let value: Uint8Array | undefined
    const code = codeOf(() => {
      value = opened.get(unhex(key))
    })
    if (code !== undefined) expect(code).toBe("ECORRUPT")
    else if (value !== undefined) expect(values, `value of ${key}`).toContain(hex(value))
    else if (!mayBeAbsent.has(key)) absent++
  }
  if (absent > 0)
    expect(findings.length, `${absent} committed keys absent, check() silent`).toBeGreaterThan(0)

  let records: DbRecord[] = []
  const scanned = codeOf(() => {
    records = ascending(opened, 10 * allowed.size + 100)
  })
  if (scanned !== undefined) expect(scanned).toBe("ECORRUPT")
  else {
    for (const [key, value] of records)
      expect(allowed.get(hex(key)), `scan gave ${hex(key)}`).toContain(hex(value))
    const seen = new Set(records.map(([key]) => hex(key)))
    const missing = [...committed.keys()].filter((key) => !seen.has(key) && !mayBeAbsent.has(key))
    if (missing.length > 0) {
      expect(findings.length, `${missing.length} committed keys not scanned`).toBeGreaterThan(0)
    }
  }
  if (file.json["real_1.85"]?.includes("damaged")) expect(findings.length).toBeGreaterThan(0)
}

function defectReplay(file: BerkeleyFile): void {
  const { json } = file
  const path = join(directory, `${file.name}.db`)
  const stream = new MemoryStream()
  const options = { pagesize: json.pagesize as number, minkeypage: json.minkeypage as number }
  const tree = btree.open(stream, options)
  for (const [code, key, value] of json.ops as HexOperation[]) {
    if (code === "put") tree.set(unhex(key), unhex(value))
    else tree.delete(unhex(key))
  }
  const verify = (opened: BTree) => {
    expect(ascending(opened).map(([key, value]) => [hex(key), hex(value)])).toEqual(json.expected)
    for (const [key, value] of json.expected ?? []) {
      expect(hex(opened.get(unhex(key)) ?? new Uint8Array(0))).toBe(value)
      expect(opened.has(unhex(key))).toBe(true)
    }
    expect(opened.check()).toEqual([])
  }
  verify(tree)
  tree.close()
  verify(btree.open(new MemoryStream(stream.bytes()), { minkeypage: options.minkeypage }))
  // The format is kept: the library that fails on these operations reads our result.
  writeFileSync(path, stream.bytes())
  expect(scanLibdb1(path).map(([key, value]) => [hex(key), hex(value)])).toEqual(json.expected)
}

function lorderQuirk(file: BerkeleyFile, image: Uint8Array): void {
  const tree = btree.open(new MemoryStream(image))
  const records = ascending(tree)
  expect(records.map(([key, value]) => [hex(key), hex(value)])).toEqual(file.json.records_hex)
  for (const [key, value] of records) expect(hex(tree.get(key) as Uint8Array)).toBe(hex(value))
}

function conformance(file: BerkeleyFile): void {
  const image = file.path === undefined ? undefined : new Uint8Array(readFileSync(file.path))
  if (image === undefined) defectReplay(file)
  else if (image.length === 0) emptyFile()
  else if (file.json.committed) cutFile(file, image)
  else if (file.json.name === "recno") recnoFile(image)
  else if (file.json.name === "bigkeys_quirk") bigKeysQuirk(file, image)
  else if (file.json.name === "lorder4321_bigdata_quirk") lorderQuirk(file, image)
  else soundFile(file, image)
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
