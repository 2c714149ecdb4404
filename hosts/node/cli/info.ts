/** `flashtree info`: what a database is and how full it is. */
import { takeCensus } from "./support/census.ts"
import { readTree } from "./support/database.ts"
import { OK } from "./support/failure.ts"
import { stdout } from "./support/output.ts"
import { openRaw } from "./support/raw-file.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const info: Verb = defineVerb({
  name: "info",
  description: "Show what a database is: page size, pages of each kind, entries, how full it is",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    json: { type: "boolean", description: "Print one JSON object" },
  },
  examples: ["info settings.db", "info settings.db --json | jq .entries"],
  run({ file, json }) {
    const facts = gather(file)
    if (json) stdout.line(JSON.stringify(facts))
    else for (const [name, text] of describe(facts)) stdout.line(`${name.padEnd(12)} ${text}`)
    return OK
  },
})

type Facts = ReturnType<typeof gather>

function gather(file: string) {
  const stat = readTree(file, (tree) => tree.stat())
  const { size, fill } = measure(file)
  return { file, format: "Berkeley DB 1.85 btree", version: 3, ...stat, fileSize: size, fill }
}

// `fill` is the share of the leaf pages that holds records, null where there are none.
function measure(file: string): { size: number; fill: number | null } {
  const raw = openRaw(file)
  if (raw === undefined) return { size: 0, fill: null }
  try {
    const { leafBytesUsed, leafBytes } = takeCensus(raw)
    return { size: raw.size, fill: leafBytes > 0 ? leafBytesUsed / leafBytes : null }
  } finally {
    raw.close()
  }
}

function describe(facts: Facts): [string, string][] {
  const { leafPages, internalPages, overflowPages, freePages } = facts
  const kinds = `${leafPages} leaf, ${internalPages} internal, ${overflowPages} overflow, ${freePages} free`
  return [
    ["file", facts.file],
    ["format", `${facts.format}, version ${facts.version}`],
    ["byte order", facts.byteOrder === 4321 ? "big-endian (4321)" : "little-endian (1234)"],
    ["page size", `${facts.pagesize} bytes`],
    ["duplicates", facts.duplicates ? "allowed" : "not allowed"],
    ["pages", `${facts.pages} (${kinds})`],
    ["depth", String(facts.depth)],
    ["entries", String(facts.entries)],
    ["file size", `${facts.fileSize} bytes`],
    ["fill", facts.fill === null ? "-" : `${Math.round(facts.fill * 100)} % of the leaf pages`],
  ]
}
