/**
 * Goal: the modules "btree" and "btree-extras", as they are flashed to a board, are the engine that the other tests know. Method: in a realm
 * without what Espruino lacks, the files of Berkeley DB and MicroPython are read record for record, and seeded runs of all
 * operations, with reopening and rollback, are held against the model of the property tests, for the core alone and with the extras.
 */
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"
import { Model, pattern } from "../../property/model.ts"
import { berkeleyFiles, type DbRecord, FIXTURES, hex, recordsDigest } from "../../support/berkeley.ts"
import { makeRandom } from "../../support/streams.ts"
import { plain, Realm } from "./realm.ts"
import { Stream } from "./stream.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Tree = any

const core = new Realm()
const withExtras = new Realm()
withExtras.require("btree-extras")(withExtras.require("btree"))

function scan(tree: Tree): DbRecord[] {
  const records: DbRecord[] = []
  tree.forEach((cursor: Tree) => void records.push([plain(cursor.key()), plain(cursor.value())]))
  return records
}

describe("files of Berkeley DB 1.85 and MicroPython", () => {
  const files = berkeleyFiles(FIXTURES).filter(
    ({ path, json }) => path !== undefined && json.records_hex !== undefined && json.quirk === undefined,
  )

  it("are there", () => expect(files.length).toBeGreaterThanOrEqual(4))

  it.each(files.map((file): [string, typeof file] => [file.name, file]))(
    "%s is read as it was written",
    (_name, file) => {
      const realm = file.json.open?.flags === 1 || file.json.byte_order === "big" ? withExtras : core
      const image = new Uint8Array(readFileSync(file.path as string))
      const stream = new Stream(image)
      const tree = realm.require("btree").open(stream, {})
      const records = scan(tree)
      expect(records.map(([key, value]) => [hex(key), hex(value)])).toEqual(file.json.records_hex)
      expect(recordsDigest(records)).toBe(file.json.sha256_records)
      for (const [key] of records) expect(tree.has(realm.bytes(key))).toBe(true)
      tree.close()
      expect(hex(stream.data)).toBe(hex(image))
    },
  )
})

const SEEDS = [1, 2, 3, 4, 5, 6]
const STEPS = 1500

describe.each([
  ["the core", core, false],
  ["the core with the extras", withExtras, false],
  ["duplicates", withExtras, true],
])("%s against the model", (_name, realm, duplicates) => {
  it.each(SEEDS)(`does ${STEPS} random operations as the model, seed %i`, (seed) => {
    const pick = makeRandom(seed * 7919)
    const stream = new Stream(undefined, true)
    const open = () => realm.require("btree").open(stream, { pagesize: 512, duplicates })
    let tree: Tree = open()
    let model = new Model(undefined, duplicates)
    let flushed: Model["entries"] = []
    const keyOf = (n: number) => pattern(1 + (n % 23), n * 17)
    for (let step = 0; step < STEPS; step++) {
      const key = keyOf(pick(160))
      const choice = pick(100)
      if (choice < 50) {
        const value = pattern(pick(20) === 0 ? 200 + pick(900) : pick(60), step)
        expect(tree.put(realm.bytes(key), realm.bytes(value))).toBe(model.put(key, value))
      } else if (choice < 68) expect(tree.delete(realm.bytes(key))).toBe(model.delete(key))
      else if (choice < 85) {
        const found = tree.get(realm.bytes(key))
        const entry = model.find(key)
        expect(found === undefined).toBe(entry === undefined)
        if (found && !duplicates) expect(hex(plain(found))).toBe(hex((entry as { value: Uint8Array }).value))
      } else if (choice < 88) {
        const [from, to] = [keyOf(pick(160)), keyOf(pick(160))]
        expect(tree.deleteRange(realm.bytes(from), realm.bytes(to))).toBe(model.deleteRange(from, to))
      } else if (choice < 94) {
        tree.flush()
        flushed = model.entries.slice()
      } else if (choice < 97) {
        tree.rollback()
        model = new Model(undefined, duplicates)
        model.entries = flushed.slice()
      } else {
        tree.close()
        flushed = model.entries.slice()
        tree = open()
      }
      if (step % 100 === 99) {
        expect(scan(tree).map(([k, v]) => hex(k) + hex(v))).toEqual(
          model.entries.map((e) => hex(e.key) + hex(e.value)),
        )
        if (realm === withExtras) expect(plain(tree.check())).toHaveLength(0)
      }
    }
  })
})

describe("the extras", () => {
  it("give iterators, seq, stat and check", () => {
    const tree = withExtras.require("btree").open(new Stream(), {})
    for (let i = 0; i < 100; i++) tree.set(`k${String(i).padStart(3, "0")}`, `v${i}`)
    const iterator = tree.keys("k010", "k013")
    const keys: string[] = []
    for (let step = iterator.next(); !step.done; step = iterator.next())
      keys.push(Buffer.from(plain(step.value)).toString())
    expect(keys).toEqual(["k010", "k011", "k012"])
    expect(Buffer.from(plain(tree.seq(3)[0])).toString()).toBe("k000")
    expect(tree.stat().entries).toBe(100)
    expect(tree.check().length).toBe(0)
  })

  it("are asked for by name where the core needs them", () => {
    const open = () => core.require("btree").open(new Stream(), { duplicates: true })
    expect(open).toThrow('require("btree-extras")(btree)')
  })

  it("are given back as the module they were given", () => {
    const btree = withExtras.require("btree")
    expect(withExtras.require("btree-extras")(btree)).toBe(btree)
  })
})
