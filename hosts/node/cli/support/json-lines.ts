/**
 * NDJSON: a line `{"key": ..., "value": ...}` a record. A key or value is a string where its bytes are UTF-8, else
 * `{"base64": "..."}`. When loading, any other JSON value is stored as its own text, exactly as written.
 */
import type { LineReader } from "./lines.ts"
import type { RecordSource, TextRecord } from "./records.ts"
import { decodeText, encodeText, fromBase64, toBase64 } from "./text.ts"

/** Gives what JSON.stringify should be handed for `bytes`. */
export function jsonOf(bytes: Uint8Array): string | { base64: string } {
  return decodeText(bytes) ?? { base64: toBase64(bytes) }
}

/** Reads records as they are asked for; with `numbers` a key may be a number, which counts as its text. @throws EINVAL naming the line. */
export function readJsonLines(lines: LineReader, numbers = false): RecordSource {
  return { records: readRecords(lines, numbers) }
}

function* readRecords(lines: LineReader, numbers: boolean): Generator<TextRecord> {
  for (;;) {
    const line = lines.next()
    if (line === undefined) return
    const text = decodeText(line)
    if (text === undefined) throw lines.malformed("not UTF-8")
    if (text.trim() !== "") yield readRecord(lines, text, numbers)
  }
}

function readRecord(lines: LineReader, text: string, numbers: boolean): TextRecord {
  const record = parse(lines, text)
  if (!isObject(record)) throw lines.malformed('expected an object {"key": ..., "value": ...}')
  for (const name of ["key", "value"])
    if (!Object.hasOwn(record, name)) throw lines.malformed(`the object has no "${name}"`)
  const isNumber = numbers && typeof record.key === "number"
  const key = isNumber ? encodeText(memberText(text, "key")) : bytesOf(lines, record.key, "key")
  if (key === undefined) throw lines.malformed('"key" is neither text nor {"base64": "..."}')
  const value = bytesOf(lines, record.value, "value") ?? encodeText(memberText(text, "value"))
  if (value === undefined) throw lines.malformed('"value" holds a lone surrogate')
  return { key, value }
}

function parse(lines: LineReader, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw lines.malformed(`not JSON: ${(error as Error).message}`, "every line is one JSON object")
  }
}

// Undefined: neither a string nor {"base64": string}.
function bytesOf(lines: LineReader, json: unknown, name: string): Uint8Array | undefined {
  if (typeof json === "string") {
    const bytes = encodeText(json)
    if (bytes === undefined) throw lines.malformed(`"${name}" holds a lone surrogate`)
    return bytes
  }
  if (!isObject(json) || Object.keys(json).length !== 1 || typeof json.base64 !== "string") return undefined
  const bytes = fromBase64(json.base64)
  if (bytes === undefined) throw lines.malformed(`"${name}" is not base64`)
  return bytes
}

function isObject(json: unknown): json is Record<string, unknown> {
  return typeof json === "object" && json !== null && !Array.isArray(json)
}

/**
 * Gives the text of the member `name` of the object in `text`, which JSON.parse has accepted. Its text and not
 * JSON.stringify of its value: 12345678901234567890 would come back as another number. Of equal names the last
 * counts, as in JSON.parse.
 */
export function memberText(text: string, name: string): string {
  let found = ""
  let at = skipBlanks(text, text.indexOf("{") + 1)
  while (text[at] !== "}") {
    const nameEnd = stringEnd(text, at)
    const start = skipBlanks(text, text.indexOf(":", nameEnd) + 1)
    const end = valueEnd(text, start)
    if (JSON.parse(text.slice(at, nameEnd)) === name) found = text.slice(start, end).trimEnd()
    at = text[end] === "," ? skipBlanks(text, end + 1) : end
  }
  return found
}

function skipBlanks(text: string, at: number): number {
  while (at < text.length && " \t\r\n".includes(text[at])) at++
  return at
}

function stringEnd(text: string, at: number): number {
  let end = at + 1
  while (text[end] !== '"') end += text[end] === "\\" ? 2 : 1
  return end + 1
}

// Gives the offset of the comma or brace after the value that starts at `at`.
function valueEnd(text: string, at: number): number {
  let depth = 0
  while (depth > 0 || (text[at] !== "," && text[at] !== "}")) {
    if (text[at] === '"') at = stringEnd(text, at)
    else {
      if (text[at] === "{" || text[at] === "[") depth++
      else if (text[at] === "}" || text[at] === "]") depth--
      at++
    }
  }
  return at
}
