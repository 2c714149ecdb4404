/** `flashtree load`: puts the records of a text into a database. */
import { fstatSync, statSync } from "node:fs"
import { isFlashtreeError } from "../../../src/errors.ts"
import { btree } from "../../../src/index.ts"
import { parseCount } from "./support/arguments.ts"
import { type CreateOptions, createTree, type Tree } from "./support/database.ts"
import { writeStderr } from "./support/descriptor.ts"
import { CliError, describe, note, OK } from "./support/failure.ts"
import { hasContents } from "./support/files.ts"
import { type Input, LineReader, openInput } from "./support/lines.ts"
import { Progress } from "./support/progress.ts"
import { isPagesize, openRaw } from "./support/raw-file.ts"
import type { RecordSource, TextRecord } from "./support/records.ts"
import { openRecords, type TextFormat } from "./support/text-formats.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const load: Verb = defineVerb({
  name: "load",
  description: "Put the records of a text into a database: db_dump's format, CSV or NDJSON",
  args: {
    file: { type: "positional", required: true, description: "The database, created where there is none" },
    in: { type: "positional", required: false, description: "The text; stdin when left out or -" },
    format: { type: "enum", options: ["dump", "csv", "ndjson"], description: "Found out when left out" },
    key: { type: "string", valueHint: "COLUMN", description: "CSV: column of the key (default: key)" },
    value: {
      type: "string",
      valueHint: "COLUMN",
      description: "CSV: column of the value (default: all others, as JSON)",
    },
    pagesize: {
      type: "string",
      valueHint: "N",
      description: "Of a new database (default: the dump's, or 4096)",
    },
    duplicates: {
      type: "boolean",
      description: "A new database may hold equal keys (default: as the dump's)",
    },
    checksums: { type: "boolean", description: "A check on every page written" },
    overwrite: {
      type: "boolean",
      default: true,
      description: "Replace the value of a key that is there",
      negativeDescription: "Keep the value of a key that is there",
    },
    batch: { type: "string", valueHint: "N", default: "1000", description: "Flush after so many records" },
  },
  examples: [
    "load settings.db settings.dump",
    "load cities.db cities.csv --key name",
    "dump old.db | flashtree load new.db --pagesize 1024",
  ],
  run(args) {
    const batch = parseCount("--batch", args.batch, 1) as number
    const pagesize = parseCount("--pagesize", args.pagesize, 1)
    const input = openInput(args.in)
    try {
      refuseOwnInput(input, args.file)
      const lines = new LineReader(input.read)
      const columns = { key: args.key, value: args.value }
      const source = openRecords(lines, args.format as TextFormat | undefined, columns, note)
      const options = optionsFor(args.file, source, { pagesize, duplicates: args.duplicates })
      if (args.checksums) options.checksums = true
      const flags = args.overwrite ? 0 : btree.R_NOOVERWRITE
      createTree(args.file, options, (tree) => {
        putAll(tree, source.records, { lines, batch, flags, size: sizeOf(input) })
      })
    } finally {
      input.close()
    }
    return OK
  },
})

interface Asked {
  pagesize: number | undefined
  duplicates: boolean | undefined
}

interface Pace {
  lines: LineReader
  batch: number
  flags: number
  /** Of the input in bytes, 0 where not known. */
  size: number
}

function putAll(tree: Tree, records: Iterable<TextRecord>, { lines, batch, flags, size }: Pace): void {
  const progress = new Progress("loading")
  let read = 0
  let loaded = 0
  try {
    for (const { key, value } of records) {
      if (put(tree, key, value, flags, lines.number)) loaded++
      if (++read % batch === 0) tree.flush()
      progress.update(lines.position, size, "bytes")
    }
  } catch (error) {
    progress.done()
    // A malformed line says nothing against the records before it; a failed write poisoned the tree.
    if (error instanceof CliError) {
      tree.flush()
      if (loaded > 0) note(`${loaded} records were loaded before the error`)
    }
    throw error
  }
  tree.flush()
  progress.done()
  const kept = read > loaded ? `, kept ${read - loaded}` : ""
  writeStderr(`loaded ${loaded} records${kept}\n`)
}

function put(tree: Tree, key: Uint8Array, value: Uint8Array, flags: number, line: number): boolean {
  try {
    return tree.put(key, value, flags)
  } catch (error) {
    if (!isFlashtreeError(error) || error.code !== "EINVAL") throw error
    throw new CliError("EINVAL", `line ${line}: ${describe(error).message}`)
  }
}

// What is asked for on the command line goes before what the dump's header says.
function optionsFor(file: string, source: RecordSource, asked: Asked): CreateOptions {
  const duplicates = asked.duplicates ?? source.duplicates
  const existing = hasContents(file) ? openRaw(file) : undefined
  if (existing !== undefined) {
    existing.close()
    if (asked.pagesize !== undefined)
      note(`${file} exists and keeps its page size of ${existing.pagesize} bytes`)
    // Without this, of equal keys in the dump all but the last would be lost without a word.
    if (duplicates && !existing.duplicates)
      throw new CliError(
        "EINVAL",
        `${file} exists and does not allow duplicates`,
        "load into a new file, or give --no-duplicates to keep the last of equal keys",
      )
    return {}
  }
  const options: CreateOptions = {}
  const pagesize = asked.pagesize ?? usable(source.pagesize)
  if (pagesize !== undefined) options.pagesize = pagesize
  if (duplicates !== undefined) options.duplicates = duplicates
  return options
}

// A dump of another kind of database may name a page size that a btree file cannot have.
function usable(pagesize: number | undefined): number | undefined {
  return pagesize !== undefined && isPagesize(pagesize) ? pagesize : undefined
}

function refuseOwnInput(input: Input, file: string): void {
  const text = fstatSync(input.fd)
  const database = statSync(file, { throwIfNoEntry: false })
  if (database !== undefined && text.ino === database.ino && text.dev === database.dev)
    throw new CliError("EINVAL", "IN is the database itself")
}

function sizeOf(input: Input): number {
  const found = fstatSync(input.fd)
  return found.isFile() ? found.size : 0
}
