/** `flashtree dump`: all records as text, in db_dump's format or NDJSON. */
import { type Finding, readTree, type Tree } from "./support/database.ts"
import { DUMP_END, formatDatum, formatHeader } from "./support/dump-format.ts"
import { CliError, NOT_FOUND, note, OK } from "./support/failure.ts"
import { jsonOf } from "./support/json-lines.ts"
import { parseBound } from "./support/keys.ts"
import { type Output, outputFile, stdout } from "./support/output.ts"
import { walk } from "./support/range.ts"
import { openRaw } from "./support/raw-file.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const dump: Verb = defineVerb({
  name: "dump",
  description: "Write all records as text: Berkeley DB's db_dump format, or NDJSON",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    printable: { type: "boolean", description: "Printable characters as they are, as db_dump -p does" },
    json: { type: "boolean", description: 'A line {"key": ..., "value": ...} a record' },
    start: { type: "string", valueHint: "KEY", description: "First key" },
    end: { type: "string", valueHint: "KEY", description: "Stop before this key" },
    salvage: { type: "boolean", description: "Of a damaged file: whatever can be read, in any order" },
    output: { type: "string", valueHint: "FILE", description: "Write to a file instead of stdout" },
  },
  examples: [
    "dump settings.db --printable",
    "dump settings.db | db_load copy.db",
    "dump damaged.db --salvage | flashtree load mended.db",
    "dump log.db --json --start 2026-11-01 --end 2026-12-01 --output november.ndjson",
  ],
  run({ file, printable, json, start, end, salvage, output }) {
    const range = { start: parseBound(start), end: parseBound(end) }
    if (salvage && (start !== undefined || end !== undefined)) {
      throw new CliError("EINVAL", "--salvage takes no --start or --end: a damaged file has no order")
    }
    return readTree(file, (tree) => {
      const target = output === undefined ? stdout : outputFile(output, file)
      const format: Format = json ? "json" : printable ? "print" : "bytevalue"
      if (format !== "json")
        target.write(formatHeader({ print: format === "print", ...headerOf(file, tree) }))
      let lost = 0
      if (salvage) lost = reportLost(tree.salvage((key, value) => writeRecord(target, format, key, value)))
      else
        walk(tree, range, (cursor) => {
          writeRecord(target, format, cursor.key(), cursor.value())
          return true
        })
      if (format !== "json") target.write(DUMP_END)
      target.close()
      return lost > 0 ? NOT_FOUND : OK
    })
  },
})

type Format = "json" | "print" | "bytevalue"

function writeRecord(target: Output, format: Format, key: Uint8Array, value: Uint8Array): void {
  if (format === "json") {
    target.line(JSON.stringify({ key: jsonOf(key), value: jsonOf(value) }))
  } else {
    target.write(formatDatum(key, format === "print"))
    target.write(formatDatum(value, format === "print"))
  }
}

/** Says on stderr what could not be read, and gives how many places that are. */
function reportLost(findings: Finding[]): number {
  for (const { page, offset, message } of findings)
    note(`left out: page ${page} offset ${offset}: ${message}`)
  return findings.length
}

// From the meta page: stat() would visit every page first. An empty file has none.
function headerOf(file: string, tree: Tree): { pagesize: number; duplicates: boolean } {
  const raw = openRaw(file)
  raw?.close()
  return raw ?? tree.stat()
}
