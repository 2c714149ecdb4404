/**
 * Goal: whatever is wrong, the user gets a flashtree error whose code a program can act on and whose message names what was
 * found and what to do about it. Method: one table row per mistake (argument, file, handle, medium), each asserting
 * the code and the words of the message a user needs; the list of methods refused after close is compared with the
 * methods the object really has, so that a new method cannot be forgotten.
 */
import { describe, expect, test } from "vitest"
import { btree, isFlashtreeError, MemoryStream, type RandomAccessStream } from "../../../hosts/node/index.ts"

type BTree = ReturnType<typeof btree.open>
type Options = NonNullable<Parameters<typeof btree.open>[1]>

/** The error of `task`, which must be one of flashtree's. */
function errorOf(task: () => unknown): { code: string; message: string; page?: number; cause?: unknown } {
  try {
    task()
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error
  }
  throw new Error("no error was thrown")
}

function stored(options: Options = {}, count = 20): Uint8Array {
  const stream = new MemoryStream()
  const db = btree.open(stream, { pagesize: 512, ...options })
  for (let i = 0; i < count; i++) db.set(`key${i}`, `value${i}`)
  db.close()
  return stream.bytes()
}

function patched(contents: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = contents.slice()
  new DataView(copy.buffer).setUint32(offset, value, true)
  return copy
}

function openBytes(contents: Uint8Array, options: Options = {}): BTree {
  return btree.open(new MemoryStream(contents), options)
}

const goOn = () => true
const text = (value: string) => new TextEncoder().encode(value)
const whole = stored()

describe("a file that is not a database", () => {
  const prose = text("All happy families are alike; every unhappy family is unhappy in its own way.")
  test.each<[string, Uint8Array, RegExp]>([
    ["a text file", prose, /not a .*(database|btree)/i],
    ["an erased flash partition (0xFF)", new Uint8Array(8192).fill(0xff), /not a .*(database|btree)/i],
    ["zeros", new Uint8Array(8192), /not a .*(database|btree)/i],
    ["5 bytes", new Uint8Array(5), /5 bytes/],
    ["23 bytes of a database", whole.slice(0, 23), /23 bytes/],
    ["version 2", patched(whole, 4, 2), /version.*2.*3|version.*3.*2/],
    ["version 4", patched(whole, 4, 4), /version.*4.*3|version.*3.*4/],
    ["unknown flags", patched(whole, 20, 0x21), /flags/i],
    ["a recno file", patched(whole, 20, 0xa0), /recno/i],
    ["page size 500", patched(whole, 8, 500), /page size.*500/i],
    ["page size 513", patched(whole, 8, 513), /page size.*513/i],
    ["page size 131072", patched(whole, 8, 131072), /page size.*131072/i],
    ["page size 0", patched(whole, 8, 0), /page size.*0/i],
  ])("%s is EFTYPE", (_, contents, message) => {
    const error = errorOf(() => openBytes(contents))
    expect(error.code).toBe("EFTYPE")
    expect(error.message).toMatch(message)
  })

  test.each<[string, number]>([
    ["24 bytes", 24],
    ["only the meta page", 512],
    ["the meta page and a part of the root", 1000],
  ])("%s is ECORRUPT and says that the rest is missing", (_, length) => {
    const error = errorOf(() => openBytes(whole.slice(0, length)))
    expect(error.code).toBe("ECORRUPT")
    expect(error.message).toMatch(/root|page 1|ends|missing|short/i)
  })

  test("a damaged page is ECORRUPT and names page and offset", () => {
    const db = openBytes(patched(whole, 512, 99))
    const error = errorOf(() => db.get("key1"))
    expect(error.code).toBe("ECORRUPT")
    expect(error.page).toBe(1)
    expect(error.message).toMatch(/page 1\b/)
    expect(error.message).toMatch(/offset \d+/)
  })
})

