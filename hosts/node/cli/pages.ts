/** `flashtree pages`: one line a page, read from the bytes, also of a damaged file. */
import { type Census, takeCensus } from "./support/census.ts"
import { NOT_FOUND, OK } from "./support/failure.ts"
import { stdout } from "./support/output.ts"
import { PageMap } from "./support/page-map.ts"
import { parsePagesize } from "./support/pagesize-option.ts"
import { openRaw, type RawFile } from "./support/raw-file.ts"
import { decodePage, isDamaged, type RawPage } from "./support/raw-page.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const pages: Verb = defineVerb({
  name: "pages",
  description:
    "List all pages: type, entries, free bytes, neighbours, owner; exit code 1 when one is damaged",
  args: {
    file: { type: "positional", required: true, description: "The database, sound or damaged" },
    pagesize: { type: "string", valueHint: "N", description: "Instead of what the meta page says" },
  },
  examples: ["pages settings.db", "pages settings.db | grep -w leaf"],
  run({ file, pagesize }) {
    const raw = openRaw(file, parsePagesize(pagesize))
    if (raw === undefined) return OK
    try {
      return list(raw)
    } finally {
      raw.close()
    }
  },
})

// Widths are fixed and not those of the widest cell: lines go out as pages come in.
const WIDTHS = [7, -8, 7, 6, 6, 7, 7] as const

function list(raw: RawFile): number {
  const census = takeCensus(raw)
  stdout.line(format(["page", "type", "entries", "free", "gaps", "prev", "next"], "belongs to"))
  let damaged = 0
  for (let pgno = 0; pgno < raw.pages; pgno++) {
    const page = decodePage(raw, pgno, census.isFree(pgno))
    stdout.line(lineOf(page, census))
    if (isDamaged(page) || census.isContested(pgno)) damaged++
  }
  return damaged > 0 ? NOT_FOUND : OK
}

function lineOf(page: RawPage, census: Census): string {
  const isTree = page.type === "leaf" || page.type === "internal"
  const map = new PageMap(page)
  const type = isDamaged(page) ? "damaged" : page.type
  const counts = isTree ? [page.items.length, map.count("free"), map.count("gaps")] : ["-", "-", "-"]
  const links = page.type === "meta" ? ["-", "-"] : [page.prev || "-", page.next || "-"]
  const first = isDamaged(page) ? `: ${page.damages[0].message}` : ""
  return format([page.pgno, type, ...counts, ...links].map(String), census.ownerOf(page.pgno) + first)
}

function format(cells: string[], owner: string): string {
  const columns = cells.map((cell, index) => {
    const width = WIDTHS[index]
    return width < 0 ? cell.padEnd(-width) : cell.padStart(width)
  })
  return `${columns.join("  ")}  ${owner}`
}
