/** `flashtree check`: every page owned once, every link and key order right. */
import { isFlashtreeError } from "../../../src/errors.ts"
import { type Finding, readTree } from "./support/database.ts"
import { describe, NOT_FOUND, OK } from "./support/failure.ts"
import { stdout } from "./support/output.ts"
import { Progress } from "./support/progress.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

export const check: Verb = defineVerb({
  name: "check",
  description: "Check a whole database; one finding a line, exit code 1 when there are any",
  args: {
    file: { type: "positional", required: true, description: "The database" },
    json: { type: "boolean", description: "Print a JSON object a finding and line" },
  },
  examples: ["check settings.db", "check settings.db && cp settings.db backup.db"],
  run({ file, json }) {
    const progress = new Progress("checking")
    const findings = findingsOf(file, progress)
    progress.done()
    for (const finding of findings) stdout.line(json ? JSON.stringify(finding) : lineOf(finding))
    return findings.length > 0 ? NOT_FOUND : OK
  },
})

function findingsOf(file: string, progress: Progress): Finding[] {
  try {
    return readTree(file, (tree) => tree.check((done, total) => progress.update(done, total, "pages")))
  } catch (error) {
    progress.done()
    // A database too damaged to be opened is damaged all the same.
    if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
    const { code, message } = describe(error)
    return [{ code, page: error.page ?? 0, offset: error.offset ?? 0, message } as Finding]
  }
}

function lineOf({ code, page, offset, message }: Finding): string {
  return `${code} page ${page} offset ${offset}: ${message}`
}
