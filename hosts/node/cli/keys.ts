/** `flashtree keys`: the keys of a range, one a line. */
import { parseCount } from "./support/arguments.ts"
import { type Cursor, readTree } from "./support/database.ts"
import { OK } from "./support/failure.ts"
import { jsonOf } from "./support/json-lines.ts"
import { parseBound, showKey } from "./support/keys.ts"
import { stdout } from "./support/output.ts"
import { walk } from "./support/range.ts"
import { toHex } from "./support/text.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const keys: Verb = defineVerb({
  name: "keys",
  description:
    "List keys in order, one a line; where a key is not plain text, as hex:..., which every verb takes",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    start: { type: "string", valueHint: "KEY", description: "First key" },
    end: { type: "string", valueHint: "KEY", description: "Stop before this key" },
    inclusive: { type: "boolean", description: "Stop after the key of --end instead" },
    desc: { type: "boolean", description: "The same keys, last one first" },
    limit: { type: "string", valueHint: "N", description: "At most so many" },
    values: { type: "boolean", description: "A tab and the value behind each key" },
    hex: { type: "boolean", description: "Everything in hex digits" },
    json: { type: "boolean", description: "A JSON object a line" },
  },
  examples: [
    "keys settings.db",
    "keys settings.db --start wifi. --end wifi/ --values",
    "keys log.db --desc --limit 10",
  ],
  run(args) {
    const limit = parseCount("--limit", args.limit) ?? Number.POSITIVE_INFINITY
    const range = {
      start: parseBound(args.start),
      end: parseBound(args.end),
      inclusive: args.inclusive,
      descending: args.desc,
    }
    const show = args.json ? jsonLine : args.hex ? hexLine : textLine
    let count = 0
    readTree(args.file, (tree) => {
      if (limit > 0)
        walk(tree, range, (cursor) => {
          stdout.line(show(cursor, args.values === true))
          return ++count < limit
        })
    })
    return OK
  },
})

function textLine(cursor: Cursor, values: boolean): string {
  const key = showKey(cursor.key())
  return values ? `${key}\t${showKey(cursor.value())}` : key
}

function hexLine(cursor: Cursor, values: boolean): string {
  const key = toHex(cursor.key())
  return values ? `${key}\t${toHex(cursor.value())}` : key
}

function jsonLine(cursor: Cursor, values: boolean): string {
  const key = jsonOf(cursor.key())
  return JSON.stringify(values ? { key, value: jsonOf(cursor.value()) } : { key })
}
