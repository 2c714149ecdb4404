/**
 * What must be true of each kind of conformance file, said of its bytes and the .json beside it: for any engine, since
 * nothing here knows Node.
 */
import { expect } from "vitest"
import { btree, isFlashtreeError, MemoryStream } from "../../src/index.ts"
import type { BerkeleyCase, DbRecord, HexOperation } from "../support/berkeley.ts"
import { compareBytes, hex, recordsDigest, unhex } from "../support/digest.ts"

type BTree = ReturnType<typeof btree.open>

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

function sameRecords(a: DbRecord[], b: DbRecord[]): boolean {
  const same = ([key, value]: DbRecord, index: number) => {
    const [otherKey, otherValue] = b[index] as DbRecord
    return compareBytes(key, otherKey) === 0 && compareBytes(value, otherValue) === 0
  }
  return a.length === b.length && a.every(same)
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

function soundFile(json: BerkeleyCase, image: Uint8Array): void {
  const stream = new MemoryStream(image)
  const tree = btree.open(stream)
  const records = ascending(tree)
  expect(records.length).toBe(json.count)
  expect(recordsDigest(records)).toBe(json.sha256_records)
  if (json.records_hex)
    expect(records.map(([key, value]) => [hex(key), hex(value)])).toEqual(json.records_hex)
  expect(sameRecords(descending(tree).reverse(), records)).toBe(true)

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
  expect(compareBytes(stream.bytes(), image), "reading must not write").toBe(0)
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

function bigKeysQuirk(json: BerkeleyCase, image: Uint8Array): void {
  const tree = btree.open(new MemoryStream(image))
  const findings = tree.check()
  expect(findings.length).toBeGreaterThan(0)
  expect(findings.map((finding) => finding.message).join("\n")).toMatch(/order/)
  // A scan in order is impossible and says so; salvage gives every record, in the order of the file.
  expect(codeOf(() => ascending(tree, 1000))).toBe("ECORRUPT")
  const records: DbRecord[] = []
  expect(tree.salvage((key, value) => void records.push([key, value]))).toEqual([])
  expect(records.length).toBe(json.actual_scan_count)
  expect(recordsDigest(records)).toBe(json.sha256_actual_scan)
  records.sort((a, b) => compareBytes(a[0], b[0]))
  expect(recordsDigest(records)).toBe(json.sha256_records)
  // Search cannot find what lies at the wrong place, but must never give another record's value.
  for (const [key, value] of records) {
    codeOf(() => {
      const found = tree.get(key)
      if (found !== undefined) expect(hex(found)).toBe(hex(value))
    })
  }
}

function cutFile(json: BerkeleyCase, image: Uint8Array): void {
  const committed = new Map(json.committed)
  // Every value a key may have: the committed one and those of later operations that had not been flushed.
  const allowed = new Map<string, Set<string>>()
  const mayBeAbsent = new Set<string>()
  for (const [key, value] of committed) allowed.set(key, new Set([value]))
  for (const [code, key, value] of json.unflushed_ops ?? []) {
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
  if (json["real_1.85"]?.includes("damaged")) expect(findings.length).toBeGreaterThan(0)
}

/** Gives the file that the operations leave. */
function defectReplay(json: BerkeleyCase): Uint8Array {
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
  return stream.bytes()
}

function lorderQuirk(json: BerkeleyCase, image: Uint8Array): void {
  const tree = btree.open(new MemoryStream(image))
  const records = ascending(tree)
  expect(records.map(([key, value]) => [hex(key), hex(value)])).toEqual(json.records_hex)
  for (const [key, value] of records) expect(hex(tree.get(key) as Uint8Array)).toBe(hex(value))
}

/** Throws unless the file is read as it must be; gives the file that we wrote for an operation list without one. */
export function judgeFile(json: BerkeleyCase, image: Uint8Array | undefined): Uint8Array | undefined {
  if (image === undefined) return defectReplay(json)
  if (image.length === 0) emptyFile()
  else if (json.committed) cutFile(json, image)
  else if (json.name === "recno") recnoFile(image)
  else if (json.name === "bigkeys_quirk") bigKeysQuirk(json, image)
  else if (json.name === "lorder4321_bigdata_quirk") lorderQuirk(json, image)
  else soundFile(json, image)
  return undefined
}
