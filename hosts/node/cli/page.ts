/** `flashtree page`: one page drawn from its bytes, also of a damaged file. */
import { parseCount } from "./support/arguments.ts"
import { drawPage } from "./support/drawing.ts"
import { CliError, NOT_FOUND, OK } from "./support/failure.ts"
import { stdout } from "./support/output.ts"
import { parsePagesize } from "./support/pagesize-option.ts"
import { openRaw, type RawFile } from "./support/raw-file.ts"
import { decodePage, isDamaged } from "./support/raw-page.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const page: Verb = defineVerb({
  name: "page",
  description: "Draw one page: header, layout, items; exit code 1 when it is damaged",
  args: {
    file: { type: "positional", required: true, description: "The database, sound or damaged" },
    n: { type: "positional", required: true, description: "Page number: 0 is the meta page, 1 the root" },
    hex: { type: "boolean", description: "All bytes of the page too" },
    pagesize: { type: "string", valueHint: "N", description: "Instead of what the meta page says" },
  },
  examples: ["page settings.db 1", "page broken.db 0 --pagesize 4096 --hex"],
  run({ file, n, hex, pagesize }) {
    const pgno = parseCount("N", n) as number
    const raw = openRaw(file, parsePagesize(pagesize))
    if (raw === undefined) throw new CliError("EINVAL", `${file} is empty: a new database without pages`)
    try {
      return draw(raw, pgno, hex === true)
    } finally {
      raw.close()
    }
  },
})

function draw(raw: RawFile, pgno: number, hex: boolean): number {
  if (pgno >= raw.pages)
    throw new CliError("EINVAL", `no page ${pgno}: the file has pages 0 to ${raw.pages - 1}`)
  const decoded = decodePage(raw, pgno, raw.freeList().includes(pgno))
  for (const line of drawPage(decoded, raw.pages, hex)) stdout.line(line)
  return isDamaged(decoded) ? NOT_FOUND : OK
}
