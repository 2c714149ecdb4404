/**
 * Goal: of the append-only tree a board holds only what it uses. Method: the finished modules run in a realm whose Storage tells when a
 * file is asked for, and in one that lacks a file.
 */
import { describe, expect, it } from "vitest"
import { Realm, shippedFiles } from "./realm.ts"
import { Stream } from "./stream.ts"

/** A realm, and the names of the files that were read in it. */
function watched(without: string[] = []): { realm: Realm; asked: string[] } {
  const asked: string[] = []
  class Watched extends Map<string, Uint8Array> {
    override get(name: string): Uint8Array | undefined {
      asked.push(name)
      return super.get(name)
    }
  }
  const files = [...shippedFiles()].filter(([name]) => !without.includes(name))
  return { realm: new Realm({ storage: new Watched(files) }), asked }
}

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
const textOf = (bytes: any) => Buffer.from(bytes).toString()

describe("the modules that append asks for", () => {
  it("opening, at each open, and not for puts, gets, deletes, snapshots and aborts in memory", () => {
    const { realm, asked } = watched()
    const append = realm.require("append")
    const stream = new Stream()
    const tree = append.open(stream, { pagesize: 512 })
    expect(asked).toEqual(["append", "append-opening"])
    for (let i = 0; i < 40; i++) tree.put(`key ${i}`, `value ${i}`.repeat(6))
    for (let i = 0; i < 30; i++) expect(tree.delete(`key ${i}`)).toBe(true)
    const snapshot = tree.snapshot()
    const txn = tree.begin()
    txn.put("key 35", "another")
    txn.abort()
    expect(textOf(snapshot.get("key 35"))).toBe("value 35".repeat(6))
    expect(asked).toEqual(["append", "append-opening"])
    append.open(stream)
    expect(asked).toEqual(["append", "append-opening", "append-opening"])
  })

  it("cursors, for the first cursor or range, once", () => {
    const { realm, asked } = watched()
    const append = realm.require("append")
    const tree = append.open(new Stream(), { pagesize: 512 })
    tree.put("a", "1")
    expect(append.AppendCursor).toBeUndefined()
    const txn = tree.begin()
    txn.put("b", "2")
    const cursor = txn.cursor()
    expect(cursor.last()).toBe(true)
    expect(textOf(cursor.key())).toBe("b")
    txn.commit()
    const keys: string[] = []
    tree.forEach((at: { key(): Uint8Array }) => void keys.push(textOf(at.key())))
    expect(keys).toEqual(["a", "b"])
    expect(tree.cursor()).toBeInstanceOf(append.AppendCursor)
    expect(asked).toEqual(["append", "append-opening", "append-cursors"])
  })

  it("opening, where another handle has committed, and where a write fails", () => {
    const { realm, asked } = watched()
    const append = realm.require("append")
    const stream = new Stream()
    const tree = append.open(stream, { pagesize: 512 })
    const other = append.open(stream)
    other.put("a", "1")
    asked.length = 0
    expect(textOf(tree.get("a"))).toBe("1")
    expect(asked).toEqual(["append-opening"])
    const write = stream.write
    stream.write = () => {
      throw Object.assign(new Error("full"), { code: "ENOSPC" })
    }
    expect(() => tree.put("b", "2")).toThrow("full")
    stream.write = write
    expect(asked).toEqual(["append-opening", "append-opening"])
    tree.put("b", "2")
    expect(textOf(other.get("b"))).toBe("2")
  })

  it("extras, when the program asks for them", () => {
    const { realm, asked } = watched()
    const append = realm.require("append")
    const tree = append.open(new Stream(), { pagesize: 512 })
    expect(() => tree.compare("a", "b")).toThrow("append-extras")
    expect(() => tree.setCacheSize(8)).toThrow("append-extras")
    expect(asked).not.toContain("append-extras")
    realm.require("append-extras")(append)
    expect(tree.compare("a", "b")).toBeLessThan(0)
    tree.setCacheSize(8)
    expect(tree.stat().maxCache).toBe(8)
  })

  it("are named by the error where they are not in Storage, and what needs none of them works", () => {
    const { realm } = watched(["append-cursors", "append-extras"])
    const tree = realm.require("append").open(new Stream(), { pagesize: 512 })
    tree.put("a", "1")
    expect(textOf(tree.get("a"))).toBe("1")
    expect(() => tree.cursor()).toThrow("append-cursors")
    const bare = watched(["append-opening"]).realm.require("append")
    expect(() => bare.open(new Stream())).toThrow("append-opening")
  })
})
