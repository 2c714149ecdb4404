/**
 * Goal: CSV as in RFC 4180 becomes records. Method: rows of arbitrary text, quoted or not, with both line ends; one
 * malformed text per rule.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type CsvColumns, readCsv, readRow } from "../../../hosts/node/cli/support/csv.ts"
import { gather, latin1, linesOf, messageOf } from "./input.ts"

const read = (text: string, columns: CsvColumns = {}) => gather(readCsv(linesOf(text), columns))

describe("rows", () => {
  it("come back as they were written", () => {
    const field = fc.string({ unit: fc.constantFrom("a", '"', ",", "\n", "\r", " ", "\u00e9", "\u{1f600}") })
    const row = fc.array(field, { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(fc.array(row), fc.constantFrom("\n", "\r\n"), fc.nat(20), (rows, end, pieces) => {
        const quoted = (text: string) =>
          /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text
        const text = rows.map((fields) => fields.map(quoted).join(",") + end).join("")
        const reader = linesOf(text, pieces + 1)
        for (const fields of rows) expect(readRow(reader)).toEqual(fields)
        expect(readRow(reader)).toBeUndefined()
      }),
    )
  })

  it("may end with empty fields", () => {
    expect(readRow(linesOf("a,,\r\n"))).toEqual(["a", "", ""])
    expect(readRow(linesOf(",\n"))).toEqual(["", ""])
    expect(readRow(linesOf('"a",""'))).toEqual(["a", ""])
  })
})

describe("CSV", () => {
  const text = 'name,key,10,__proto__\nAda,a,1,"x,\n""y"""\n\nBob,b,,\n'

  it("becomes a JSON object a key, columns in their order", () => {
    expect(read(text)).toEqual([
      ["a", '{"name":"Ada","10":"1","__proto__":"x,\\n\\"y\\""}'],
      ["b", '{"name":"Bob","10":"","__proto__":""}'],
    ])
  })

  it("becomes one column's text", () => {
    expect(read(text, { key: "name", value: "__proto__" })).toEqual([
      ["Ada", 'x,\n"y"'],
      ["Bob", ""],
    ])
  })

  it.each<[string, CsvColumns, string]>([
    ["", {}, "the input is empty"],
    ["a,b\n", {}, 'the CSV has no column "key"'],
    ["key,b\n", { value: "c" }, 'the CSV has no column "c"'],
    ["key,b,b\n", {}, 'line 1: two columns are called "b"'],
    ["key,b\n1\n", {}, "line 2: 1 fields where the header has 2"],
    ["key,b\n1,2,3\n", {}, "line 2: 3 fields where the header has 2"],
    ["key,b\n,2\n", {}, "line 2: the key column key is empty"],
    ['key,b\n1,"2\n\n', {}, "line 3: the input ends inside a quoted field"],
    ['key,b\n1,"2"3\n', {}, "line 2: something follows the closing quote of a field"],
    ['key,b\n1,2"3\n', {}, "line 2: a quote inside a field without quotes"],
  ])("%j is refused", (malformed, columns, message) => {
    expect(messageOf(() => read(malformed, columns))).toBe(message)
  })

  it("refuses bytes that are not UTF-8", () => {
    const lines = linesOf(latin1("key,b\na,\xff\n"))
    expect(messageOf(() => gather(readCsv(lines, {})))).toBe("line 2: not UTF-8")
  })
})