describe("arguments", () => {
  test.each<[string, unknown, RegExp]>([
    ["a page size that is odd", { pagesize: 513 }, /pagesize.*512.*65536/],
    ["a page size that is too small", { pagesize: 510 }, /pagesize.*512.*65536/],
    ["a page size that is too large", { pagesize: 65538 }, /pagesize.*512.*65536/],
    ["a page size that is text", { pagesize: "512" }, /pagesize/],
    ["unknown flags", { flags: 2 }, /flags/],
    ["minkeypage 1", { minkeypage: 1 }, /minkeypage.*2/],
    ["a negative minkeypage", { minkeypage: -1 }, /minkeypage/],
    ["a cachesize that is text", { cachesize: "many" }, /cachesize/],
    ["an unknown byte order", { lorder: 3412 }, /lorder.*1234.*4321/],
    ["a compare that is no function", { compare: true }, /compare/],
    ["a prefix that is no function", { prefix: 5 }, /prefix/],
    ["a misspelt option", { pageSize: 512 }, /pageSize/],
    ["options that are no object", 512, /options/],
  ])("open with %s is EINVAL", (_, options, message) => {
    const error = errorOf(() => btree.open(new MemoryStream(), options as Options))
    expect(error.code).toBe("EINVAL")
    expect(error.message).toMatch(message)
  })

  test.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["a file name", "data.db"],
    ["bytes", new Uint8Array(512)],
    ["an object without the methods", { read() {} }],
  ])("open of %s is EINVAL and names the stream", (_, stream) => {
    const error = errorOf(() => btree.open(stream as RandomAccessStream))
    expect(error.code).toBe("EINVAL")
    expect(error.message).toMatch(/stream/)
  })

  test("a stream is not touched by a call with wrong arguments", () => {
    const stream = new MemoryStream(text("precious"))
    expect(errorOf(() => btree.open(stream, { pagesize: 511 })).code).toBe("EINVAL")
    expect(stream.bytes()).toEqual(text("precious"))
  })

  const db = openBytes(whole)
  const bad: [string, unknown][] = [
    ["null", null],
    ["undefined", undefined],
    ["a number", 7],
    ["a boolean", false],
    ["an array", [1, 2, 3]],
    ["an object", {}],
    ["a bigint", 7n],
    ["a symbol", Symbol("key")],
    ["a function", () => "key"],
    ["16-bit words", new Uint16Array(2)],
    ["a DataView", new DataView(new ArrayBuffer(2))],
  ]
  const takesKey: [string, (key: string) => unknown][] = [
    ["get", (key) => db.get(key)],
    ["getInto", (key) => db.getInto(key, new Uint8Array(4))],
    ["find", (key) => db.find(key)],
    ["has", (key) => db.has(key)],
    ["set", (key) => db.set(key, "v")],
    ["put", (key) => db.put(key, "v")],
    ["delete", (key) => db.delete(key)],
    ["seq", (key) => db.seq(btree.R_CURSOR, key)],
    ["cursor().seek", (key) => db.cursor().seek(key)],
  ]
  for (const [name, call] of takesKey) {
    test.each(bad)(`${name} with %s as key is EINVAL`, (_, key) => {
      const error = errorOf(() => call(key as string))
      expect(error.code).toBe("EINVAL")
      expect(error.message).toMatch(/Uint8Array|key/)
    })
  }
  test.each(bad)("set with %s as value is EINVAL", (_, value) => {
    const error = errorOf(() => db.set("key1", value as string))
    expect(error.code).toBe("EINVAL")
    expect(error.message).toMatch(/value.*Uint8Array|Uint8Array.*value/)
    expect(db.get("key1")).toEqual(text("value1"))
  })
  const given = bad.filter(([, value]) => value !== null && value !== undefined)
  test.each(given)("keys, items, forEach and deleteRange with %s as a bound are EINVAL", (_, key) => {
    const bound = key as string
    expect(errorOf(() => db.keys(bound).next()).code).toBe("EINVAL")
    expect(errorOf(() => db.keys("a", bound).next()).code).toBe("EINVAL")
    expect(errorOf(() => db.items(bound).next()).code).toBe("EINVAL")
    expect(errorOf(() => db.forEach(goOn, bound)).code).toBe("EINVAL")
    expect(errorOf(() => db.deleteRange(bound)).code).toBe("EINVAL")
    expect(errorOf(() => db.deleteRange("a", bound)).code).toBe("EINVAL")
    expect(db.stat().entries).toBe(20)
  })
  test.each(["\ud800", "a\udfff", "\ud83d\u0041"])("a lone surrogate is EINVAL (row %#)", (key) => {
    expect(errorOf(() => db.get(key)).message).toMatch(/surrogate/)
    expect(errorOf(() => db.set(key, "v")).code).toBe("EINVAL")
    expect(errorOf(() => db.set("k", key)).code).toBe("EINVAL")
  })
  test("the empty key as a start is EINVAL and the message names it", () => {
    for (const call of [
      () => db.keys("").next(),
      () => db.seq(btree.R_CURSOR, ""),
      () => db.forEach(goOn, ""),
    ]) {
      const error = errorOf(call)
      expect(error.code).toBe("EINVAL")
      expect(error.message).toMatch(/empty/)
    }
  })
  test.each([2, 3, -1, 64, 1.5])("put with flags %d is EINVAL", (flags) => {
    expect(errorOf(() => db.put("key1", "v", flags))).toMatchObject({ code: "EINVAL" })
    expect(errorOf(() => db.put("key1", "v", flags)).message).toMatch(/flag/)
  })
  test.each([
    ["R_IAFTER", btree.R_IAFTER],
    ["R_IBEFORE", btree.R_IBEFORE],
    ["R_SETCURSOR", btree.R_SETCURSOR],
  ])("put with %s, which is for recno files, is EINVAL and says what a btree takes", (_, flags) => {
    const error = errorOf(() => db.put("key1", "v", flags))
    expect(error.code).toBe("EINVAL")
    expect(error.message).toMatch(/R_NOOVERWRITE.*btree|recno/)
  })
  test("put with R_CURSOR and no cursor is EINVAL and says what to call first", () => {
    const error = errorOf(() => db.put("key1", "v", btree.R_CURSOR))
    expect(error.code).toBe("EINVAL")
    expect(error.message).toMatch(/seq/)
  })
  test("delete with R_CURSOR and no cursor is false and deletes nothing", () => {
    expect(openBytes(whole).delete("key1", btree.R_CURSOR)).toBe(false)
  })
  test.each([2, 3, 8, -1, 1.5])("delete with flags %d is EINVAL", (flags) => {
    expect(errorOf(() => db.delete("key1", flags)).code).toBe("EINVAL")
    expect(db.has("key1")).toBe(true)
  })
  test.each([0, 2, 4, 5, 8, 10, -1])("seq with code %d is EINVAL", (code) => {
    expect(errorOf(() => db.seq(code, "key1"))).toMatchObject({ code: "EINVAL" })
  })
  test.each<[string, unknown, unknown]>([
    ["a target that is no Uint8Array", [], 0],
    ["a negative offset", new Uint8Array(4), -1],
    ["an offset beyond the target", new Uint8Array(4), 5],
    ["a fractional offset", new Uint8Array(4), 1.5],
  ])("getInto with %s is EINVAL", (_, target, offset) => {
    expect(errorOf(() => db.getInto("key1", target as Uint8Array, offset as number)).code).toBe("EINVAL")
  })
  test("a cursor that was never placed has no record", () => {
    const cursor = db.cursor()
    expect(errorOf(() => cursor.key()).code).toBe("EINVAL")
    expect(errorOf(() => cursor.value()).code).toBe("EINVAL")
  })
})

