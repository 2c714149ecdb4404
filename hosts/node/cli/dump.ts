/** `flashtree dump`: all records as text, in db_dump's format or NDJSON. */
import { type Cursor, readTree, type Tree } from "./support/database.ts"
import { DUMP_END, formatDatum, formatHeader } from "./support/dump-format.ts"
import { OK } from "./support/failure.ts"
import { jsonOf } from "./support/json-lines.ts"
import { parseBound } from "./support/keys.ts"
import { type Output, outputFile, stdout } from "./support/output.ts"
import { type Range, walk } from "./support/range.ts"
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
    output: { type: "string", valueHint: "FILE", description: "Write to a file instead of stdout" },
  },
  examples: [
    "dump settings.db --printable",
    "dump settings.db | db_load copy.db",
    "dump log.db --json --start 2026-11-01 --end 2026-12-01 --output november.ndjson",
  ],
  run({ file, printable, json, start, end, output }) {
    const range = { start: parseBound(start), end: parseBound(end) }
    readTree(file, (tree) => {
      const target = output === undefined ? stdout : outputFile(output, file)
      if (json) writeJson(tree, range, target)
      else writeDump(file, tree, range, target, printable === true)
      target.close()
    })
    return OK
  },
})

function writeJson(tree: Tree, range: Range, target: Output): void {
  walk(tree, range, (cursor) => {
    target.line(jsonLine(cursor))
    return true
  })
}

function jsonLine(cursor: Cursor): string {
  return JSON.stringify({ key: jsonOf(cursor.key()), value: jsonOf(cursor.value()) })
}

function writeDump(file: string, tree: Tree, range: Range, target: Output, print: boolean): void {
  target.write(formatHeader({ print, ...headerOf(file, tree) }))
  walk(tree, range, (cursor) => {
    target.write(formatDatum(cursor.key(), print))
    target.write(formatDatum(cursor.value(), print))
    return true
  })
  target.write(DUMP_END)
}

// From the meta page: stat() would visit every page first. An empty file has none.
function headerOf(file: string, tree: Tree): { pagesize: number; duplicates: boolean } {
  const raw = openRaw(file)
  raw?.close()
  return raw ?? tree.stat()
}
