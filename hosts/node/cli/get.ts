/** `flashtree get`: the value of one key. */
import { readTree } from "./support/database.ts"
import { CliError, NOT_FOUND, OK } from "./support/failure.ts"
import { parseHexOption, parseKey } from "./support/keys.ts"
import { stdout } from "./support/output.ts"
import { toHex } from "./support/text.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const get: Verb = defineVerb({
  name: "get",
  description: "Write the value of a key to stdout, byte for byte; exit code 1 when there is none",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    key: { type: "positional", required: false, description: "Text, hex:6b6579, base64:a2V5 or text:..." },
    hex: { type: "boolean", description: "Write the value in hex digits" },
    "raw-key": { type: "string", valueHint: "HEX", description: "The key in hex digits, instead of KEY" },
  },
  examples: ["get settings.db wifi.ssid", "get settings.db hex:0001 --hex", "get files.db logo > logo.png"],
  run(args) {
    const key = keyOf(args.key, args["raw-key"])
    const value = readTree(args.file, (tree) => tree.get(key))
    if (value === undefined) return NOT_FOUND
    stdout.write(args.hex ? `${toHex(value)}\n` : value)
    // Only for eyes: a pipe or file gets the value and nothing else.
    if (!args.hex && stdout.isTerminal) stdout.write("\n")
    return OK
  },
})

function keyOf(typed: string | undefined, digits: string | undefined): Uint8Array {
  if (typed !== undefined && digits === undefined) return parseKey(typed)
  if (typed === undefined && digits !== undefined) return parseHexOption("--raw-key", digits)
  throw new CliError("EINVAL", "give either KEY or --raw-key", "flashtree get --help shows the arguments")
}
