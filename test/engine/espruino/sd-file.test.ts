/**
 * Goal: a store in a file on an SD card, through the calls Espruino has. Method: the finished modules run in a realm over a double of
 * FatFs, which leaves garbage in gaps, does not cut files, and takes fewer bytes when the card is full.
 */
import { describe, expect, it } from "vitest"
import { pattern } from "../../property/model.ts"
import { hex } from "../../support/berkeley.ts"
import { Disk } from "./disk.ts"
import { plain, Realm } from "./realm.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

function openFile(realm: Realm, options: object = {}): Foreign {
  return realm.require("flashtree").open({ file: "data.db", ...options })
}

function makeStream(realm: Realm, options: object = {}): Foreign {
  return new (realm.require("flashtree-sd").SdFileStream)("data.bin", options)
}

describe("a store in a file", () => {
  it("is there after a reboot", () => {
    const disk = new Disk()
    const realm = new Realm({ disk })
    const store = openFile(realm)
    for (let i = 0; i < 300; i++) store.set(`key ${i}`, `value ${i}`)
    store.close()
    expect(disk.opened).toBe(0)
    const again = openFile(new Realm({ disk }))
    let count = 0
    again.forEach(() => void count++)
    expect(count).toBe(300)
    expect(Buffer.from(plain(again.get("key 77"))).toString()).toBe("value 77")
  })

  it("is emptied by clear()", () => {
    const disk = new Disk()
    const store = openFile(new Realm({ disk }))
    for (let i = 0; i < 100; i++) store.set(`key ${i}`, "value")
    store.flush()
    const before = disk.size("data.db")
    store.clear()
    store.flush()
    expect(disk.size("data.db")).toBeLessThan(before)
    store.set("a", "b")
    store.close()
    expect(hex(plain(openFile(new Realm({ disk })).get("a")))).toBe("62")
  })

  it("is claimed by its path", () => {
    const realm = new Realm()
    const store = openFile(realm)
    expect(() => openFile(realm)).toThrow("EBUSY")
    store.close()
    openFile(realm).close()
  })

  it("must be there to be read only", () => {
    const realm = new Realm()
    expect(() => openFile(realm, { readonly: true })).toThrow("EIO")
    openFile(realm).close()
  })

  it("says when the card is full, and keeps what was flushed", () => {
    const disk = new Disk()
    const realm = new Realm({ disk })
    const store = openFile(realm)
    store.set("a", "b")
    store.flush()
    disk.free = 700
    const fill = () => {
      for (let i = 0; i < 200; i++) {
        store.set(`key ${i}`, "a value of some length")
        store.flush()
      }
    }
    expect(fill).toThrow("ENOSPC")
    expect(hex(plain(store.get("a")))).toBe("62")
  })
})

describe("SdFileStream", () => {
  it("fills gaps with zeros", () => {
    const realm = new Realm()
    const stream = makeStream(realm)
    stream.write(realm.bytes([1, 2, 3]), 0)
    stream.write(realm.bytes([9]), 300)
    stream.setSize(310)
    const buffer = realm.bytes(new Uint8Array(400))
    expect(stream.read(buffer, 0)).toBe(310)
    const expected = new Uint8Array(400)
    expected.set([1, 2, 3])
    expected[300] = 9
    expect(hex(plain(buffer))).toBe(hex(expected))
  })

  it("reads and writes parts of a buffer", () => {
    const realm = new Realm()
    const stream = makeStream(realm)
    stream.write(realm.bytes(pattern(100, 7)), 10, 20, 30)
    expect(stream.size()).toBe(40)
    const buffer = realm.bytes(new Uint8Array(8))
    expect(stream.read(buffer, 12, 2, 4)).toBe(4)
    expect(hex(plain(buffer))).toBe(`0000${hex(pattern(100, 7).subarray(22, 26))}0000`)
    expect(stream.read(buffer, 38)).toBe(2)
    expect(stream.read(buffer, 40)).toBe(0)
  })

  it("cuts by writing anew", () => {
    const realm = new Realm()
    const stream = makeStream(realm)
    stream.write(realm.bytes(pattern(900, 3)), 0)
    stream.setSize(500)
    expect(realm.disk.size("data.bin")).toBe(500)
    const buffer = realm.bytes(new Uint8Array(600))
    expect(stream.read(buffer, 0)).toBe(500)
    expect(hex(plain(buffer).subarray(0, 500))).toBe(hex(pattern(900, 3).subarray(0, 500)))
    stream.close()
    stream.close()
    expect(realm.disk.opened).toBe(0)
    expect(() => stream.size()).toThrow("ECLOSED")
  })

  it("refuses to write a file that is open to be read", () => {
    const realm = new Realm()
    makeStream(realm).close()
    const stream = makeStream(realm, { readonly: true })
    expect(() => stream.write(realm.bytes([1]), 0)).toThrow("EROFS")
  })
})
