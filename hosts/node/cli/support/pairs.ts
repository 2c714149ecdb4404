/** Key/value text: a line a record, `key<TAB>value` or `key=value`; blank lines and those that begin with # are passed over. */
import { type LineReader, withoutReturn } from "./lines.ts"
import type { RecordSource, TextRecord } from "./records.ts"
import { decodeText, encodeText } from "./text.ts"

/** Gives where the key of a line ends: at the first tab, or where there is none at the first "="; -1 where there is neither. */
function separatorOf(text: string): number {
  const tab = text.indexOf("\t")
  return tab >= 0 ? tab : text.indexOf("=")
}

/** Tells whether `line` can be a record, and not the head of CSV. */
export function looksLikePairs(line: string): boolean {
  return line.startsWith("#") || line.includes("\t") || (line.includes("=") && !line.includes(","))
}

/** Reads the records as they are asked for. @throws EINVAL naming the line */
export function readPairs(lines: LineReader): RecordSource {
  return { records: recordsOf(lines) }
}

function* recordsOf(lines: LineReader): Generator<TextRecord> {
  for (let line = lines.next(); line !== undefined; line = lines.next()) {
    const text = decodeText(withoutReturn(line))
    if (text === undefined) throw lines.malformed("not UTF-8")
    if (text.trim() === "" || text.startsWith("#")) continue
    const end = separatorOf(text)
    if (end < 0) throw lines.malformed("neither a tab nor = between a key and its value")
    // Decoded text has no lone surrogate.
    yield {
      key: encodeText(text.slice(0, end)) as Uint8Array,
      value: encodeText(text.slice(end + 1)) as Uint8Array,
    }
  }
}

/** Gives the line of a record, or undefined where it would not be read back as it is. */
export function formatPair(key: Uint8Array, value: Uint8Array): string | undefined {
  const [name, text] = [decodeText(key), decodeText(value)]
  if (name === undefined || text === undefined || /[\t\r\n]/.test(name) || /[\r\n]/.test(text))
    return undefined
  return name.startsWith("#") || name.trim() === "" ? undefined : `${name}\t${text}\n`
}
