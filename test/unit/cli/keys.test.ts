/** Goal: what is shown as a key can be typed as one. Method: round trips; one wrong key per notation. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseHexOption, parseKey, showKey } from "../../../hosts/node/cli/support/keys.ts"
import { fromBase64, isPrintable, toBase64 } from "../../../hosts/node/cli/support/text.ts"
import { latin1, messageOf } from "./input.ts"

describe("keys", () => {
  it("shown are printable, and typed again the same", () => {
    const prefixed = fc
      .tuple(fc.constantFrom("text:", "hex:", "base64:", "-"), fc.string())
      .map((parts) => parts.join(""))
    const text = fc
      .oneof(fc.string({ unit: "binary" }), prefixed)
      .map((typed) => new TextEncoder().encode(typed))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), text), (bytes) => {
        const shown = showKey(bytes)
        expect(isPrintable(shown)).toBe(true)
        expect(shown).not.toMatch(/^(-|$)/)
        expect(parseKey(shown)).toEqual(bytes)
      }),
    )
  })

  it("are text unless they say otherwise", () => {
    expect(parseKey("wifi")).toEqual(latin1("wifi"))
    expect(parseKey("hex:00fF")).toEqual(latin1("\0\xff"))
    expect(parseKey("base64:a2V5")).toEqual(latin1("key"))
    expect(parseKey("text:hex:00")).toEqual(latin1("hex:00"))
    expect(parseKey("text:")).toEqual(latin1(""))
    expect(parseKey("hex")).toEqual(latin1("hex"))
  })

  it("are shown as text where that is one printable line", () => {
    expect(showKey(latin1("wifi.ssid"))).toBe("wifi.ssid")
    expect(showKey(latin1("a\nb"))).toBe("hex:610a62")
    expect(showKey(latin1("\xff"))).toBe("hex:ff")
    expect(showKey(latin1("hex:00"))).toBe("text:hex:00")
    expect(showKey(latin1("-x"))).toBe("text:-x")
    expect(showKey(latin1(""))).toBe("text:")
  })

  it.each(["hex:0", "hex:0g", "hex: 00", "base64:a", "base64:a===", "base64:a-b_", "base64:YQ="])(
    "%s is refused",
    (typed) => {
      expect(messageOf(() => parseKey(typed))).toBe(`not a key: ${typed}`)
    },
  )

  it("in bare hex digits are refused with the option's name", () => {
    expect(parseHexOption("--raw-key", "6B65")).toEqual(latin1("ke"))
    expect(messageOf(() => parseHexOption("--raw-key", "6"))).toContain("--raw-key takes an even number")
  })

  it("of base64 come with and without padding", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const padded = toBase64(bytes)
        expect(fromBase64(padded)).toEqual(bytes)
        expect(fromBase64(padded.replaceAll("=", ""))).toEqual(bytes)
      }),
    )
  })
})
