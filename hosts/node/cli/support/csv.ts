/**
 * CSV as in RFC 4180: a header line, commas, fields in double quotes where they hold commas, quotes or line ends.
 * One column is the key; the value is one other column's text, or all other columns as a JSON object.
 */
import { CliError } from "./failure.ts"
import type { LineReader } from "./lines.ts"
import type { RecordSource, TextRecord } from "./records.ts"
import { decodeText, encodeText } from "./text.ts"

/** Which columns become key and value. */
export interface CsvColumns {
  /** Column of the key; a column called `key` when left out. */
  key?: string | undefined
  /** Column of the value; all others as a JSON object when left out. */
  value?: string | undefined
}

/** Reads the header line now and the records as they are asked for. @throws EINVAL naming the line. */
export function readCsv(lines: LineReader, columns: CsvColumns): RecordSource {
  const header = readRow(lines)
  if (header === undefined)
    throw new CliError("EINVAL", "the input is empty", "CSV begins with a header line")
  const twice = header.find((name, index) => header.indexOf(name) !== index)
  if (twice !== undefined) throw lines.malformed(`two columns are called ${JSON.stringify(twice)}`)
  const keyIndex = columnIndex(header, columns.key ?? "key", "--key")
  const valueIndex = columns.value === undefined ? -1 : columnIndex(header, columns.value, "--value")
  return { records: readRecords(lines, header, keyIndex, valueIndex) }
}

function columnIndex(header: string[], name: string, option: string): number {
  const index = header.indexOf(name)
  if (index >= 0) return index
  const hint = `choose one with ${option}: ${header.join(", ")}`
  throw new CliError("EINVAL", `the CSV has no column ${JSON.stringify(name)}`, hint)
}

function* readRecords(
  lines: LineReader,
  header: string[],
  keyIndex: number,
  valueIndex: number,
): Generator<TextRecord> {
  for (let row = readRow(lines); row !== undefined; row = readRow(lines)) {
    if (row.length === 1 && row[0] === "" && header.length > 1) continue
    if (row.length !== header.length)
      throw lines.malformed(`${row.length} fields where the header has ${header.length}`)
    if (row[keyIndex] === "") throw lines.malformed(`the key column ${header[keyIndex]} is empty`)
    const text = valueIndex >= 0 ? row[valueIndex] : objectOf(header, row, keyIndex)
    yield { key: bytesOf(row[keyIndex]), value: bytesOf(text) }
  }
}

// Built as text: an object would put columns called 1, 2, 3 first and lose one called __proto__.
function objectOf(header: string[], row: string[], keyIndex: number): string {
  const members: string[] = []
  for (let index = 0; index < row.length; index++)
    if (index !== keyIndex) members.push(`${JSON.stringify(header[index])}:${JSON.stringify(row[index])}`)
  return `{${members.join(",")}}`
}

// Text decoded from UTF-8 holds no lone surrogate.
function bytesOf(text: string): Uint8Array {
  return encodeText(text) as Uint8Array
}

/** Gives the fields of the next row, which may span lines; undefined at the end of the input. */
export function readRow(lines: LineReader): string[] | undefined {
  let line = readText(lines)
  if (line === undefined) return undefined
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (line[at] === '"') {
      let text = ""
      let close = closingQuote(line, at + 1)
      while (close < 0) {
        text += `${line.slice(at + 1)}\n`
        const more = readText(lines)
        if (more === undefined) throw lines.malformed("the input ends inside a quoted field")
        line = more
        at = -1
        close = closingQuote(line, 0)
      }
      fields.push((text + line.slice(at + 1, close)).replaceAll('""', '"'))
      at = close + 1
    } else {
      const comma = line.indexOf(",", at)
      const end: number = comma >= 0 ? comma : withoutReturn(line).length
      if (line.slice(at, end).includes('"')) throw lines.malformed("a quote inside a field without quotes")
      fields.push(line.slice(at, Math.max(at, end)))
      at = end
    }
    if (at >= withoutReturn(line).length) return fields
    if (line[at] !== ",") throw lines.malformed("something follows the closing quote of a field")
    at++
  }
}

// Gives the offset of the quote that ends the field, -1 where the field goes on in the next line.
function closingQuote(line: string, from: number): number {
  for (let at = line.indexOf('"', from); at >= 0; at = line.indexOf('"', at + 2))
    if (line[at + 1] !== '"') return at
  return -1
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line
}

function readText(lines: LineReader): string | undefined {
  const line = lines.next()
  if (line === undefined) return undefined
  const text = decodeText(line)
  if (text === undefined) throw lines.malformed("not UTF-8")
  return text
}
