/**
 * Goal: every method of the append-only tree does what its documentation says, with right and with wrong arguments. Method: small trees in memory; SHA-1 against
 * node's; each case names the behaviour it pins. The original's odd cursor rules are replaced by those of every cursor here: a move that finds nothing stays where it was.
 */
import { createHash } from "node:crypto"
import { beforeEach, describe, expect, it } from "vitest"
import * as append from "../../../src/append/index.ts"
import { hashContent } from "../../../src/append/sha1.ts"
import { MemoryStream } from "../../../src/index.ts"
import { recordsOf } from "../../support/append.ts"
import { makeBytes } from "../../support/streams.ts"

const { BT_CURSOR, BT_CURSOR_EXACT, BT_FIRST, BT_LAST, BT_NEXT, BT_PREV } = append
const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes)
const nothing = () => undefined
const pair = (found: [Uint8Array, Uint8Array] | undefined) => found?.map(text)

let stream: MemoryStream
let tree: append.AppendTree
let time = 0

beforeEach(() => {
  stream = new MemoryStream()
  time = 1000
  tree = append.open(stream, { pagesize: 512, clock: () => ++time })
})

describe("SHA-1", () => {
  it("of 48 bytes is node's", () => {
    for (let seed = 1; seed < 200; seed++) {
      const bytes = makeBytes(48, seed)
      const words = new Array<number>(21).fill(0)
      hashContent(new DataView(bytes.buffer), 0, words)
      const ours = words
        .slice(0, 5)
        .map((word) => (word >>> 0).toString(16).padStart(8, "0"))
        .join("")
      expect(ours).toBe(createHash("sha1").update(bytes).digest("hex"))
    }
  })
})

describe("a record", () => {
  it("is put, found, replaced and deleted", () => {
    expect(tree.put("a", "1")).toBe(true)
    expect([text(tree.get("a")), tree.has("a"), tree.has("b"), tree.get("b")]).toEqual([
      "1",
      true,
      false,
      undefined,
    ])
    expect(tree.put("a", "2", append.BT_NOOVERWRITE)).toBe(false)
    expect(tree.put("a", "3")).toBe(true)
    expect(text(tree.get("a"))).toBe("3")
    const target = new Uint8Array(4)
    expect([tree.getInto("a", target, 1), tree.getInto("b", target)]).toEqual([1, -1])
    expect([tree.delete("a"), tree.delete("a"), tree.get("a")]).toEqual([true, false, undefined])
    expect(tree.stat()).toMatchObject({ depth: 0, entries: 0, leafPages: 0, revisions: 3 })
  })

  it("may be an ArrayBuffer, and a value empty, a quarter of a page, or many pages long", () => {
    for (const length of [0, 1, 127, 128, 500, 501, 5000]) {
      const value = makeBytes(length, length + 1)
      tree.put(`${length}`, value.buffer as ArrayBuffer)
      expect(tree.get(`${length}`)).toEqual(value)
    }
    expect(tree.stat()).toMatchObject({ entries: 7, overflowPages: 1 + 1 + 2 + 10 })
    tree.put("5000", "short")
    expect(tree.stat().overflowPages).toBe(4)
    expect(tree.check()).toEqual([])
  })

  it.each([
    ["an empty key", () => tree.put("", "x"), /EINVAL: the key has 0 bytes/],
    ["a key of 256 bytes", () => tree.get("x".repeat(256)), /EINVAL: the key has 256 bytes/],
    ["a key that is a number", () => tree.get(5 as unknown as string), /EINVAL: the key is number/],
    ["a value that is none", () => tree.put("a", null as unknown as string), /EINVAL: the value is object/],
    ["an unknown flag", () => tree.put("a", "b", 2), /EINVAL: put flags 2/],
    ["seek to an empty key", () => tree.cursor().seek(""), /EINVAL/],
    ["an unknown operation", () => tree.cursor().get(9), /EINVAL: cursor operation 9/],
    ["a cache of half a page", () => tree.setCacheSize(0.5), /EINVAL: 0.5 pages/],
    ["key() of a fresh cursor", () => tree.cursor().key(), /EINVAL: no record under the cursor/],
    ["range flags", () => tree.forEach(nothing, "a", "b", 8), /EINVAL: range flags 8/],
  ])("is refused with %s", (_, act, message) => {
    expect(act).toThrow(message)
    expect(stream.size()).toBe(512)
  })

  it("with a key of 255 bytes is like others, in a tree of many levels", () => {
    for (let i = 0; i < 60; i++) tree.put("k".repeat(250) + String(i).padStart(5, "0"), makeBytes(120, i + 1))
    expect(tree.stat().depth).toBeGreaterThan(3)
    expect(recordsOf(tree).length).toBe(60)
    expect(tree.check()).toEqual([])
  })
})

