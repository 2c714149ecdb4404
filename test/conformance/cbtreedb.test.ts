/**
 * Goal: every database that stx-cbtreedb wrote is read as it reads it, and written as it writes it; every damaged one is refused, or named
 * by verify(). Method: the project's conformance files (a set in test/fixtures, all of them where the shared folder is present) are
 * opened from memory and from flash, without buffers, with one, with two, and with a cache; all keys, values, gaps between keys and
 * bounds are compared with what the .json beside them says; then both writers make the file anew, in memory and on flash, and the bytes
 * are compared.
 */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { constant, isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { hex, sha256 } from "../support/berkeley.ts"
import {
  CONSTANT_FIXTURES,
  CONSTANT_SHARED,
  type ConstantCase,
  type ConstantFile,
  constantFiles,
  descending,
  itemsOf,
  typeOf,
} from "../support/constant.ts"
import { firstDifference } from "../support/streams.ts"

const BLOCK = 4096

const files = constantFiles(CONSTANT_FIXTURES)
const shared = constantFiles(CONSTANT_SHARED).filter(({ name }) => !files.some((file) => file.name === name))
const all = [...files, ...shared]
const good = all.filter(({ json }) => json.header !== undefined)
const damaged = all.filter(({ json }) => json.header === undefined)

function optionsOf({ header, app_version_id, page_size, ...json }: ConstantCase): constant.ConstantOptions {
  const signature = Buffer.from(header?.signature ?? "", "hex").toString("latin1")
  return {
    key: typeOf(json as ConstantCase),
    pagesize: page_size as number,
    ...(app_version_id === undefined ? {} : { appVersion: app_version_id }),
    ...(signature === "" ? {} : { signature }),
  }
}

function flashWith(image: Uint8Array): SimulatedFlash {
  const size = Math.ceil(image.length / BLOCK) * BLOCK
  const bytes = new Uint8Array(size).fill(0xff)
  bytes.set(image)
  return new SimulatedFlash({ size, image: bytes })
}

/** Looks up every `each`-th key and its neighbourhood, and goes through all by index. */
function expectItems(reader: constant.Reader, json: ConstantCase, each: number): void {
  const items = itemsOf(json)
  expect(reader.size).toBe(items.length)
  const target = new Uint8Array(3000)
  for (let i = 0; i < items.length; i += each) {
    const [key, value] = items[i] as [unknown, Uint8Array]
    const found = reader.lookup(key)
    if (found === undefined || firstDifference(found, value) >= 0) throw new Error(`the value of key ${i}`)
    if (reader.lookupInto(key, target) !== value.length) throw new Error(`the length of value ${i}`)
    if (firstDifference(target.subarray(0, value.length), value) >= 0) throw new Error(`value ${i}, copied`)
    if (reader.lowerBound(key) !== i) throw new Error(`lowerBound of key ${i}`)
    if (typeof key === "number") {
      const next = key + (json.compare === "greater" ? -1 : 1)
      if (reader.exists(next) || reader.lowerBound(next) !== i + 1) throw new Error(`what follows key ${i}`)
    }
    const item = reader.at(i)
    if (item === undefined || firstDifference(item.value, value) >= 0) throw new Error(`item ${i}`)
    expect(item.key).toEqual(key)
  }
  expect(reader.at(items.length)).toBeUndefined()
}

describe("files of the original", () => {
  test("the fixtures are there", () => expect(files.length).toBeGreaterThanOrEqual(10))

  test.each(good.map((file): [string, ConstantFile] => [file.name, file]))("%s", (_, { json, image }) => {
    const options = optionsOf(json)
    const each = Math.max(1, Math.floor((json.items ?? 0) / 500))
    const readers = [
      new constant.Reader(options),
      new constant.Reader({ ...options, pageBuffers: 1 }),
      new constant.Reader({ ...options, pageBuffers: 2 }),
      new constant.Reader({ ...options, cache: new constant.PageCache(16) }),
    ]
    for (const reader of readers) {
      reader.open(new MemoryStream(image))
      expectItems(reader, json, each)
      if (image.length < 500_000 || reader === readers[0]) expect(reader.verify()).toEqual([])
      reader.open(flashWith(image))
      expectItems(reader, json, 7 * each)
    }
    const header = json.header as NonNullable<ConstantCase["header"]>
    expect(constant.inspect(new MemoryStream(image))).toMatchObject({
      appVersion: header.app_version_id,
      items: header.items,
      keySize: header.key_size,
      pagesize: header.btree_pagesize,
      levels: header.btree_levels,
      leaves: header.btree_leaves,
      treeSize: header.btree_size,
      valuesSize: header.value_size,
    })
    const found = (json.contents ?? []).map(([key]) => key)
    const first = itemsOf(json)[0]
    if (first !== undefined && found.length > 0) expect(found.length).toBe(json.items)
  })
})

describe("written anew", () => {
  test.each(good.map((file): [string, ConstantFile] => [file.name, file]))("%s", (_, { json, image }) => {
    const options = optionsOf(json)
    const items = itemsOf(json)
    const writer = new constant.Writer(options)
    // In another order: odd ones first, from behind.
    const count = items.length
    for (let i = count - 1; i >= 0; i--) if (i % 2 === 1) writer.add(...(items[i] as [unknown, Uint8Array]))
    for (let i = 0; i < count; i += 2) writer.add(...(items[i] as [unknown, Uint8Array]))
    const stream = new MemoryStream(new Uint8Array(image.length + 500).fill(7))
    writer.write(stream)
    expect(firstDifference(stream.bytes(), image)).toBe(-1)

    for (const writeAlign of image.length > 500_000 ? [16] : [1, 16]) {
      const device = new SimulatedFlash({
        size: Math.ceil((image.length + BLOCK) / BLOCK) * BLOCK,
        writeAlign,
      })
      const sequential = new constant.SequentialWriter(options)
      for (const [key, value] of items) sequential.add(key, value.length)
      sequential.writeHeader(device)
      for (const [key, value] of items) sequential.writeValue(key, value)
      sequential.writeFinalize()
      const written = device.image()
      expect(firstDifference(written.subarray(0, image.length), image)).toBe(-1)
      for (let i = image.length; i < written.length; i++)
        if (written[i] !== 0xff) throw new Error(`byte ${i} behind the database was programmed`)
    }
    expect(sha256(image)).toBe(sha256(stream.bytes()))
  })
})

/** What the original's open() says of each, and what our error says. */
const REFUSED: Record<string, [string, RegExp]> = {
  "Could not verify signature.": ["EFTYPE", /signature/],
  "Signature contains unknown version.": ["EFTYPE", /version/],
  "Signature mismatches application version identifier.": ["EFTYPE", /application version/],
  "Header checksum mismatches.": ["ECORRUPT", /check of the header/],
  "Database not compatible with this reader: key sizes mismatch.": ["EFTYPE", /key size/],
  "Database not compatible with this reader: page sizes mismatch.": ["EFTYPE", /page size/],
  "Database not compatible with this reader: root keys order mismatches.": ["EFTYPE", /order/],
}

/** Gives the error of opening, or undefined. */
function openError(image: Uint8Array, options: constant.ConstantOptions): Error | undefined {
  const errors = [{}, { pageBuffers: 2 }].map((more) => {
    const reader = new constant.Reader({ ...options, ...more })
    try {
      reader.open(new MemoryStream(image))
      return undefined
    } catch (error) {
      if (!isFlashtreeError(error)) throw error
      expect(() => reader.size).toThrow("ECLOSED")
      return error
    }
  })
  expect(errors[0]?.message).toBe(errors[1]?.message)
  return errors[0]
}

function expectError(error: Error | undefined, [code, message]: [string, RegExp]): void {
  expect(error).toMatchObject({ code })
  expect(error?.message).toMatch(message)
}

describe("damaged files are refused, or named by verify()", () => {
  test.each(damaged.map((file): [string, ConstantFile] => [file.name, file]))("%s", (_, { json, image }) => {
    const options = { key: constant.uint32 }
    const error = openError(image, options)
    const said = json.original?.error
    if (typeof said === "string") return expectError(error, REFUSED[said] ?? ["", /unknown/])
    if (error !== undefined) return expectError(error, ["ECORRUPT", /the file ends after/])
    const reader = new constant.Reader(options)
    reader.open(new MemoryStream(image))
    const findings = reader.verify()
    expect(findings.length).toBeGreaterThan(0)
    const digests = findings.filter(({ message }) => message.includes("digest")).map(({ offset }) => offset)
    expect(digests.includes(64)).toBe(json.original?.verify_btree_checksum === false)
    expect(digests.includes(112)).toBe(json.original?.verify_value_checksum === false)
    for (const finding of findings) expect(finding).toMatchObject({ code: "ECORRUPT" })
  })
})

const sample = all.find(({ name }) => name === "u32_p1024_100")
const path = join(CONSTANT_SHARED, "mismatch.json")

describe("a reader of another kind", () => {
  const image = (sample as ConstantFile).image
  const others: [string, constant.ConstantOptions][] = [
    ["key uint64", { key: constant.uint64 }],
    ["page 256", { key: constant.uint32, pagesize: 256 }],
    ["app id 77", { key: constant.uint32, appVersion: 77 }],
    ["compare greater", { key: descending(constant.uint32) }],
    ["signature string myapp", { key: constant.uint32, signature: "myapp" }],
  ]
  test.each(others)("is refused for its %s, as by the original", (what, options) => {
    const said = (
      shared.length > 0
        ? JSON.parse(readFileSync(path, "utf8"))[what].error
        : Object.keys(REFUSED).find((text) =>
            REFUSED[text]?.[1].test(openError(image, options)?.message ?? ""),
          )
    ) as string
    expectError(openError(image, options), REFUSED[said] ?? ["", /unknown/])
  })

  test("has nothing open then, and an empty stream is cut short", () => {
    expectError(openError(new Uint8Array(0), { key: constant.uint32 }), ["ECORRUPT", /0 bytes/])
    expect(hex(image.subarray(0, 8))).toBe(hex(Buffer.from("cbtreedb")))
  })
})
