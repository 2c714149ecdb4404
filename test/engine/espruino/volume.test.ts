/**
 * Goal: a store on an Espruino board's raw flash is all-or-nothing at every power cut, keeps to its region, and notices what the flash
 * driver does not report. Method: the finished modules run in a realm over a double of `require("Flash")`; before every program and
 * every erase of a session the chip is forked, the operation is cut on the fork (not done, half done, done), the board is booted anew
 * and its store held against the last flushed state and the one being flushed.
 */
import { describe, expect, it } from "vitest"
import { pattern } from "../../property/model.ts"
import { hex } from "../../support/berkeley.ts"
import { makeRandom } from "../../support/streams.ts"
import { CHIP_BASE, Chip, type Cut } from "./chip.ts"
import { plain, Realm } from "./realm.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

type State = Map<string, string>
type Random = (limit: number) => number

const REGION = 0x310000
const REGION_SIZE = 0x10000

function open(realm: Realm, options: object = {}): Foreign {
  return realm.require("flashtree").open({ region: {}, ...options })
}

function stateOf(store: Foreign): State {
  const state: State = new Map()
  store.forEach((cursor: Foreign) => void state.set(hex(plain(cursor.key())), hex(plain(cursor.value()))))
  return state
}

function expectOne(found: State, allowed: State[], where: string): void {
  const texts = allowed.map((state) => JSON.stringify([...state].sort()))
  expect(texts, where).toContain(JSON.stringify([...found].sort()))
}

/** Puts and deletes some keys, and gives the state after it. */
function change(realm: Realm, store: Foreign, state: State, random: Random): State {
  const next = new Map(state)
  for (let i = 0; i <= random(3); i++) {
    const n = random(45)
    const key = pattern(4 + (n % 14), 100 + n)
    if (random(4) === 0) {
      store.delete(realm.bytes(key))
      next.delete(hex(key))
    } else {
      const value = pattern(random(8) === 0 ? 100 + random(150) : random(40), random(1 << 16))
      store.put(realm.bytes(key), realm.bytes(value))
      next.set(hex(key), hex(value))
    }
  }
  return next
}

/** Boots a chip that lost power, judges its store, and goes on with it for a while. */
function boot(chip: Chip, options: object, allowed: State[], random: Random, where: string): void {
  const realm = new Realm({ chip })
  let store = open(realm, options)
  let state = stateOf(store)
  expectOne(state, allowed, where)
  for (let i = 0; i < 3; i++) {
    state = change(realm, store, state, random)
    store.flush()
  }
  store.close()
  store = open(realm, options)
  expectOne(stateOf(store), [state], `${where}, after more changes`)
  store.close()
}

/** Runs a session and boots a fork of the chip at every `every`-th operation of its last `steps` changes, in each way of being cut. */
function runCuts(
  options: object,
  warmUp: number,
  steps: number,
  every: number,
): { cuts: number; chip: Chip } {
  const chip = new Chip()
  const realm = new Realm({ chip })
  const random = makeRandom(4242)
  const store = open(realm, options)
  let flushed: State = new Map()
  let allowed: State[] = [flushed]
  let operations = 0
  let cuts = 0
  for (let step = 0; step < warmUp + steps; step++) {
    if (step === warmUp) {
      chip.onOperation = (operation) => {
        if (operations++ % every !== 0) return
        for (const how of ["none", "half", "all"] as Cut[]) {
          const fork = chip.fork()
          fork.apply(operation, how)
          const what = operation.bytes === undefined ? "erase" : "program"
          boot(
            fork,
            options,
            allowed,
            makeRandom(operations),
            `operation ${operations}, ${what}, ${how} of it done`,
          )
          cuts++
        }
      }
    }
    const next = change(realm, store, flushed, random)
    allowed = [flushed, next]
    store.flush()
    flushed = next
    allowed = [flushed]
  }
  chip.onOperation = undefined
  store.close()
  expectOne(stateOf(open(realm, options)), [flushed], "at the end")
  return { cuts, chip }
}

describe("power cuts", () => {
  it("at every operation of a new store leave it openable", () => {
    const { cuts } = runCuts({}, 0, 12, 1)
    expect(cuts).toBeGreaterThan(36)
  })

  it("while blocks are reclaimed leave the flushed state, or the one being flushed", () => {
    const { cuts, chip } = runCuts({ blockCount: 8 }, 400, 60, 2)
    expect(cuts).toBeGreaterThan(90)
    expect(chip.reprogrammed, "no word is programmed twice").toBe(0)
  })
})

