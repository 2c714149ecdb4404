/** `flashtree pack`: makes a constant database of the records of a text or of another database. */
import { closeSync, fstatSync, openSync, readSync, statSync, unlinkSync } from "node:fs"
import { constant } from "../../../src/index.ts"
import { parseCount } from "./support/arguments.ts"
import {
  KEY_KINDS,
  type KeyKind,
  keyFor,
  keyTypeOf,
  openConstant,
  PLACE_ARGS,
  withPlace,
} from "./support/constant-file.ts"
import { readTree } from "./support/database.ts"
import { writeStderr } from "./support/descriptor.ts"
import { CliError, note, OK } from "./support/failure.ts"
import { fileExists, hasContents } from "./support/files.ts"
import { showKey } from "./support/keys.ts"
import { LineReader, openInput } from "./support/lines.ts"
import { looksLikePairs, readPairs } from "./support/pairs.ts"
import { Progress } from "./support/progress.ts"
import { walk } from "./support/range.ts"
import { openRecords, type TextFormat } from "./support/text-formats.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const pack: Verb = defineVerb({
  name: "pack",
  description: "Make a constant database (stx-cbtreedb) of CSV, NDJSON, key/value text, a dump or a database",
  args: {
    file: {
      type: "positional",
      required: true,
      description: "The constant database; what is there is replaced",
    },
    in: { type: "positional", required: false, description: "The records; stdin when left out or -" },
    format: {
      type: "enum",
      options: ["csv", "ndjson", "text", "dump", "database"],
      description: "Found out when left out; text: key TAB value, or key=value, a line",
    },
    key: { type: "string", valueHint: "COLUMN", description: "CSV: column of the key (default: key)" },
    value: {
      type: "string",
      valueHint: "COLUMN",
      description: "CSV: column of the value (default: all others, as JSON)",
    },
    keys: { type: "enum", options: [...KEY_KINDS], default: "names", description: "How keys are stored" },
    pagesize: { type: "string", valueHint: "N", description: "Bytes of a page (default: 1024)" },
    signature: { type: "string", valueHint: "TEXT", description: "First 8 bytes (default: cbtreedb)" },
    "app-version": {
      type: "string",
      valueHint: "N",
      description: "Version of what the values are (default: 0)",
    },
    ...PLACE_ARGS,
  },
  examples: [
    "pack zones.cdb zones.csv --key zone --value tz",
    "pack readings.cdb readings.ndjson --keys uint32 --pagesize 256",
    "pack defaults.cdb settings.db",
    "pack partition.bin zones.tsv --flash --first-block 16",
  ],
  run(args) {
    const kind = args.keys as KeyKind
    const options = {
      ...given("pagesize", parseCount("--pagesize", args.pagesize, 1)),
      ...given("signature", args.signature),
      ...given("appVersion", parseCount("--app-version", args["app-version"])),
    }
    const records = readAllRecords(args.in, args.file, args)
    const writer = writerFor(kind, options, records)
    const isNew = !args.flash && !fileExists(args.file)
    const progress = new Progress("packing")
    try {
      withPlace(args.file, args as never, true, (target, range) =>
        writer.write(target, range, (done, total) => progress.update(done, total, "records")),
      )
    } catch (error) {
      if (isNew && statSync(args.file, { throwIfNoEntry: false })?.size === 0) unlinkSync(args.file)
      throw error
    } finally {
      progress.done()
    }
    writeStderr(`packed ${records.size} records\n`)
    return OK
  },
})

function given<T>(name: string, value: T | undefined): Record<string, T> {
  return value === undefined ? {} : { [name]: value }
}

/** Key bytes, a char code each -> record, with the line it came from. */
type Records = Map<string, { key: Uint8Array; value: Uint8Array; line: number }>

interface Asked {
  format: string | undefined
  key: string | undefined
  value: string | undefined
  keys: string
}

