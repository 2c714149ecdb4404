/** The conformance files, judged on XS: the .json is the argument, the .db the bytes. */
import { judgeFile } from "../../../conformance/judge.ts"
import type { BerkeleyCase } from "../../../support/berkeley.ts"
import { hex } from "../../../support/digest.ts"
import { serve } from "./commands.ts"

serve({
  judge({ json, image }: { json: BerkeleyCase; image: boolean }, bytes) {
    const written = judgeFile(json, image ? bytes : undefined)
    return written === undefined ? null : hex(written)
  },
})