describe("opening", () => {
  it.each([
    ["flags", { flags: 1 }, /EINVAL: flags 1/],
    ["an odd page size", { pagesize: 513 }, /EINVAL: pagesize is 513/],
    ["a small page size", { pagesize: 256 }, /EINVAL: pagesize is 256/],
    ["a large page size", { pagesize: 65536 }, /EINVAL/],
    ["a misspelt option", { pageSize: 512 }, /EINVAL: unknown option "pageSize"/],
    ["a clock that is none", { clock: 5 }, /EINVAL: clock is 5, expected a function/],
    ["half a page of recovery", { recoveryPages: 0.5 }, /EINVAL: recoveryPages/],
  ])("refuses %s", (_, options, message) => {
    expect(() => append.open(new MemoryStream(), options as append.OpenOptions)).toThrow(message)
  })

  it("refuses what is no stream, and another file", () => {
    expect(() => append.open({} as MemoryStream)).toThrow(/EINVAL: not a stream/)
    expect(() => append.open(new MemoryStream(makeBytes(4096, 1)))).toThrow(/EFTYPE/)
    expect(() => append.open(new MemoryStream(makeBytes(20, 1)))).toThrow(/EFTYPE/)
  })

  it("keeps the page size and the order of a file, and tells flags and path", () => {
    const other = new MemoryStream()
    append.open(other, { pagesize: 1024, flags: append.BT_REVERSEKEY }).put("ab", "1")
    const again = append.open(other, { path: "data.db" })
    expect([again.flags, again.path, again.stat().pagesize]).toEqual([append.BT_REVERSEKEY, "data.db", 1024])
    again.put("ba", "2")
    expect(recordsOf(again).map(([key]) => text(key))).toEqual(["ba", "ab"])
    expect([again.compare("ab", "ba") > 0, tree.compare("ab", "ba") < 0, tree.compare("a", "a")]).toEqual([
      true,
      true,
      0,
    ])
    expect(() => append.open(stream, { flags: append.BT_REVERSEKEY })).toThrow(/EINVAL: BT_REVERSEKEY/)
  })

  it("read-only refuses changes, and makes no file", () => {
    tree.put("a", "1")
    const reader = append.open(stream, { flags: append.BT_RDONLY })
    expect(text(reader.get("a"))).toBe("1")
    for (const act of [() => reader.put("a", "2"), () => reader.begin(), () => reader.revert()])
      expect(act).toThrow(/EROFS/)
    const empty = new MemoryStream()
    expect(append.open(empty, { flags: append.BT_RDONLY }).get("a")).toBe(undefined)
    expect(empty.size()).toBe(0)
  })
})

describe("transactions", () => {
  it("are one at a time, on one stream", () => {
    const txn = tree.begin()
    const other = append.open(stream)
    for (const act of [
      () => tree.begin(),
      () => tree.put("a", "1"),
      () => other.begin(),
      () => tree.compact(new MemoryStream()),
    ])
      expect(act).toThrow(/EBUSY/)
    txn.abort()
    txn.abort()
    other.put("a", "1")
    expect(text(tree.get("a"))).toBe("1")
  })

  it("end with commit or abort", () => {
    const txn = tree.begin()
    txn.put("a", "1")
    expect([text(txn.get("a")), tree.get("a")]).toEqual(["1", undefined])
    txn.commit()
    for (const act of [() => txn.put("b", "1"), () => txn.get("a"), () => txn.commit(), () => txn.cursor()])
      expect(act).toThrow(/EINVAL: the transaction has ended/)
    const reader = tree.begin({ readonly: true })
    for (const act of [() => reader.put("b", "1"), () => reader.delete("a"), () => reader.commit()])
      expect(act).toThrow(/EINVAL/)
    reader.abort()
    expect(tree.stat()).toMatchObject({ entries: 1, revisions: 1, createdAt: 1001 })
  })

  it("leave counters as they were when they are aborted", () => {
    tree.put("a", "1")
    const before = tree.stat()
    const txn = tree.begin()
    for (let i = 0; i < 300; i++) txn.put(`key ${i}`, "value")
    txn.abort()
    const { hits: _h, reads: _r, cacheSize: _c, ...rest } = tree.stat()
    expect(before).toMatchObject(rest)
    expect(tree.check()).toEqual([])
  })

  it("of a handle that another one has overtaken are refused", () => {
    tree.put("a", "1")
    // Two stream objects on one file, which know nothing of each other.
    const twin = Object.assign(Object.create(MemoryStream.prototype) as MemoryStream, stream)
    Object.defineProperties(twin, {
      _buffer: { get: () => stream._buffer, set: (value) => (stream._buffer = value) },
      _size: { get: () => stream._size, set: (value) => (stream._size = value) },
    })
    const other = append.open(twin)
    const txn = tree.begin()
    txn.put("b", "mine")
    other.put("c", "theirs")
    expect(() => txn.commit()).toThrow(/EBUSY: another handle has committed/)
    expect([text(tree.get("c")), tree.get("b")]).toEqual(["theirs", undefined])
    tree.put("d", "on")
    expect(recordsOf(other).map(([key]) => text(key))).toEqual(["a", "c", "d"])
  })
})

