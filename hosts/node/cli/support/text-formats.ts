/** Which of the three text formats an input is in, and reading it. */
import { type CsvColumns, readCsv } from "./csv.ts"
import { looksLikeDump, readDump } from "./dump-format.ts"
import { CliError } from "./failure.ts"
import { readJsonLines } from "./json-lines.ts"
import type { LineReader } from "./lines.ts"
import type { RecordSource } from "./records.ts"

export type TextFormat = "dump" | "csv" | "ndjson"

/**
 * Opens the records of `lines`, in `format` or in what the first line looks like.
 * @throws EINVAL where the input is empty or nothing that can be loaded.
 */
export function openRecords(
  lines: LineReader,
  format: TextFormat | undefined,
  columns: CsvColumns,
  remark: (text: string) => void,
  numbers = false,
): RecordSource {
  const chosen = format ?? detectFormat(lines)
  if (chosen !== "csv" && (columns.key !== undefined || columns.value !== undefined))
    throw new CliError("EINVAL", `--key and --value name columns of CSV; the input is ${chosen}`)
  if (chosen === "dump") return readDump(lines, remark)
  return chosen === "csv" ? readCsv(lines, columns) : readJsonLines(lines, numbers)
}

/** Gives the format the first line speaks for; what begins like neither dump nor JSON is CSV. */
export function detectFormat(lines: LineReader): TextFormat {
  const first = lines.peek()
  if (first === undefined) throw new CliError("EINVAL", "the input is empty")
  const text = Buffer.from(first).toString("latin1").trim()
  if (looksLikeDump(text)) return "dump"
  if (text.startsWith("{")) return "ndjson"
  if (text.startsWith("["))
    throw new CliError(
      "EINVAL",
      "line 1: the input looks like a JSON array",
      "give one object a line: jq -c '.[]'",
    )
  if (text.includes("\0"))
    throw new CliError("EINVAL", "the input is not text", "dump a database before loading it")
  return "csv"
}