describe("a region", () => {
  it("keeps the rest of the chip as it was", () => {
    const { chip } = runCuts({ firstBlock: 3, blockCount: 8 }, 500, 0, 1)
    const first = REGION - CHIP_BASE + 3 * 4096
    chip.memory.fill(0xff, first, first + 8 * 4096)
    expect(chip.memory.every((byte) => byte === 0xff)).toBe(true)
  })

  it("refuses what the driver would do silently", () => {
    const realm = new Realm()
    const { FlashRegion } = realm.require("flashtree")
    const region = new FlashRegion()
    const bytes = realm.bytes(new Uint8Array(8))
    expect(region.status()).toEqual({ size: REGION_SIZE, blocks: 16, blockLength: 4096, writeAlign: 4 })
    const wrong: (() => void)[] = [
      () => region.read(bytes, REGION_SIZE - 4),
      () => region.read(bytes, -1),
      () => region.write(bytes, REGION_SIZE - 4),
      () => region.write(bytes, 2),
      () => region.write(realm.bytes([1, 2]), 0),
      () => region.eraseBlock(0, 17),
      () => region.eraseBlock(-1, 1),
    ]
    for (const call of wrong) expect(call).toThrow("EINVAL")
    expect(realm.chip.operations).toBe(0)
    region.close()
    expect(() => region.read(bytes, 0)).toThrow("ECLOSED")
  })

  it.each([
    { address: 0x310800 },
    { address: 0x500000 },
    { address: 0x32f000, length: 0x2000 },
    { length: 0 },
    { length: 5000 },
  ])("is refused where it is not whole pages of the chip: %o", (options) => {
    const { FlashRegion } = new Realm().require("flashtree")
    expect(() => new FlashRegion(options)).toThrow("EINVAL")
  })

  it("takes another chip's driver", () => {
    const realm = new Realm()
    const flash = realm.require("Flash")
    const calls: string[] = []
    const driver = {
      getPage: (address: number) =>
        address < 0x8000 ? { addr: address & ~0xfff, length: 0x1000 } : undefined,
      read: (length: number, address: number) => flash.read(length, REGION + address),
      write: (data: Uint8Array, address: number) => flash.write(data, REGION + address),
      erasePage: (address: number) => void calls.push(`erase ${address}`),
    }
    const store = open(realm, { region: { flash: driver, address: 0, length: 0x8000 } })
    store.set("a", "b")
    store.close()
    expect(hex(plain(open(realm, { region: { flash: driver, address: 0, length: 0x8000 } }).get("a")))).toBe(
      "62",
    )
    expect(calls).toEqual([])
  })
})

describe("a driver that reports nothing", () => {
  it("and does not program a page: what was written is read back and goes elsewhere", () => {
    const chip = new Chip()
    const realm = new Realm({ chip })
    const store = open(realm)
    store.set("before", "1")
    store.flush()
    chip.brokenPage = REGION
    for (let i = 0; i < 20; i++) {
      store.set(`key ${i}`, `value ${i}`)
      store.flush()
    }
    expect(store.volume.status().retired).toBeGreaterThan(0)
    const found = stateOf(open(new Realm({ chip })))
    expect(found.size).toBe(21)
  })

  it("and has no memory for a read: an error, and the flushed state stays", () => {
    const chip = new Chip()
    let empty = false
    const realm = new Realm({ chip, outOfMemory: () => empty })
    const store = open(realm)
    for (let i = 0; i < 200; i++) store.set(`key ${i}`, "value")
    store.flush()
    empty = true
    expect(() => stateOf(store)).toThrow("EIO")
    empty = false
    expect(stateOf(open(new Realm({ chip }))).size).toBe(200)
  })
})

describe("open()", () => {
  const code = (call: () => void): string => {
    try {
      call()
    } catch (error) {
      return (error as { code: string }).code
    }
    return "no error"
  }

  it("answers EBUSY for two stores on one range, until the first is closed", () => {
    const realm = new Realm()
    const first = open(realm, { blockCount: 8 })
    expect(code(() => open(realm))).toBe("EBUSY")
    expect(code(() => open(realm, { region: { address: 0x317000, length: 0x9000 } }))).toBe("EBUSY")
    const second = open(realm, { firstBlock: 8 })
    first.close()
    first.close()
    open(realm, { blockCount: 8 }).close()
    second.close()
    open(realm).close()
  })

  it("lets any number read", () => {
    const realm = new Realm()
    const writer = open(realm)
    writer.set("a", "b")
    expect(code(() => open(realm, { readonly: true }))).toBe("EBUSY")
    writer.close()
    const readers = [open(realm, { readonly: true }), open(realm, { readonly: true })]
    expect(code(() => open(realm))).toBe("EBUSY")
    expect(code(() => readers[0].set("a", "c"))).toBe("EROFS")
    for (const reader of readers) reader.close()
    open(realm).close()
  })

  it("leaves nothing claimed when it fails", () => {
    const realm = new Realm()
    expect(code(() => open(realm, { pagesize: 100 }))).toBe("EINVAL")
    expect(code(() => open(realm, { nonsense: 1 }))).toBe("EINVAL")
    realm.chip.write([1, 2, 3, 4], REGION)
    expect(code(() => open(realm))).toBe("EFTYPE")
    expect(code(() => open(realm, { format: "always" }))).toBe("EINVAL")
    realm.require("flash-extras")(realm.require("flash"))
    open(realm, { format: "always" }).close()
  })

  it.each([{}, { region: {}, file: "a" }, { region: {}, device: {} }])("takes one place: %o", (options) => {
    expect(code(() => new Realm().require("flashtree").open(options))).toBe("EINVAL")
  })

  it("takes any device, and does not close it", () => {
    const realm = new Realm()
    const device = new (realm.require("flashtree").FlashRegion)()
    const store = realm.require("flashtree").open({ device })
    store.set("a", "b")
    store.close()
    expect(device.read(realm.bytes(new Uint8Array(4)), 0)).toBe(4)
    expect(hex(plain(realm.require("flashtree").open({ device }).get("a")))).toBe("62")
  })

  it("flushes and closes before the program is taken away", () => {
    const realm = new Realm()
    const store = open(realm)
    store.set("a", "b")
    realm.kill()
    expect(code(() => store.get("a"))).toBe("ECLOSED")
    expect(stateOf(open(new Realm({ chip: realm.chip }))).size).toBe(1)
    const opened = open(realm)
    opened.close()
    realm.kill()
  })

  it("does not when it is told so", () => {
    const realm = new Realm()
    const store = open(realm, { closeOnKill: false })
    store.set("a", "b")
    realm.kill()
    expect(hex(plain(store.get("a")))).toBe("62")
    expect(stateOf(open(new Realm({ chip: realm.chip }))).size).toBe(0)
  })
})