describe("a read-only handle", () => {
  const calls: [string, (db: BTree) => unknown][] = [
    ["set", (db) => db.set("key1", "v")],
    ["put", (db) => db.put("new", "v")],
    ["delete", (db) => db.delete("key1")],
    ["deleteRange", (db) => db.deleteRange()],
    ["clear", (db) => db.clear()],
    [
      "cursor().delete",
      (db) => {
        const cursor = db.cursor()
        cursor.first()
        return cursor.delete()
      },
    ],
  ]
  test.each(calls)("%s is EROFS and says how to write", (_, call) => {
    const stream = new MemoryStream(whole)
    const db = btree.open(stream, { readonly: true })
    const error = errorOf(() => call(db))
    expect(error.code).toBe("EROFS")
    expect(error.message).toMatch(/read-?only/i)
    expect(db.get("key1")).toEqual(text("value1"))
    db.flush()
    db.close()
    expect(stream.bytes()).toEqual(whole)
  })

  test("an empty stream opened read-only is an empty database and stays empty", () => {
    const stream = new MemoryStream()
    const db = btree.open(stream, { readonly: true })
    expect(db.get("a")).toBeUndefined()
    expect(db.keys().next().done).toBe(true)
    expect(errorOf(() => db.set("a", "1")).code).toBe("EROFS")
    db.close()
    expect(stream.size()).toBe(0)
  })

  test("a read-only stream makes a read-only handle", () => {
    const stream: RandomAccessStream = Object.assign(new MemoryStream(whole), { readonly: true })
    const db = btree.open(stream)
    expect(errorOf(() => db.set("key1", "v")).code).toBe("EROFS")
    expect(db.get("key1")).toEqual(text("value1"))
  })
})

