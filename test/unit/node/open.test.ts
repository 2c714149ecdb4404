/**
 * Goal: one call opens a store from a place, close() gives everything back, and no two stores write to one place. Method: files in a
 * temporary folder and ranges of a simulated chip are opened, twice where that must fail; what was opened is counted by a device
 * that notes its calls.
 */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { open, type Store } from "../../../hosts/node/node.ts"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import { BTree } from "../../../src/btree/index.ts"
import { failure } from "../../../src/errors.ts"

const code = (expected: string, words = "") =>
  expect.objectContaining({ code: expected, message: expect.stringContaining(words) })

let folder: string
let file: string
let stores: Store[]
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "flashtree-"))
  file = join(folder, "settings.db")
  stores = []
})
afterEach(() => {
  for (const store of stores) store.close()
  rmSync(folder, { recursive: true })
})

/** Opens a store that is closed after the test. */
const opened: typeof open = (options) => {
  const store = open(options)
  stores.push(store)
  return store
}

describe("open on a file", () => {
  it("gives a tree that is in the file after close", () => {
    const store = opened({ file, pagesize: 1024 })
    expect(store).toBeInstanceOf(BTree)
    expect(store.volume).toBeUndefined()
    store.set("b", "2")
    store.set("a", "1")
    store.close()
    const again = opened({ file })
    expect([...again].map(String)).toEqual(["97", "98"])
    expect(again.stat().pagesize).toBe(1024)
  })

  it("ends the handle at close, which may be called twice", () => {
    const store = open({ file })
    store.close()
    store.close()
    expect(() => store.get("a")).toThrow(code("ECLOSED"))
  })

  it("refuses a file that is open already, by whatever path", () => {
    opened({ file })
    symlinkSync(file, join(folder, "link.db"))
    for (const path of [file, relative(process.cwd(), file), join(folder, "link.db")])
      expect(() => open({ file: path })).toThrow(code("EBUSY", path))
    expect(() => open({ file, readonly: true })).toThrow(code("EBUSY"))
    opened({ file: join(folder, "other.db") })
  })

  it("lets several readers in, but no writer beside them", () => {
    const store = open({ file })
    store.set("a", "1")
    store.close()
    expect(opened({ file, readonly: true }).has("a")).toBe(true)
    expect(opened({ file, readonly: true }).has("a")).toBe(true)
    expect(() => open({ file })).toThrow(code("EBUSY"))
  })

  it("gives the file free when it is closed, and when opening fails", () => {
    open({ file }).close()
    opened({ file }).close()
    writeFileSync(file, "this is no database, but it is long enough to be one")
    expect(() => open({ file })).toThrow(code("EFTYPE"))
    rmSync(file)
    opened({ file })
    expect(() => open({ file: join(folder, "missing/settings.db") })).toThrow(
      code("EIO", "create the directory"),
    )
    expect(() => open({ file: join(folder, "missing/settings.db") })).toThrow(code("EIO"))
  })
})

/** A chip that notes whether it was closed, and can refuse to be read. */
class NotedFlash extends SimulatedFlash {
  closed = 0
  broken = false
  override read(buffer: Uint8Array, byteOffset: number): number {
    if (this.broken) throw failure("EIO", "no contact")
    return super.read(buffer, byteOffset)
  }
  override close(): void {
    this.closed++
    super.close()
  }
}

