/** What is damaged in a log. */
import type { Log } from "../log.ts"
import type { LogFinding } from "../types.ts"
import { beginBlock, describeLoss, makeWalk, refuseUse } from "../walk.ts"
import { programPending } from "../write.ts"
import { makeMarks, noteFrames } from "./newest-first.ts"

/** See Log.check. */
export function check(this: Log, progress?: (done: number, blocks: number) => unknown): LogFinding[] {
  const findings: LogFinding[] = []
  this._begin(this._count > 0)
  if (this._count > 0) programPending(this, false)
  this._windowAt = -1
  const walk = makeWalk(false, 0, 0, () => false, undefined)
  const marks = makeMarks(this)
  const blocks = this._tail === 0 ? 0 : this._head - this._tail + 1
  for (let done = 0; done < blocks; done++) {
    const sequence = this._tail + done
    const isThere = beginBlock(this, walk, sequence)
    if (isThere) noteFrames(this, walk, sequence, marks)
    if ((isThere || done === 0) && walk.number < walk.after) {
      const finding = describeLoss(this, walk, sequence, walk.number)
      if (finding !== null) findings.push(finding)
    }
    if (progress === undefined) continue
    if (progress(done + 1, blocks) === false) break
    if (this._count > 0) refuseUse()
  }
  return findings
}
