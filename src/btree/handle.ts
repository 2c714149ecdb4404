/** What every call of a handle begins and ends with. */
import { refuse } from "../errors.ts"
import { WORDS } from "../platform.ts"
import { keepKey } from "./search.ts"
import { CLOSED, DONE, OPEN, READ } from "./states.ts"
import type { BTree } from "./tree.ts"

const INTERRUPTED = "an earlier write failed or was cut short: roll back or reopen"

/**
 * Begins a call, and with it a new set of pins: refuses a handle that is closed or was cut short; one that is to WRITE also when it
 * may not, after a write that failed, and once after an ENOSPC that a displaced page met. DONE ends a change, which set the state
 * BUSY when it began: an exception between the two leaves the handle so.
 */
export function enter(tree: BTree, what: number): void {
  const cache = tree._cache
  if (what === DONE) {
    tree._state = OPEN
    tree._modified = true
    if (cache._full === null) return
  }
  if (tree._state !== OPEN) {
    if (tree._state === CLOSED) refuse("ECLOSED", "the database is closed")
    refuse("EIO", INTERRUPTED)
  }
  cache._call++
  tree._nth = 0
  if (what > READ) {
    const full = cache._full
    if (tree._readonly !== "") refuse("EROFS", tree._readonly)
    cache._full = null
    if (full !== null) throw full
    if (cache._failed) refuse("EIO", INTERRUPTED)
    if (WORDS && tree._ahead !== null) keepKey(tree)
  }
}