describe("cursors", () => {
  beforeEach(() => {
    const txn = tree.begin()
    for (let i = 0; i < 100; i++) txn.put(String(i * 10).padStart(4, "0"), `${i}`)
    txn.commit()
  })

  it("know the six operations", () => {
    const cursor = tree.cursor()
    expect(pair(cursor.get(BT_FIRST))).toEqual(["0000", "0"])
    expect(pair(cursor.get(BT_NEXT))).toEqual(["0010", "1"])
    expect(pair(cursor.get(BT_CURSOR, "0025"))).toEqual(["0030", "3"])
    expect(pair(cursor.get(BT_PREV))).toEqual(["0020", "2"])
    expect(pair(cursor.get(BT_LAST))).toEqual(["0990", "99"])
    expect(pair(cursor.get(BT_NEXT))).toBe(undefined)
    expect(pair(cursor.get(BT_PREV))).toEqual(["0980", "98"])
    expect(pair(cursor.get(BT_CURSOR_EXACT, "0500"))).toEqual(["0500", "50"])
  })

  it("stay where they are when there is no such record", () => {
    const cursor = tree.cursor()
    expect(cursor.get(BT_CURSOR_EXACT, "0025")).toBe(undefined)
    expect(pair(cursor.get(BT_NEXT))).toEqual(["0000", "0"])
    cursor.seek("0020")
    expect(cursor.get(BT_CURSOR_EXACT, "0025")).toBe(undefined)
    expect(pair(cursor.get(BT_NEXT))).toEqual(["0030", "3"])
    expect(cursor.get(BT_CURSOR, "1000")).toBe(undefined)
    expect(pair(cursor.get(BT_NEXT))).toEqual(["0040", "4"])
    expect(tree.cursor().seek("9")).toBe(false)
  })

  it("of the tree stay on their commit until they are placed again", () => {
    const cursor = tree.cursor()
    cursor.first()
    tree.put("0005", "new")
    expect(pair(cursor.get(BT_NEXT))).toEqual(["0010", "1"])
    cursor.first()
    expect(pair(cursor.get(BT_NEXT))).toEqual(["0005", "new"])
  })

  it("delete what they stand on", () => {
    const cursor = tree.cursor()
    expect(cursor.delete()).toBe(false)
    cursor.seek("0500")
    expect([cursor.delete(), cursor.delete(), cursor.next()]).toEqual([true, false, true])
    expect(text(cursor.key())).toBe("0510")
    expect([tree.has("0500"), tree.stat().entries]).toEqual([false, 99])
    cursor.close()
    expect([cursor.next(), text(cursor.key())]).toEqual([true, "0000"])
  })

  it("go through ranges", () => {
    const range = (start?: string, end?: string, flags?: number) => {
      const found: string[] = []
      tree.forEach((cursor) => void found.push(text(cursor.key()) as string), start, end, flags)
      return found
    }
    expect(range("0015", "0040")).toEqual(["0020", "0030"])
    expect(range("0015", "0040", append.INCL)).toEqual(["0020", "0030", "0040"])
    expect(range("0030", "0010", append.DESC)).toEqual(["0030", "0020"])
    expect(range().length).toBe(100)
    let count = 0
    const three = () => ++count < 3
    tree.forEach(three)
    expect(count).toBe(3)
  })
})

describe("the end of a handle", () => {
  it("aborts what is under way, and leaves the stream open", () => {
    tree.put("a", "1")
    const txn = tree.begin()
    const cursor = tree.cursor()
    cursor.first()
    txn.put("b", "2")
    tree.close()
    tree.close()
    for (const act of [
      () => tree.get("a"),
      () => tree.begin(),
      () => tree.stat(),
      () => cursor.next(),
      () => tree.sync(),
    ])
      expect(act).toThrow(/ECLOSED/)
    expect(recordsOf(append.open(stream)).length).toBe(1)
  })

  it("is not reached by a smaller cache", () => {
    for (let i = 0; i < 200; i++) tree.put(`key ${i}`, "value")
    for (const pages of [0, 100, 7]) {
      tree.setCacheSize(pages)
      expect(recordsOf(tree).length).toBe(200)
      const { cacheSize, maxCache } = tree.stat()
      expect(maxCache).toBe(Math.max(pages, 5))
      expect(cacheSize).toBeLessThanOrEqual(maxCache)
    }
  })
})
