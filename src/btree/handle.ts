/** What every call of a handle begins and ends with. */
import { refuse } from "../errors.ts"
import { WORDS } from "../platform.ts"
import { keepKey } from "./search.ts"
import type { BTree } from "./tree.ts"

/** States of a handle: BUSY while a change is under way, and for good when it was cut short. */
export const OPEN = 0
export const BUSY = 1
export const CLOSED = 2

const INTERRUPTED = "an earlier write failed or was cut short: roll back or reopen"

/**
 * Begins a call, and with it a new set of pins: refuses a handle that is closed or was cut short; one that is to `write` also when it
 * may not, after a write that failed, and once after an ENOSPC that a displaced page met.
 */
export function enter(tree: BTree, write: boolean): void {
  const cache = tree._cache
  if (tree._state !== OPEN) {
    if (tree._state === CLOSED) refuse("ECLOSED", "the database is closed")
    refuse("EIO", INTERRUPTED)
  }
  cache._call++
  tree._nth = 0
  if (write) {
    const full = cache._full
    if (tree._readonly !== "") refuse("EROFS", tree._readonly)
    cache._full = null
    if (full !== null) throw full
    if (cache._failed) refuse("EIO", INTERRUPTED)
    if (WORDS && tree._ahead !== null) keepKey(tree)
  }
}

/** Ends a change, which began with the state BUSY: an exception between the two leaves the handle so. */
export function finish(tree: BTree): void {
  tree._state = OPEN
  tree._modified = true
  if (tree._cache._full !== null) enter(tree, true)
}
