/**
 * Goal: the platform file for XS does what src/platform.ts does. Method: both run on the same random moves and texts; the two engines'
 * ArrayBuffer.fromString, of builds that keep strings as UTF-8 and of those that keep surrogates apart, is modelled with Node's own.
 */
import { afterEach, describe, expect, it } from "vitest"
import * as xs from "../../../hosts/moddable/platform.ts"
import * as portable from "../../../src/platform.ts"
import { makeBytes, makeRandom } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

it("has every name of the portable one", () => {
  expect(Object.keys(xs).sort()).toEqual(Object.keys(portable).sort())
})

describe("copies", () => {
  const random = makeRandom(1)
  const places = Array.from({ length: 300 }, () => [random(100), random(100), random(100)])

  it.each([true, false])("are right within one array: %s", (same) => {
    for (const [from, to, length] of places) {
      const results = [xs, portable].map((platform) => {
        const source = makeBytes(200, 1)
        const target = same ? source : new Uint8Array(200)
        platform.copyBytes(source, from, target, to, length)
        return target
      })
      expect(results[0]).toEqual(results[1])
    }
  })

  it("take a whole array at once", () => {
    const target = new Uint8Array(40)
    xs.copyBytes(makeBytes(20, 2), 0, target, 10, 20)
    expect(target.subarray(10, 30)).toEqual(makeBytes(20, 2))
  })
})

describe.each(["UTF-8", "surrogates apart"])("texts in an engine that keeps strings as %s", (kind) => {
  const buffers = ArrayBuffer as unknown as { fromString?: (text: string) => ArrayBuffer }
  const strings = String as unknown as { fromArrayBuffer?: () => string }

  const install = () => {
    buffers.fromString = (text) => {
      const bytes: number[] = []
      const units = kind === "UTF-8" ? [...text] : text.split("")
      for (const unit of units) {
        const point = unit.codePointAt(0) as number
        if (point >= 0xd800 && point <= 0xdfff)
          bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 63), 0x80 | (point & 63))
        else bytes.push(...new TextEncoder().encode(unit))
      }
      return Uint8Array.from(bytes).buffer
    }
    if (kind === "UTF-8") strings.fromArrayBuffer = () => ""
  }
  afterEach(() => {
    delete buffers.fromString
    delete strings.fromArrayBuffer
  })

  it.each(["", "wifi/ssid", "a\0b", "\u00e4\u20ac", "\ud55c", "\ud83d\ude00 \ud83d\ude00", "\uffff"])(
    "come out as UTF-8: %j",
    (text) => {
      install()
      const expected = new TextEncoder().encode(text)
      expect(xs.encodeText(text)).toEqual(new Uint8Array(expected))
    },
  )

  it.each(["\ud800", "a\udc00b", "\ude00\ud83d"])("with a lone surrogate are EINVAL: %j", (text) => {
    install()
    expect(() => xs.encodeText(text)).toThrow(code("EINVAL"))
  })
})
