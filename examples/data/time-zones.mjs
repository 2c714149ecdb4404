/**
 * Makes time-zones.tsv of the system's time zone database: node examples/data/time-zones.mjs [FOLDER]
 * A line a zone, its name and the POSIX TZ string that holds from the last change of its rules on: the last line of its TZif file
 * (RFC 9636 section 3.3). Zones without one (TZif version 1) are left out.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const folder = process.argv[2] ?? "/usr/share/zoneinfo"

function rulesOf(path) {
  const bytes = readFileSync(path)
  if (bytes.toString("latin1", 0, 4) !== "TZif") return undefined
  const end = bytes.lastIndexOf(10)
  const start = bytes.lastIndexOf(10, end - 1)
  return end === bytes.length - 1 && start > 0 ? bytes.toString("latin1", start + 1, end) : undefined
}

const zones = new Map()
const folders = [""]
for (let at = folders.pop(); at !== undefined; at = folders.pop()) {
  for (const entry of readdirSync(join(folder, at), { withFileTypes: true })) {
    const name = join(at, entry.name)
    if (entry.isDirectory()) {
      if (!/^(posix|right)$/.test(name)) folders.push(name)
    } else if (/^[A-Z]/.test(entry.name) || /^Etc\//.test(name)) {
      const rules = rulesOf(join(folder, name))
      if (rules) zones.set(name, rules)
    }
  }
}
const [, version] = /^# version (\S+)/.exec(readFileSync(join(folder, "tzdata.zi"), "latin1")) ?? []
const names = [...zones.keys()].sort()
const lines = names.map((name) => `${name}\t${zones.get(name)}\n`)
writeFileSync(new URL("time-zones.tsv", import.meta.url), `# IANA time zone database ${version}\n${lines.join("")}`)
console.log(`${names.length} zones of ${version}`)
