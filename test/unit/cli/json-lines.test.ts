/**
 * Goal: NDJSON carries every record, and a JSON value keeps its own text. Method: round trips of arbitrary bytes and
 * of arbitrary JSON; one malformed line per rule.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { jsonOf, memberText, readJsonLines } from "../../../hosts/node/cli/support/json-lines.ts"
import { gather, latin1, linesOf, messageOf } from "./input.ts"

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 40 }),
  fc.string({ unit: "binary" }).map((text) => new TextEncoder().encode(text)),
)

describe("NDJSON", () => {
  it("gives back what was written", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(bytes, bytes)), (pairs) => {
        const text = pairs.map(
          ([key, value]) => `${JSON.stringify({ key: jsonOf(key), value: jsonOf(value) })}\n`,
        )
        const source = readJsonLines(linesOf(text.join("")))
        expect([...source.records].map(({ key, value }) => [key, value])).toEqual(pairs)
      }),
    )
  })

  it("shows UTF-8 as text and all else as base64", () => {
    expect(jsonOf(new TextEncoder().encode("gr\u00fcn"))).toBe("gr\u00fcn")
    expect(jsonOf(latin1("\xef\xbb\xbfa"))).toBe("\ufeffa")
    expect(jsonOf(latin1("\xff\x00"))).toEqual({ base64: "/wA=" })
  })

  it("stores other JSON as its own text", () => {
    const lines = [
      '{"value": {"b": 1, "a": [2.50]}, "key": "object"}',
      '{"key":"number","value":12345678901234567890}',
      ' {"key":"null","value": null , "more": {"value": 1}} ',
      "",
      '{"key":{"base64":"AA=="},"value":{"base64":"/w"}}',
      '{"key":"two","value":{"base64":"AA==","more":1}}\r',
    ]
    expect(gather(readJsonLines(linesOf(lines.join("\n"))))).toEqual([
      ["object", '{"b": 1, "a": [2.50]}'],
      ["number", "12345678901234567890"],
      ["null", "null"],
      ["\0", "\xff"],
      ["two", '{"base64":"AA==","more":1}'],
    ])
  })

  it.each([
    ["{", /^line 1: not JSON: /],
    ["[1]", /^line 1: expected an object/],
    ['{"key":"a"}', /^line 1: the object has no "value"$/],
    ['\n{"value":"a"}', /^line 2: the object has no "key"$/],
    ['{"key":1,"value":"a"}', /^line 1: "key" is neither text nor/],
    ['{"key":"a","value":{"base64":"%"}}', /^line 1: "value" is not base64$/],
    ['{"key":"\\ud800","value":"a"}', /^line 1: "key" holds a lone surrogate$/],
  ])("%s is refused", (text, message) => {
    expect(messageOf(() => gather(readJsonLines(linesOf(text))))).toMatch(message)
  })

  it("refuses bytes that are not UTF-8", () => {
    expect(messageOf(() => gather(readJsonLines(linesOf(latin1('{"key":"\xff","value":1}')))))).toBe(
      "line 1: not UTF-8",
    )
  })
})

describe("memberText", () => {
  it("gives the text JSON.parse reads the member from", () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(object, fc.integer({ min: 0, max: 4 }), (members, indent) => {
        const text = JSON.stringify(members, undefined, indent)
        for (const name of Object.keys(members))
          expect(JSON.parse(memberText(text, name))).toEqual(JSON.parse(text)[name])
      }),
    )
  })

  it("takes the last of equal names, however written", () => {
    expect(memberText('{"v": 1, "\\u0076" : "a}\\"," ,"w":3}', "v")).toBe('"a}\\","')
  })
})