describe("a full medium", () => {
  test("a flush beyond maxSize is ENOSPC; gets go on working; the next write says reopen; the file is whole", () => {
    const stream = new MemoryStream(whole, { maxSize: whole.length + 512 })
    const db = btree.open(stream, { cachesize: 1_000_000 })
    for (let i = 0; i < 200; i++) db.set(`new${i}`, "v".repeat(50))
    expect(errorOf(() => db.flush()).code).toBe("ENOSPC")
    for (let i = 0; i < 20; i++) expect(db.get(`key${i}`)).toEqual(text(`value${i}`))
    const error = errorOf(() => db.set("key1", "v"))
    expect(error.code).toBe("EIO")
    expect(error.message).toMatch(/reopen/)
  })

  test("an eviction beyond maxSize is ENOSPC", () => {
    const stream = new MemoryStream(whole, { maxSize: whole.length })
    const db = btree.open(stream, { cachesize: 0 })
    const error = errorOf(() => {
      for (let i = 0; i < 200; i++) db.set(`new${i}`, "v".repeat(50))
    })
    expect(error.code).toBe("ENOSPC")
    expect(error.message).toMatch(/limited|space|full/)
    for (let i = 0; i < 20; i++) expect(db.get(`key${i}`)).toEqual(text(`value${i}`))
  })
})

describe("after close", () => {
  const calls: Record<string, (db: BTree) => unknown> = {
    get: (db) => db.get("key1"),
    getInto: (db) => db.getInto("key1", new Uint8Array(4)),
    find: (db) => db.find("key1"),
    forEach: (db) => db.forEach(goOn),
    clear: (db) => db.clear(),
    set: (db) => db.set("key1", "v"),
    put: (db) => db.put("key1", "v"),
    has: (db) => db.has("key1"),
    delete: (db) => db.delete("key1"),
    deleteRange: (db) => db.deleteRange(),
    keys: (db) => db.keys().next(),
    values: (db) => db.values().next(),
    items: (db) => db.items().next(),
    cursor: (db) => db.cursor().first(),
    seq: (db) => db.seq(btree.R_FIRST),
    flush: (db) => db.flush(),
    rollback: (db) => db.rollback(),
    stat: (db) => db.stat(),
    check: (db) => db.check(),
    salvage: (db) => db.salvage(goOn),
  }

  test.each(Object.entries(calls))("%s is ECLOSED and says so", (_, call) => {
    const db = openBytes(whole)
    db.close()
    const error = errorOf(() => call(db))
    expect(error.code).toBe("ECLOSED")
    expect(error.message).toMatch(/closed/)
  })

  test("the table above holds every public method", () => {
    const methods = new Set<string>()
    // What the page cache calls back; the declarations mark them as internal.
    const internal = ["constructor", "checkPage", "sealPage"]
    for (let proto = Object.getPrototypeOf(openBytes(whole)); proto !== Object.prototype; ) {
      for (const [name, property] of Object.entries(Object.getOwnPropertyDescriptors(proto))) {
        if (typeof property.value === "function" && !internal.includes(name) && !name.startsWith("_"))
          methods.add(name)
      }
      proto = Object.getPrototypeOf(proto)
    }
    expect([...methods].sort()).toEqual([...Object.keys(calls), "close"].sort())
  })

  test("cursors and iterators of the closed tree are ECLOSED too, for-of as well", () => {
    const db = openBytes(whole)
    const cursor = db.cursor()
    cursor.first()
    const keys = db.keys()
    keys.next()
    db.close()
    const uses = [
      () => cursor.first(),
      () => cursor.last(),
      () => cursor.next(),
      () => cursor.previous(),
      () => cursor.seek("key1"),
      () => cursor.value(),
      () => cursor.valueInto(new Uint8Array(4)),
      () => cursor.delete(),
      () => keys.next(),
      () => [...db],
    ]
    expect(uses.map((use) => errorOf(use).code)).toEqual(uses.map(() => "ECLOSED"))
    cursor.close()
    keys.return?.()
  })

  test("close may be called twice and leaves the stream open", () => {
    const stream = new MemoryStream(whole)
    const db = btree.open(stream)
    db.close()
    db.close()
    expect(stream.size()).toBe(whole.length)
  })

  test("a closed cursor stands nowhere again; the tree is not closed by it", () => {
    const db = openBytes(whole)
    const cursor = db.cursor()
    cursor.last()
    cursor.close()
    cursor.close()
    expect(errorOf(() => cursor.value()).code).toBe("EINVAL")
    expect(cursor.delete()).toBe(false)
    expect(cursor.next()).toBe(true)
    expect(cursor.key()).toEqual(text("key0"))
    expect(db.get("key1")).toEqual(text("value1"))
  })
})