describe("open on a device", () => {
  const size = 32 * 4096

  it("formats a blank one, and what was flushed survives a power cut", () => {
    const chip = new SimulatedFlash({ size })
    const store = open({ device: chip, pagesize: 512 })
    store.set("a", "1")
    store.flush()
    store.set("b", "2")
    const after = opened({ device: chip.reboot(), format: "never" })
    expect([...after.items()].map(String)).toEqual(["97,49"])
    expect(after.volume?.status()).toMatchObject({ pagesize: 512, blocks: 32 })
    expect(after.volume?.maintain()).toBeTypeOf("boolean")
  })

  it("puts two stores beside each other, and refuses ranges that overlap", () => {
    const device = new SimulatedFlash({ size })
    const config = opened({ device, blockCount: 16 })
    const log = opened({ device, firstBlock: 16 })
    config.set("name", "sensor 7")
    log.set("1", "on")
    config.close()
    expect(() => open({ device, firstBlock: 8, blockCount: 9 })).toThrow(code("EBUSY"))
    expect(() => open({ device })).toThrow(code("EBUSY"))
    expect(opened({ device, blockCount: 16 }).has("name")).toBe(true)
    expect(() => open({ device, firstBlock: 15, blockCount: 8 })).toThrow(code("EBUSY"))
    opened({ device: new SimulatedFlash({ size }) })
  })

  it("takes two devices that say so for one place", () => {
    const chip = new SimulatedFlash({ size })
    const medium = "partition btree"
    const half = (from: number) =>
      Object.assign(Object.create(chip), { medium, origin: from * 4096 }) as SimulatedFlash
    opened({ device: half(0), blockCount: 16 })
    expect(() => open({ device: half(0), blockCount: 16 })).toThrow(code("EBUSY"))
    expect(() => open({ device: half(8), blockCount: 16 })).toThrow(code("EBUSY"))
    opened({ device: half(16), firstBlock: 0, blockCount: 16 })
  })

  it("leaves the device open: it was not opened here", () => {
    const device = new NotedFlash({ size })
    const store = open({ device })
    store.set("a", "1")
    store.close()
    expect(device.closed).toBe(0)
    expect(() => store.volume?.status()).toThrow(code("ECLOSED"))
  })

  it("gives the range free when opening fails", () => {
    const device = new SimulatedFlash({ size })
    const unused = { firstBlock: 30, blockCount: 64 }
    expect(() => open({ device, ...unused })).toThrow(code("EINVAL", "of 32"))
    expect(() => open({ device, format: "never" })).toThrow(code("EFTYPE"))
    expect(() => open({ device, flags: 7 })).toThrow(code("EINVAL", "flags"))
    opened({ device })
  })

  it("gives the range free when the last flush fails, and says so", () => {
    const device = new NotedFlash({ size })
    const store = open({ device })
    store.set("a", "1")
    device.broken = true
    expect(() => store.close()).toThrow(code("EIO", "no contact"))
    device.broken = false
    expect(() => store.get("a")).toThrow()
    expect(opened({ device }).has("a")).toBe(false)
  })
})

describe("closing a store on a full volume", () => {
  it("says ENOSPC, ends it, and keeps what was flushed", () => {
    const device = new SimulatedFlash({ size: 8 * 4096 })
    const store = open({ device, cachesize: 1 << 18 }) // nothing is evicted: it is the flush that finds no room
    store.set("kept", "1")
    store.flush()
    const value = new Uint8Array(200).fill(7)
    for (let i = 0; i < 300; i++) store.set(`record ${i}`, value)
    expect(() => store.close()).toThrow(code("ENOSPC"))
    expect(() => store.get("kept")).toThrow(code("ECLOSED"))
    const again = opened({ device })
    expect(again.has("kept")).toBe(true)
    expect(again.has("record 0")).toBe(false)
    expect(again.check()).toEqual([])
  })
})

describe("the options of open", () => {
  it("name exactly one place", () => {
    const device = new SimulatedFlash({ size: 65536 })
    expect(() => open({})).toThrow(code("EINVAL", "file, device"))
    expect(() => open({ file, device })).toThrow(code("EINVAL", "file and device"))
    expect(() => open(file as never)).toThrow(code("EINVAL", "object"))
    expect(() => open(null as never)).toThrow(code("EINVAL", "object"))
  })

  it("are those of btree.open, and on a device those of flash.open", () => {
    const device = new SimulatedFlash({ size: 65536 })
    expect(() => open({ file, pagesise: 512 } as never)).toThrow(code("EINVAL", "pagesise"))
    expect(() => open({ device, formt: "never" } as never)).toThrow(code("EINVAL", "formt"))
    expect(() => open({ file, blockCount: 3 })).toThrow(code("EINVAL", "blockCount"))
    const given = { device, duplicates: true, checksum: "sum32" } as const
    const store = opened(given)
    store.set("a", "1")
    store.set("a", "2")
    expect(store.stat()).toMatchObject({ entries: 2, duplicates: true })
    expect(given).toEqual({ device, duplicates: true, checksum: "sum32" })
  })
})
