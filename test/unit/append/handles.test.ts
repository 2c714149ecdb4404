/**
 * Goal: handles of one stream see each other's commits and nothing else of each other. Method: small caches, so that a transaction writes
 * pages before its commit, while another handle reads.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../../src/append/index.ts"
import { MemoryStream } from "../../../src/index.ts"
import { CountingStream } from "../../support/streams.ts"

const options = { pagesize: 512, cachesize: 0, clock: () => 1_700_000_000 }
const textOf = (bytes: Uint8Array | undefined) => bytes && new TextDecoder().decode(bytes)

function fill(txn: append.Transaction): void {
  for (let i = 0; i < 300; i++) txn.put(`key ${i}`, "value ".repeat(8))
}

describe("a handle that reads while another one's transaction has written pages", () => {
  it("goes on when that is aborted", () => {
    const stream = new MemoryStream()
    const writer = append.open(stream, options)
    writer.put("a", "1")
    const reader = append.open(stream, options)
    const txn = writer.begin()
    fill(txn)
    expect(stream.size()).toBeGreaterThan(100 * 512)
    expect(textOf(reader.get("a"))).toBe("1")
    expect(reader.has("key 1")).toBe(false)
    txn.abort()
    expect(textOf(reader.get("a"))).toBe("1")
    reader.put("b", "2")
    expect(textOf(writer.get("b"))).toBe("2")
  })

  it("sees what was committed before the transaction, and after its commit all of it", () => {
    const stream = new MemoryStream()
    const writer = append.open(stream, options)
    const reader = append.open(stream, options)
    writer.put("a", "1")
    const txn = writer.begin()
    fill(txn)
    expect(textOf(reader.get("a"))).toBe("1")
    expect(() => reader.begin()).toThrow("EBUSY")
    txn.commit()
    expect(textOf(reader.get("key 299"))).toBe("value ".repeat(8))
    expect(reader.check()).toEqual([])
  })

  it("does not look through those pages for a commit", () => {
    const stream = new CountingStream(new MemoryStream())
    const writer = append.open(stream, options)
    writer.put("a", "1")
    const reader = append.open(stream, options)
    reader.get("a")
    fill(writer.begin())
    stream.reset()
    expect(textOf(reader.get("a"))).toBe("1")
    expect(stream.bytesRead).toBe(0)
  })
})

describe("a file that was replaced by one of the same size", () => {
  // A record says when it was made; of the pages it knows the root's number and how many there are.
  const fileOf = (value: string) => {
    const stream = new MemoryStream()
    append.open(stream, { ...options, clock: () => 1_700_000_000 + Number(value) }).put("a", value)
    return stream
  }

  it("is noticed when a transaction begins that writes, for good", () => {
    const stream = fileOf("1")
    const tree = append.open(stream, options)
    const other = fileOf("2").bytes()
    expect(other.length).toBe(stream.size())
    stream.write(other, 0)
    expect(() => tree.begin()).toThrow("ESTALE")
    expect(() => tree.get("a")).toThrow("ESTALE")
    expect(textOf(append.open(stream, options).get("a"))).toBe("2")
  })

  it("is noticed at any call when it is larger, too", () => {
    const stream = fileOf("1")
    const tree = append.open(stream, options)
    const other = fileOf("2")
    append.open(other, options).put("b", "3")
    stream.write(other.bytes(), 0)
    expect(() => tree.get("a")).toThrow("ESTALE")
  })

  it("is no other file when it has the same commit", () => {
    const stream = fileOf("1")
    const tree = append.open(stream, options)
    stream.write(fileOf("1").bytes(), 0)
    tree.put("b", "2")
    expect(textOf(append.open(stream, options).get("b"))).toBe("2")
  })
})
