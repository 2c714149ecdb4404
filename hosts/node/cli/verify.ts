/** `flashtree verify`: structure, order and digests of a constant database. */
import { isFlashtreeError } from "../../../src/errors.ts"
import type { constant } from "../../../src/index.ts"
import { KEY_KINDS, type KeyKind, openConstant, PLACE_ARGS, withPlace } from "./support/constant-file.ts"
import { describe, NOT_FOUND, OK } from "./support/failure.ts"
import { stdout } from "./support/output.ts"
import { Progress } from "./support/progress.ts"
import { defineVerb, type Verb } from "./support/verb.ts"

type Finding = constant.ConstantFinding

export const verify: Verb = defineVerb({
  name: "verify",
  description: "Check a whole constant database; one finding a line, exit code 1 when there are any",
  args: {
    file: { type: "positional", required: true, description: "The constant database" },
    keys: {
      type: "enum",
      options: [...KEY_KINDS],
      description: "How keys are stored; found out when left out",
    },
    json: { type: "boolean", description: "Print a JSON object a finding and line" },
    ...PLACE_ARGS,
  },
  examples: ["verify zones.cdb", "verify partition.bin --flash --first-block 16 --json"],
  run({ file, keys, json, ...place }) {
    const progress = new Progress("verifying")
    const findings = withPlace(file, place as never, false, (source, range) => {
      try {
        return openConstant(source, range, keys as KeyKind | undefined).verify((done, total) =>
          progress.update(done, total, "bytes"),
        )
      } catch (error) {
        // A database too damaged to be opened is damaged all the same.
        if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
        const { message } = describe(error)
        return [{ code: "ECORRUPT", page: error.page ?? 0, offset: error.offset ?? 0, message } as Finding]
      } finally {
        progress.done()
      }
    })
    for (const finding of findings) stdout.line(json ? JSON.stringify(finding) : lineOf(finding))
    return findings.length > 0 ? NOT_FOUND : OK
  },
})

function lineOf({ code, page, offset, message }: Finding): string {
  return `${code} page ${page} offset ${offset}: ${message}`
}
