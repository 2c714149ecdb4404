/**
 * Goal: the modules "append" and "append-extras" do on a board what the tree does under Node, and both read what the other wrote. Method: the finished
 * modules run in a realm without what Espruino lacks, on a stream of the realm and on a volume over its flash; what they write is opened by the portable engine, and
 * a file of that is updated by them.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../../src/append/index.ts"
import { MemoryStream } from "../../../src/index.ts"
import { digestOf, masked, recordsOf } from "../../support/append.ts"
import { plain, Realm } from "./realm.ts"
import { Stream } from "./stream.ts"

const keyOf = (i: number) => `key ${String((i * 37) % 500).padStart(4, "0")}`

/** Gives the same changes to either engine. */
// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
function change(tree: any): void {
  for (let commit = 0; commit < 4; commit++) {
    const txn = tree.begin()
    for (let i = 0; i < 60; i++) txn.put(keyOf(commit * 60 + i), "value ".repeat((i % 7) + 1))
    txn.put(`long ${commit}`, "long value ".repeat(120))
    for (let i = 0; i < 20; i++) txn.delete(keyOf(commit * 60 + i * 2))
    txn.commit()
  }
  tree.put("alone", "value")
  tree.delete("long 1")
  const txn = tree.begin()
  txn.put("aborted", "value")
  txn.abort()
}

function onNode(): MemoryStream {
  const stream = new MemoryStream()
  // As many pages in memory as a board has, so that they get the same numbers.
  change(append.open(stream, { pagesize: 512, cachesize: 0, clock: () => 1_700_000_000 }))
  return stream
}

describe("the module on a board", () => {
  it("writes what Node writes", () => {
    const realm = new Realm()
    const stream = new Stream()
    const module = realm.require("append")
    change(module.open(stream, { pagesize: 512, clock: () => 1_700_000_000 }))
    const there = onNode().bytes()
    expect(masked(stream.data, 512)).toEqual(masked(there, 512))
    const tree = append.open(new MemoryStream(stream.data))
    expect(tree.check()).toEqual([])
    expect(digestOf(recordsOf(tree))).toBe(digestOf(recordsOf(append.open(new MemoryStream(there)))))
  })

  it("reads what Node wrote, steps both ways, keeps a snapshot and goes on", () => {
    const realm = new Realm()
    const there = onNode()
    const records = recordsOf(append.open(there))
    const stream = new Stream(there.bytes())
    const tree = realm.require("append").open(stream, {})
    const snapshot = tree.snapshot()
    const keys: string[] = []
    tree.forEach((cursor: { key(): Uint8Array; valueLength: number }) => {
      keys.push(Buffer.from(plain(cursor.key()) as Uint8Array).toString())
    })
    expect(keys).toEqual(records.map(([key]) => Buffer.from(key).toString()))
    tree.put("alone", "another")
    expect(Buffer.from(snapshot.get("alone")).toString()).toBe("value")
    expect(Buffer.from(tree.get("alone")).toString()).toBe("another")
    const cursor = tree.cursor()
    const back: string[] = []
    for (let on = cursor.last(); on; on = cursor.previous()) back.push(Buffer.from(cursor.key()).toString())
    expect(back.reverse()).toEqual(keys)
    const again = append.open(new MemoryStream(stream.data))
    expect(again.check()).toEqual([])
    expect(again.stat().entries).toBe(records.length)
  })

  it("works on a volume over the board's flash", () => {
    const realm = new Realm()
    const open = () =>
      realm
        .require("append")
        .open(realm.require("flash").open(new (realm.require("flashtree").FlashRegion)()), { pagesize: 512 })
    const tree = open()
    for (let i = 0; i < 30; i++) tree.put(keyOf(i), `value ${i}`)
    const again = open()
    for (let i = 0; i < 30; i++) expect(Buffer.from(again.get(keyOf(i))).toString()).toBe(`value ${i}`)
  })

  it('names "append-extras" for what is not in "append", and has it with that', () => {
    const realm = new Realm()
    const module = realm.require("append")
    const stream = new Stream(onNode().bytes())
    const tree = module.open(stream, {})
    const needs = 'needs require("append-extras")(require("append"))'
    expect(() => tree.stat()).toThrow(needs)
    expect(() => tree.check()).toThrow(needs)
    expect(() => tree.revert()).toThrow(needs)
    expect(() => tree.compact(new Stream())).toThrow(needs)
    expect(realm.require("append-extras")(module)).toBe(module)
    const entries: number = tree.stat().entries
    expect(tree.check().length).toBe(0)
    tree.put("one more", "value")
    tree.revert()
    expect(tree.has("one more")).toBe(false)
    const target = new Stream()
    tree.compact(target)
    expect(() => tree.get("alone")).toThrow(/ESTALE/)
    const there = append.open(new MemoryStream(target.data))
    expect(there.check()).toEqual([])
    expect(there.stat()).toMatchObject({ entries, revisions: 1, givenUpBytes: 0 })
  })
})
