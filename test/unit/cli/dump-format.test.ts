/**
 * Goal: every record survives db_dump's text, in both formats and in the older versions, and a text that is not quite
 * one is refused with its line. Method: round trips of arbitrary bytes; texts as db_dump 5.3, db_dump185 and mdb_dump
 * write them; one malformed text per rule.
 */
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DUMP_END, formatDatum, formatHeader, readDump } from "../../../hosts/node/cli/support/dump-format.ts"
import { gather, latin1, linesOf, messageOf } from "./input.ts"

const silent = (): void => {}
const bytes = fc.uint8Array({ maxLength: 60 })
const records = fc.array(fc.tuple(bytes, bytes), { maxLength: 20 })

function dumpOf(pairs: [Uint8Array, Uint8Array][], print: boolean): string {
  const data = pairs.flat().map((datum) => formatDatum(datum, print))
  return formatHeader({ print, pagesize: 1024, duplicates: true }) + data.join("") + DUMP_END
}

function read(text: string | Uint8Array, pieceSize?: number) {
  return readDump(linesOf(text, pieceSize), silent)
}

describe("a dump", () => {
  it.each([true, false])("gives back what was written, print %s", (print) => {
    fc.assert(
      fc.property(records, fc.integer({ min: 1, max: 200 }), (pairs, pieceSize) => {
        const source = read(dumpOf(pairs, print), pieceSize)
        expect([...source.records].map(({ key, value }) => [key, value])).toEqual(pairs)
      }),
    )
  })

  it.each([true, false])("of version 1 has no blanks and no end, print %s", (print) => {
    fc.assert(
      fc.property(records, (pairs) => {
        const data = pairs.flat().map((datum) => formatDatum(datum, print).slice(1))
        const text = `format=${print ? "print" : "bytevalue"}\ntype=btree\nHEADER=END\n${data.join("")}`
        expect([...read(text).records].map(({ key, value }) => [key, value])).toEqual(pairs)
      }),
    )
  })

  it("is written as db_dump writes it", () => {
    const pair: [Uint8Array, Uint8Array] = [latin1("a\\b ~"), latin1("\0\x7f\n\xff")]
    expect(dumpOf([pair], true)).toBe(
      "VERSION=3\nformat=print\ntype=btree\ndb_pagesize=1024\nduplicates=1\nHEADER=END\n a\\\\b ~\n \\00\\7f\\0a\\ff\nDATA=END\n",
    )
    expect(dumpOf([pair], false)).toContain("format=bytevalue\n")
    expect(dumpOf([pair], false)).toContain("\n 615c62207e\n 007f0aff\nDATA=END\n")
    expect(formatHeader({ print: false, pagesize: 512, duplicates: false })).not.toContain("duplicates")
  })

  it("may have header lines of other databases, and went through Windows", () => {
    const text =
      "VERSION=3\r\nformat=print\r\ntype=hash\r\nh_ffactor=40\r\nmapsize=1048576\r\ndb_lorder=4321\r\ndb_pagesize=4096\r\nHEADER=END\r\n k\r\n v\r\nDATA=END\r\n"
    const remarks: string[] = []
    const source = readDump(linesOf(text), (remark) => remarks.push(remark))
    expect(remarks).toEqual(["a dump of a hash: the records are put in key order"])
    expect([source.pagesize, source.duplicates, gather(source)]).toEqual([4096, false, [["k", "v"]]])
  })

  it("may have bytes above 0x7f and capital digits", () => {
    expect(gather(read(latin1("format=print\nHEADER=END\nk\xe9\n\\4A\n")))).toEqual([["k\xe9", "J"]])
  })
})

const HEADER = "VERSION=3\nformat=print\nHEADER=END\n"

describe("a text that is no dump", () => {
  it.each([
    ["VERSION=3\n", "line 1: the header ends without HEADER=END"],
    ["VERSION=4\nHEADER=END\n", 'line 1: VERSION="4" is not known'],
    ["VERSION=3\nnonsense\n", 'line 2: not a header line: "nonsense"'],
    ["format=text\nHEADER=END\n", 'line 1: format="text" is neither print nor bytevalue'],
    ["type=recno\nHEADER=END\n", "line 2: type=recno cannot be loaded"],
    ["db_pagesize=big\nHEADER=END\n", 'line 1: db_pagesize="big" is not a number'],
    [`${HEADER} k\n v\n`, "line 5: the input ends without DATA=END: it was cut short"],
    [`${HEADER} k\nDATA=END\n`, "line 5: the last key has no value"],
    [`${HEADER}k\n v\nDATA=END\n`, "line 4: a line of data begins with a blank"],
    [`${HEADER} \\0g\n v\nDATA=END\n`, 'line 4: not a hex digit: "g" at byte 3 of the data'],
    [`${HEADER} k\\\n v\nDATA=END\n`, "line 4: the line ends at byte 3 of the data"],
    [`${HEADER} k\n v\nDATA=END\nVERSION=3\n`, "line 7: something follows DATA=END"],
    ["HEADER=END\nabc\n", "line 2: an odd number of hex digits (3)"],
    ["HEADER=END\nxy\n", 'line 2: not a hex digit: "x" at byte 1 of the data'],
    ["HEADER=END\n6b\n", "line 2: the last key has no value"],
  ])("%j is refused", (text, message) => {
    expect(messageOf(() => gather(read(text)))).toBe(message)
  })
})
