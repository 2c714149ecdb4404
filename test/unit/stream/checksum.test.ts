import { crc32 as zlibCrc32 } from "node:zlib"
import { describe, expect, it } from "vitest"
import { crc32 } from "../../../src/checksum.ts"
import { makeBytes, makeRandom } from "../../support/streams.ts"

const text = (value: string) => new TextEncoder().encode(value)

describe("crc32", () => {
  it.each([
    ["", 0],
    ["a", 0xe8b7be43],
    ["123456789", 0xcbf43926],
    ["The quick brown fox jumps over the lazy dog", 0x414fa339],
  ])("of %j is the published value", (value, expected) => {
    expect(crc32(text(value), 0, value.length, 0)).toBe(expected)
  })

  it("takes a part of the buffer", () => {
    expect(crc32(text("xx123456789x"), 2, 11, 0)).toBe(0xcbf43926)
  })

  it("chains: the checksum of what precedes is the seed", () => {
    const bytes = makeBytes(300, 1)
    const whole = crc32(bytes, 0, 300, 0)
    for (let middle = 0; middle <= 300; middle += 7) {
      expect(crc32(bytes, middle, 300, crc32(bytes, 0, middle, 0))).toBe(whole)
    }
  })

  it("is unsigned, and differs for every byte value and seed", () => {
    const seen = new Set<number>()
    for (let byte = 0; byte < 256; byte++) {
      seen.add(crc32(Uint8Array.of(byte), 0, 1, 0))
      seen.add(crc32(Uint8Array.of(7), 0, 1, 0x80000000 + byte))
    }
    expect(seen.size).toBe(512)
    expect(Math.min(...seen)).toBeGreaterThanOrEqual(0)
  })

  it("agrees with zlib on random bytes and seeds", () => {
    const random = makeRandom(5)
    for (let i = 0; i < 200; i++) {
      const bytes = makeBytes(random(600), i)
      const seed = random(0x100000000)
      expect(crc32(bytes, 0, bytes.length, seed)).toBe(zlibCrc32(bytes, seed))
    }
  })
})
