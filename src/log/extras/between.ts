/** Visiting records by their times. */
import { readOwnHeader } from "../access.ts"
import { FALLS } from "../layout.ts"
import type { Log } from "../log.ts"
import { half } from "../places.ts"
import { findBlock, walkForward } from "../reading/visit.ts"
import { makeWalk } from "../reading/walk.ts"
import type { LogVisit, VisitOptions } from "../types.ts"

/** See Log.between. */
export function between(this: Log, from: number, to: number, call: LogVisit, options?: VisitOptions): void {
  const isBack = options !== undefined && options.newestFirst === true
  let inOrder = false
  const visit: LogVisit = (record, number, time) => {
    // Where times never fall, the first one beyond ends the visit.
    if (time === undefined) return true
    if (time < from) return !isBack || !inOrder
    if (time > to) return isBack || !inOrder
    return call(record, number, time)
  }
  const walk = makeWalk(this, 0, visit, options)
  let oldest = this._tail
  if (readOwnHeader(this, oldest)) inOrder = half(this, FALLS) === this._falls
  if (inOrder) oldest = findBlock(this, from, true)
  if (isBack) this._walkBack(walk, oldest, inOrder ? findBlock(this, to + 1, true) : this._head)
  else walkForward(this, walk, oldest)
}
