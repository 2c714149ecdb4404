/** Giving up what is programmed and not committed. */
import type { Log } from "./log.ts"

/** Leaves what is programmed without a commit: the head is the block with the last commit again, sealed. */
export function giveBack(log: Log): void {
  log._isUndecided = false
  log._isSealed = true
  log._blank = 0
  log._givenBack += log._head - log._committed
  log._head = log._committed
  log._writeAt = log._end
}
