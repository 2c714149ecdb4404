/** `--pagesize` of the verbs that read raw bytes. */
import { parseCount } from "./arguments.ts"
import { CliError } from "./failure.ts"
import { isPagesize } from "./raw-file.ts"

/** Gives the page size an option says, undefined where it was left out. @throws EINVAL */
export function parsePagesize(text: string | undefined): number | undefined {
  const pagesize = parseCount("--pagesize", text)
  if (pagesize === undefined || isPagesize(pagesize)) return pagesize
  throw new CliError("EINVAL", `--pagesize ${pagesize}: a page has 512 to 65536 bytes, an even number`)
}
