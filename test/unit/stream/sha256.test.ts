/**
 * Goal: SHA-256 is that of FIPS 180-4, ours and the one that Node has in its place. Method: messages of all lengths around a block, and one of
 * a megabyte, in pieces of many sizes, against node:crypto; and the standard's own example.
 */
import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import * as native from "../../../hosts/node/sha256.ts"
import * as portable from "../../../src/sha256.ts"
import { makeBytes } from "../../support/streams.ts"

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

function digestOf(Hash: typeof portable.Sha256, message: Uint8Array, piece: number): string {
  const hash = new Hash()
  for (let at = 0; at < message.length; at += piece)
    hash.update(message, at, Math.min(at + piece, message.length))
  return hex(hash.digest())
}

describe.each([
  ["ours", portable],
  ["Node's", native as unknown as typeof portable],
])("%s", (_, { Sha256, DIGEST_SIZE }) => {
  it("gives the example of the standard", () => {
    expect(DIGEST_SIZE).toBe(32)
    const expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    expect(digestOf(Sha256, new TextEncoder().encode("abc"), 3)).toBe(expected)
  })

  it("agrees with node:crypto at every length, in every piece", () => {
    for (let length = 0; length < 200; length++) {
      const message = makeBytes(length, length)
      const expected = createHash("sha256").update(message).digest("hex")
      for (const piece of [1, 7, 64, 1000]) expect(digestOf(Sha256, message, piece)).toBe(expected)
    }
    const long = makeBytes(1 << 20, 5)
    expect(digestOf(Sha256, long, 4096)).toBe(createHash("sha256").update(long).digest("hex"))
  })
})