function readAllRecords(path: string | undefined, target: string, asked: Asked): Records {
  const records: Records = new Map()
  const add = (key: Uint8Array, value: Uint8Array, line: number): void => {
    const text = Buffer.from(key).toString("latin1")
    const before = records.get(text)
    if (before !== undefined)
      throw new CliError(
        "EINVAL",
        `the key ${showKey(key)} is there twice, in records ${before.line} and ${line}`,
      )
    records.set(text, { key: key.slice(), value: value.slice(), line })
  }
  if (path !== undefined && path !== "-") refuseOwnInput(path, target)
  if (asked.format === "database" || (asked.format === undefined && isDatabase(path))) readDatabase(path, add)
  else readText(path, asked, add)
  return records
}

function readText(
  path: string | undefined,
  asked: Asked,
  add: (...record: [Uint8Array, Uint8Array, number]) => void,
): void {
  const input = openInput(path)
  const progress = new Progress("reading")
  try {
    const lines = new LineReader(input.read)
    const first = Buffer.from(lines.peek() ?? []).toString("latin1")
    const isText =
      asked.format === "text" ||
      (asked.format === undefined && looksLikePairs(first) && !/^\s*\{/.test(first))
    const isDump = asked.format === undefined && /^(VERSION|format|type|HEADER)=/.test(first)
    const source =
      isText && !isDump
        ? readPairs(lines)
        : openRecords(
            lines,
            asked.format as TextFormat | undefined,
            { key: asked.key, value: asked.value },
            note,
            /^uint/.test(asked.keys),
          )
    const size = sizeOf(input.fd)
    for (const { key, value } of source.records) {
      add(key, value, lines.number)
      progress.update(lines.position, size, "bytes")
    }
  } finally {
    progress.done()
    input.close()
  }
}

function sizeOf(fd: number): number {
  const found = fstatSync(fd)
  return found.isFile() ? found.size : 0
}

function readDatabase(
  path: string | undefined,
  add: (...record: [Uint8Array, Uint8Array, number]) => void,
): void {
  if (path === undefined || path === "-") throw new CliError("EINVAL", "a database cannot be read from stdin")
  let count = 0
  if (isConstant(path))
    withPlace(path, {} as never, false, (source, range) => {
      const from = openConstant(source, range, undefined)
      for (let i = 0; i < from.size; i++) add(from.at(i).key, from.at(i).value, ++count)
    })
  else
    readTree(path, (tree) =>
      walk(tree, {}, (cursor) => {
        add(cursor.key(), cursor.value(), ++count)
        return true
      }),
    )
}

/** Tells by its first bytes whether a file is a database of either kind. */
function isDatabase(path: string | undefined): boolean {
  if (path === undefined || path === "-" || !hasContents(path)) return false
  const magic = firstBytes(path).readUInt32LE(0)
  return magic === 0x00053162 || magic === 0x62310500 || isConstant(path)
}

function isConstant(path: string): boolean {
  return firstBytes(path).readUInt32LE(12) === 0x00010000
}

function firstBytes(path: string): Buffer {
  const bytes = Buffer.alloc(16)
  const fd = openSync(path, "r")
  readSync(fd, bytes, 0, 16, 0)
  closeSync(fd)
  return bytes
}

function refuseOwnInput(path: string, target: string): void {
  const [from, to] = [statSync(path, { throwIfNoEntry: false }), statSync(target, { throwIfNoEntry: false })]
  if (from !== undefined && to !== undefined && from.ino === to.ino && from.dev === to.dev)
    throw new CliError("EINVAL", "IN is the file that is to be made")
}

function writerFor(
  kind: KeyKind,
  options: object,
  records: Records,
): constant.TableWriter | constant.Writer<never> {
  if (kind === "names") {
    const writer = new constant.TableWriter(options)
    for (const { key, value } of records.values()) writer.add(key, value)
    return writer
  }
  const size = [...records.values()][0]?.key.length ?? 1
  const writer = new constant.Writer<never>({ ...options, key: keyTypeOf(kind, size) })
  for (const { key, value, line } of records.values()) writer.add(keyFor(kind, key, line) as never, value)
  return writer
}
