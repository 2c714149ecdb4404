/** `flashtree unpack`: the records of a constant database as text. */
import {
  KEY_KINDS,
  type KeyKind,
  type OpenConstant,
  openConstant,
  PLACE_ARGS,
  withPlace,
} from "./support/constant-file.ts"
import { DUMP_END, formatDatum, formatHeader } from "./support/dump-format.ts"
import { CliError, OK } from "./support/failure.ts"
import { jsonOf } from "./support/json-lines.ts"
import { showKey } from "./support/keys.ts"
import { type Output, outputFile, stdout } from "./support/output.ts"
import { formatPair } from "./support/pairs.ts"
import { Progress } from "./support/progress.ts"
import { decodeText } from "./support/text.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const unpack: Verb = defineVerb({
  name: "unpack",
  description: "Write the records of a constant database as NDJSON, CSV, key/value text or a dump",
  args: {
    file: { type: "positional", required: true, description: "The constant database" },
    format: {
      type: "enum",
      options: ["ndjson", "csv", "text", "dump"],
      default: "ndjson",
      description: "dump: what `flashtree load` and db_load read; text: key TAB value",
    },
    keys: {
      type: "enum",
      options: [...KEY_KINDS],
      description: "How keys are stored; found out when left out",
    },
    output: { type: "string", valueHint: "FILE", description: "Write to a file instead of stdout" },
    ...PLACE_ARGS,
  },
  examples: [
    "unpack zones.cdb --format text",
    "unpack zones.cdb --format dump | flashtree load zones.db",
    "unpack partition.bin --flash --first-block 16 --output zones.ndjson",
  ],
  run({ file, format, keys, output, ...place }) {
    return withPlace(file, place as never, false, (source, range) => {
      const found = openConstant(source, range, keys as KeyKind | undefined)
      const target = output === undefined ? stdout : outputFile(output, file)
      writeAll(target, found, format as Format)
      target.close()
      return OK
    })
  },
})

type Format = "ndjson" | "csv" | "text" | "dump"

function writeAll(target: Output, found: OpenConstant, format: Format): void {
  const progress = new Progress("unpacking")
  if (format === "csv") target.write("key,value\n")
  if (format === "dump") target.write(formatHeader({ print: false, pagesize: 4096, duplicates: false }))
  for (let index = 0; index < found.size; index++) {
    const { key, value } = found.at(index)
    target.write(recordOf(key, value, format))
    progress.update(index + 1, found.size, "records")
  }
  if (format === "dump") target.write(DUMP_END)
  progress.done()
}

function recordOf(key: Uint8Array, value: Uint8Array, format: Format): string {
  if (format === "dump") return formatDatum(key, false) + formatDatum(value, false)
  if (format === "ndjson") return `${JSON.stringify({ key: jsonOf(key), value: jsonOf(value) })}\n`
  const line = format === "text" ? formatPair(key, value) : csvOf(key, value)
  if (line === undefined)
    throw new CliError(
      "EINVAL",
      `the record ${showKey(key)} has no form in ${format}`,
      "--format ndjson takes any bytes",
    )
  return line
}

function csvOf(key: Uint8Array, value: Uint8Array): string | undefined {
  const fields = [decodeText(key), decodeText(value)].map((text) =>
    text !== undefined && /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text,
  )
  return fields.includes(undefined) || fields[0] === "" ? undefined : `${fields.join(",")}\n`
}
