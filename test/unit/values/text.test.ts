/**
 * Goal: text and JSON come back from bytes as they were, and bytes that are no text are refused. Method: round trips over random
 * strings, and every wrong form of UTF-8 against what TextDecoder refuses.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeJSON, decodeText, encodeJSON, encodeText } from "../../../src/values/index.ts"

const EINVAL = expect.objectContaining({ code: "EINVAL" })

describe("text", () => {
  it("comes back, and is UTF-8", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(Buffer.from(encodeText(text))).toEqual(Buffer.from(text))
        expect(decodeText(encodeText(text))).toBe(text)
      }),
      { seed: 5, numRuns: 500 },
    )
  })

  it("is refused exactly where the bytes are no UTF-8", () => {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
    const edges = [
      0, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef,
    ]
    const bytes = fc.constantFrom(...edges, 0xf0, 0xf1, 0xf4, 0xf5, 0xf8, 0xff)
    fc.assert(
      fc.property(fc.array(bytes, { maxLength: 6 }), (list) => {
        const buffer = Uint8Array.from(list)
        let expected: string | undefined
        try {
          expected = decoder.decode(buffer)
        } catch {
          expect(() => decodeText(buffer)).toThrow(EINVAL)
          return
        }
        expect(decodeText(buffer)).toBe(expected)
      }),
      { seed: 6, numRuns: 5000 },
    )
    expect(() => decodeText(Uint8Array.of(0x41, 0xc3))).toThrow(/byte 1/)
  })
})

describe("JSON", () => {
  it("comes back", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as fc.JsonSharedConstraints), (value) => {
        expect(decodeJSON(encodeJSON(value))).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  it("is refused where there is none", () => {
    expect(() => encodeJSON(undefined)).toThrow(EINVAL)
    expect(() => encodeJSON(() => 1)).toThrow(/function/)
    expect(() => decodeJSON(encodeText("{"))).toThrow(EINVAL)
    expect(() => decodeJSON(Uint8Array.of(0xff))).toThrow(EINVAL)
  })
})
