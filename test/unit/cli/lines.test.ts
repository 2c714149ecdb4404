/** Goal: lines come out whole whatever the pieces they come in. Method: arbitrary lines and piece sizes. */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { latin1, linesOf, messageOf } from "./input.ts"

function allLines(input: Uint8Array | string, pieceSize: number): string[] {
  const reader = linesOf(input, pieceSize)
  const lines: string[] = []
  for (let line = reader.next(); line !== undefined; line = reader.next())
    lines.push(Buffer.from(line).toString("latin1"))
  expect(reader.number).toBe(lines.length)
  return lines
}

describe("LineReader", () => {
  it("gives every line, the last one with or without its line feed", () => {
    const line = fc.string({ maxLength: 30 }).map((text) => text.replaceAll("\n", ""))
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 50 }), (lines, pieceSize) => {
        const texts = lines.map((text) => Buffer.from(text).toString("latin1"))
        expect(allLines(lines.map((text) => `${text}\n`).join(""), pieceSize)).toEqual(texts)
        if (lines.at(-1)) expect(allLines(lines.join("\n"), pieceSize)).toEqual(texts)
      }),
    )
  })

  it("gives lines longer than its first buffer", () => {
    const long = "x".repeat(300_000)
    expect(allLines(`a\n${long}\nb\n`, 65_536)).toEqual(["a", long, "b"])
  })

  it("gives the same line after a look ahead", () => {
    const reader = linesOf("one\ntwo\n", 2)
    expect(Buffer.from(reader.peek() as Uint8Array).toString()).toBe("one")
    expect(Buffer.from(reader.next() as Uint8Array).toString()).toBe("one")
    expect(reader.position).toBe(4)
  })

  it("skips a byte order mark and refuses UTF-16", () => {
    expect(allLines(latin1("\xef\xbb\xbfone\n"), 1)).toEqual(["one"])
    expect(messageOf(() => linesOf(latin1("\xff\xfek\0"), 1))).toBe("the input is UTF-16")
    expect(allLines("", 1)).toEqual([])
  })
})
