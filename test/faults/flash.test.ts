/**
 * Goal: what a volume promises beside power cuts: failing blocks lose nothing and are remembered, a second writer is noticed, foreign
 * content and other shapes are refused with a message that helps, volumes side by side leave each other alone, and figures add up.
 *
 * Method: each promise is provoked on the simulated chip and looked at from outside: data, error codes, image and wear of the chip.
 */
import { describe, expect, test } from "vitest"
import { SimulatedFlash } from "../../hosts/node/node.ts"
import { crc32 } from "../../src/checksum.ts"
import * as flash from "../../src/flash/index.ts"
import { makeChip, openVolume, SEED, Session } from "../powercut/rig.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

const GEOMETRY = { size: 65536, writeAlign: 1 }
const code = (expected: string) => expect.objectContaining({ code: expected })

function chip(): SimulatedFlash {
  return new SimulatedFlash(GEOMETRY)
}

describe("blocks that fail", () => {
  test.each(["program", "erase"] as const)("at a %s lose nothing and are remembered", (how) => {
    const random = makeRandom(SEED)
    const session = new Session(GEOMETRY, chip()).open()
    for (let i = 0; i < 6000; i++) {
      if (i === 1500 || i === 3000) session.device.chip.failBlock(random(16), how)
      session.put(random(150), i)
    }
    const { retired } = session.volume.status()
    expect(retired).toBeGreaterThan(0)
    session.expectOneOf([session.durable])
    const again = new Session(GEOMETRY, session.device.chip.reboot()).open()
    again.expectOneOf([session.durable])
    expect(again.volume.status().retired).toBe(retired)
  })
})

describe("another writer", () => {
  test.each([false, true])("is noticed (encrypted: %s), and reopening helps", (encrypted) => {
    const geometry = { size: 65536, writeAlign: 16, encrypted }
    const device = makeChip(geometry)
    const first = new Session(geometry, device).open()
    first.put(1, 1)
    const second = new Session(geometry, device).open()
    second.put(2, 2)
    expect(() => first.put(3, 3)).toThrow(code("ESTALE"))
    expect(() => first.volume.flush()).toThrow(code("ESTALE"))
    new Session(geometry, device.reboot()).open().expectOneOf([
      new Map([
        [1, 1],
        [2, 2],
      ]),
      new Map([[2, 2]]),
    ])
  })
})

describe("what is refused", () => {
  test("foreign content, with the block and its first byte", () => {
    const device = chip()
    device.write(Uint8Array.of(0x55, 0xaa), 3 * 4096)
    expect(() => flash.open(device)).toThrow(code("EFTYPE"))
    expect(() => flash.open(device)).toThrow(/block 3 .*0x55/)
    expect(flash.open(device, { format: "always" }).size()).toBe(0)
  })

  test("other pages and another number of blocks, with both numbers", () => {
    const device = chip()
    new Session(GEOMETRY, device).open().put(1, 1)
    expect(() => flash.open(device, { pagesize: 1024 })).toThrow(/pages of 512.* not of .*1024/)
    expect(() => flash.open(device, { blockCount: 8 })).toThrow(/16 blocks of 4096 bytes.* not of 8 of 4096/)
    expect(() => flash.open(device, { blockCount: 8 })).toThrow(code("EFTYPE"))
  })

  test.each([
    ["an unknown feature that readers must know", 22, "EFTYPE"],
    ["an unknown feature that writers must know", 23, ""],
  ])("%s: %i", (_, offset, expected) => {
    const device = chip()
    new Session(GEOMETRY, device).open().put(1, 1)
    const image = device.image()
    image[offset] = 4
    new DataView(image.buffer).setUint32(44, crc32(image, 0, 44, 0))
    const later = new SimulatedFlash({ ...GEOMETRY, image })
    if (expected !== "") {
      expect(() => flash.open(later)).toThrow(code(expected))
      expect(() => flash.open(later)).toThrow(/features 4/)
      return
    }
    const session = new Session(GEOMETRY, later).open()
    expect(session.volume.readonly).toBe(true)
    session.expectOneOf([new Map([[1, 1]])])
    expect(() => session.volume.write(new Uint8Array(1), 0)).toThrow(code("EROFS"))
  })

  test('a blank chip with format: "never"', () => {
    expect(() => flash.open(chip(), { format: "never" })).toThrow(code("EFTYPE"))
  })

  test("any change of a volume opened read-only, and any use of a closed one", () => {
    const device = chip()
    new Session(GEOMETRY, device).open().put(1, 1)
    const image = device.image()
    const volume = openVolume(device, GEOMETRY, { readonly: true })
    expect(() => volume.write(new Uint8Array(1), 0)).toThrow(code("EROFS"))
    expect(() => volume.setSize(0)).toThrow(code("EROFS"))
    expect(() => volume.maintain()).toThrow(code("EROFS"))
    expect(volume.check()).toEqual([])
    volume.close()
    volume.close()
    expect(() => volume.size()).toThrow(code("ECLOSED"))
    expect(device.image()).toEqual(image)
  })
})

