/** `flashtree put`: stores one record. */
import { createTree } from "./support/database.ts"
import { OK } from "./support/failure.ts"
import { parseHexOption, parseKey } from "./support/keys.ts"
import { openInput, readAll } from "./support/lines.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const put: Verb = defineVerb({
  name: "put",
  description:
    "Store a value under a key, replacing what was there; creates the database where there is none",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    key: { type: "positional", required: true, description: "Text, hex:6b6579, base64:a2V5 or text:..." },
    value: { type: "positional", required: true, description: "Text as it is, or - to read it from stdin" },
    hex: { type: "boolean", description: "VALUE is hex digits" },
  },
  examples: [
    "put settings.db wifi.ssid garden",
    "put files.db logo - < logo.png",
    "put log.db hex:0001 00ff --hex",
  ],
  run({ file, key, value, hex }) {
    const keyBytes = parseKey(key)
    const valueBytes = readValue(value, hex === true)
    createTree(file, {}, (tree) => tree.set(keyBytes, valueBytes))
    return OK
  },
})

function readValue(typed: string, hex: boolean): Uint8Array {
  const bytes = typed === "-" ? readAll(openInput("-").read) : new Uint8Array(Buffer.from(typed))
  return hex ? parseHexOption("--hex", Buffer.from(bytes).toString("latin1").trim()) : bytes
}
