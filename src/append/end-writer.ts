/** Ending the transaction that writes, however it ends. */
import { forgetPages } from "../page/cache.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { ENDED } from "./states.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"

/**
 * A stream with the tree that is writing to it: handles of one stream keep off each other. The name is no private one, since those are made short
 * on Espruino for each part of the source by itself, and the stream is another part's.
 */
export interface Shared extends RandomAccessStream {
  appendWriter?: AppendTree | undefined
}

/** Ends it; pages of it that were not committed are no pages then. */
export function endWriter(tree: AppendTree): void {
  const txn = tree._writer as Transaction
  const cache = tree._cache
  if (txn._next > txn._first) forgetPages(cache, txn._first)
  cache._spilled = cache._failed = false
  cache._full = null
  txn._state = ENDED
  tree._writer = null
  ;(tree._stream as Shared).appendWriter = undefined
}
