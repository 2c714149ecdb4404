/**
 * The text format of Berkeley DB's db_dump and db_load, both ways. A header of `name=value` lines up to HEADER=END,
 * then keys and values, a line each, in hex or with unprintable bytes as \hh.
 *
 *   version   blank before each line   DATA=END   written by
 *   1         no                       no         db_dump185 (has no VERSION line)
 *   2, 3      yes                      yes        db_dump, mdb_dump, this program (3)
 */
import { type LineReader, withoutReturn } from "./lines.ts"
import type { RecordSource, TextRecord } from "./records.ts"

const BLANK = 0x20
const BACKSLASH = 0x5c
const VERSION_MAX = 3

/** What the header of a dump says of its database. */
export interface DumpHeader {
  version: number
  print: boolean
  type: string
  pagesize?: number
  duplicates: boolean
}

// The text of each byte in the two formats.
const PRINT: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte === BACKSLASH) return "\\\\"
  return byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte.toString(16).padStart(2, "0")}`
})

/** Gives the header lines of a version 3 dump of a btree. */
export function formatHeader(header: { print: boolean; pagesize: number; duplicates: boolean }): string {
  const lines = ["VERSION=3", `format=${header.print ? "print" : "bytevalue"}`, "type=btree"]
  lines.push(`db_pagesize=${header.pagesize}`)
  if (header.duplicates) lines.push("duplicates=1")
  lines.push("HEADER=END", "")
  return lines.join("\n")
}

/** The last line of a version 3 dump. */
export const DUMP_END = "DATA=END\n"

/** Gives the line of a key or a value, blank and line feed included. */
export function formatDatum(bytes: Uint8Array, print: boolean): string {
  if (!print) return ` ${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")}\n`
  let text = " "
  for (const byte of bytes) text += PRINT[byte]
  return `${text}\n`
}

/** Tells whether `line` can be the first of a dump. */
export function looksLikeDump(line: string): boolean {
  return /^(VERSION|format|type|HEADER)=/.test(line)
}

/**
 * Reads the header now and the records as they are asked for. `remark` is told what a person should know.
 * @throws EINVAL naming the line, here and while the records are read.
 */
export function readDump(lines: LineReader, remark: (text: string) => void): RecordSource {
  const header = readHeader(lines)
  if (header.type === "hash") remark("a dump of a hash: the records are put in key order")
  else if (header.type !== "btree")
    throw lines.malformed(`type=${header.type} cannot be loaded`, "only btree and hash dumps have keys")
  const { duplicates, pagesize } = header
  const records = readRecords(lines, header)
  return pagesize === undefined ? { duplicates, records } : { duplicates, pagesize, records }
}

function readHeader(lines: LineReader): DumpHeader {
  const header: DumpHeader = { version: 1, print: false, type: "btree", duplicates: false }
  for (;;) {
    const line = textOf(lines.next())
    if (line === undefined) throw lines.malformed("the header ends without HEADER=END")
    if (line === "HEADER=END") return header
    const equals = line.indexOf("=")
    if (equals <= 0) throw lines.malformed(`not a header line: ${excerpt(line)}`)
    readField(lines, header, line.slice(0, equals), line.slice(equals + 1))
  }
}

// Fields not named here tune other databases (h_ffactor, bt_minkey, db_lorder, mapsize ...): ignored.
function readField(lines: LineReader, header: DumpHeader, name: string, value: string): void {
  if (name === "VERSION") {
    header.version = Number(value)
    if (!(Number.isInteger(header.version) && header.version >= 1 && header.version <= VERSION_MAX))
      throw lines.malformed(`VERSION=${excerpt(value)} is not known`, "versions 1 to 3 can be loaded")
  } else if (name === "format") {
    if (value !== "print" && value !== "bytevalue")
      throw lines.malformed(`format=${excerpt(value)} is neither print nor bytevalue`)
    header.print = value === "print"
  } else if (name === "type") header.type = value
  else if (name === "duplicates") header.duplicates = value === "1"
  else if (name === "db_pagesize") {
    if (!/^\d{1,9}$/.test(value)) throw lines.malformed(`db_pagesize=${excerpt(value)} is not a number`)
    header.pagesize = Number(value)
  }
}

function* readRecords(lines: LineReader, header: DumpHeader): Generator<TextRecord> {
  for (;;) {
    const key = readDatum(lines, header)
    if (key === undefined) break
    const value = readDatum(lines, header)
    if (value === undefined) throw lines.malformed("the last key has no value")
    yield { key, value }
  }
  const after = textOf(lines.next())
  if (after !== undefined && after !== "")
    throw lines.malformed("something follows DATA=END", "load the databases of a dump one by one")
}

// Undefined after the last datum: at DATA=END, or at the end of a version 1 dump.
function readDatum(lines: LineReader, header: DumpHeader): Uint8Array | undefined {
  const raw = lines.next()
  if (raw === undefined) {
    if (header.version === 1) return undefined
    throw lines.malformed("the input ends without DATA=END: it was cut short")
  }
  let line = withoutReturn(raw)
  if (header.version > 1) {
    if (line[0] !== BLANK) {
      if (textOf(line) === "DATA=END") return undefined
      throw lines.malformed("a line of data begins with a blank")
    }
    line = line.subarray(1)
  }
  return header.print ? decodePrint(lines, line) : decodeHex(lines, line)
}

function decodeHex(lines: LineReader, line: Uint8Array): Uint8Array {
  if (line.length % 2 !== 0) throw lines.malformed(`an odd number of hex digits (${line.length})`)
  const bytes = new Uint8Array(line.length / 2)
  for (let index = 0; index < bytes.length; index++)
    bytes[index] = (digit(lines, line, index * 2) << 4) | digit(lines, line, index * 2 + 1)
  return bytes
}

function decodePrint(lines: LineReader, line: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(line.length)
  let size = 0
  for (let at = 0; at < line.length; at++) {
    if (line[at] !== BACKSLASH) bytes[size++] = line[at]
    else if (line[at + 1] === BACKSLASH) {
      bytes[size++] = BACKSLASH
      at++
    } else {
      bytes[size++] = (digit(lines, line, at + 1) << 4) | digit(lines, line, at + 2)
      at += 2
    }
  }
  return bytes.slice(0, size)
}

function digit(lines: LineReader, line: Uint8Array, at: number): number {
  const code = at < line.length ? line[at] : 0
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  if (letter >= 0x61 && letter <= 0x66) return letter - 0x57
  const found = at < line.length ? `not a hex digit: ${excerpt(String.fromCharCode(code))}` : "the line ends"
  throw lines.malformed(`${found} at byte ${at + 1} of the data`)
}

function textOf(line: Uint8Array | undefined): string | undefined {
  return line && Buffer.from(withoutReturn(line)).toString("latin1")
}

function excerpt(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}...` : text)
}