test.each([-1, Number.NaN, "x"])("maintain() refuses %s erases, and nothing follows from it", (erases) => {
  const session = new Session(GEOMETRY, chip()).open()
  session.put(1, 1)
  expect(() => session.volume.maintain({ erases: erases as number })).toThrow(code("EINVAL"))
  expect(session.volume.maintain({ erases: 0 })).toBe(true)
  expect(session.volume.maintain(null as never)).toBe(session.volume.maintain())
  session.put(2, 2)
})

test("volumes side by side leave each other's blocks alone", () => {
  const device = new SimulatedFlash({ size: 131072 })
  device.write(makeBytes(4096, 1), 15 * 4096)
  const pages = [0, 16].map((firstBlock) => flash.open(device, { firstBlock, blockCount: 15 }))
  const expected = pages.map(() => new Uint8Array(8000))
  const random = makeRandom(SEED)
  for (let i = 0; i < 6000; i++) {
    const which = random(2)
    const at = random(7900)
    const bytes = makeBytes(30, i)
    pages[which]?.write(bytes, at)
    expected[which]?.set(bytes, at)
    pages[which]?.flush()
  }
  for (const which of [0, 1]) {
    const volume = flash.open(device, { firstBlock: which * 16, blockCount: 15 })
    const found = new Uint8Array(volume.size())
    volume.read(found, 0)
    expect(found).toEqual(expected[which]?.subarray(0, found.length))
    expect(volume.check()).toEqual([])
  }
  expect(device.image().subarray(15 * 4096, 16 * 4096)).toEqual(makeBytes(4096, 1))
  expect(device.eraseCounts[15]).toBe(0)
  expect(device.eraseCounts[31]).toBe(0)
  expect(device.eraseCounts[0]).toBeGreaterThan(1)
  expect(device.eraseCounts[16]).toBeGreaterThan(1)
})

test("figures add up, and wear is even, over 100,000 updates", () => {
  const device = chip()
  const session = new Session(GEOMETRY, device).open()
  for (let k = 0; k < 200; k++) session.put(k, 0)
  const random = makeRandom(SEED)
  for (let i = 0; i < 100_000; i++) {
    const k = random(200)
    session.tree.set(`cfg/item/${String(k).padStart(7, "0")}`, makeBytes(32, i & 1023))
    session.tree.flush()
  }
  const status = session.volume.status()
  expect(status.used + status.freeBlocks * 4096).toBe(65536)
  expect(status.live).toBeLessThanOrEqual(status.capacity)
  expect(status.capacity).toBeGreaterThanOrEqual(65536 * 0.6)
  const wear = [...device.eraseCounts]
  const mean = wear.reduce((a, b) => a + b) / wear.length
  expect(Math.max(...wear)).toBeLessThanOrEqual(mean * 1.3 + 2)
  expect(status.eraseCountMax).toBe(Math.max(...wear))
  expect(status.eraseCountMin).toBe(Math.min(...wear))
  expect(session.tree.check()).toEqual([])
  expect(session.volume.check()).toEqual([])
  console.log(`wear ${Math.min(...wear)} to ${Math.max(...wear)}, mean ${mean.toFixed(1)}`)
}, 60_000)
