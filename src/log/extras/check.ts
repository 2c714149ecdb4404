/** What is damaged in a log. */
import type { FlashtreeError } from "../../errors.ts"
import type { Log } from "../log.ts"
import { beginBlock, makeWalk, refuseUse, tellLost, walkBlock } from "../reading/walk.ts"
import type { LogFinding } from "../types.ts"

/** See Log.check. */
export function check(this: Log, progress?: (done: number, blocks: number) => unknown): LogFinding[] {
  const findings: LogFinding[] = []
  const walk = makeWalk(this, 0, () => false, undefined)
  const blocks = this._tail === 0 ? 0 : this._head - this._tail + 1
  for (let done = 0; done < blocks; done++) {
    const sequence = this._tail + done
    const isThere = beginBlock(this, walk, sequence)
    // Read, and not visited.
    walk._from = Number.POSITIVE_INFINITY
    if (isThere) walkBlock(this, walk, sequence)
    walk._from = 0
    try {
      if (isThere || done === 0) tellLost(this, walk, sequence)
    } catch (error) {
      const found = error as FlashtreeError
      if (found.code !== "ECORRUPT") throw error
      const message = found.message.substring("ECORRUPT: ".length)
      findings.push({
        code: found.code,
        page: found.page as number,
        offset: found.offset as number,
        message: message,
      })
    }
    if (progress === undefined) continue
    if (progress(done + 1, blocks) === false) break
    if (this._count > 0) refuseUse()
  }
  return findings
}
