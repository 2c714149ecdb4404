/**
 * Goal: Espruino's crc32, which has a native without a seed, gives the numbers of the portable one, and leaves the bytes as they were. Method: all
 * lengths around the four bytes that carry a seed, over many seeds, beside each other; the native is a CRC-32 of its own.
 */
import { crc32 as zlibCrc32 } from "node:zlib"
import { afterAll, beforeAll, expect, it, vi } from "vitest"
import { crc32, crc32Of } from "../../../hosts/espruino/checksum.ts"
import { crc32 as portable } from "../../../src/checksum.ts"
import { makeBytes } from "../../support/streams.ts"

beforeAll(() => {
  vi.stubGlobal("E", { CRC32: (bytes: Uint8Array) => zlibCrc32(bytes) })
})
afterAll(() => {
  vi.unstubAllGlobals()
})

it.each([0, 1, 2, 3, 4, 5, 9, 300])("agrees with the portable one on %i bytes", (length) => {
  const buffer = makeBytes(length + 10, length)
  const before = buffer.slice()
  for (const seed of [0, 1, 0x80, 0xff00, 0x7fffffff, 0x80000000, 0xdeadbeef, 0xffffffff]) {
    expect(crc32(buffer, 5, 5 + length, seed)).toBe(portable(buffer, 5, 5 + length, seed))
    expect(buffer).toEqual(before)
  }
  expect(crc32Of(buffer, 5, 5 + length)).toBe(portable(buffer, 5, 5 + length, 0))
})
