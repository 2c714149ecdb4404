/** `flashtree del`: removes one key. */
import { updateTree } from "./support/database.ts"
import { NOT_FOUND, OK } from "./support/failure.ts"
import { parseKey } from "./support/keys.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const del: Verb = defineVerb({
  name: "del",
  description: "Remove a key (with duplicates: all of its records); exit code 1 when there is none",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    key: { type: "positional", required: true, description: "Text, hex:6b6579, base64:a2V5 or text:..." },
  },
  examples: ["del settings.db wifi.ssid", "del log.db hex:0001"],
  run({ file, key }) {
    const bytes = parseKey(key)
    return updateTree(file, (tree) => tree.delete(bytes)) ? OK : NOT_FOUND
  },
})
