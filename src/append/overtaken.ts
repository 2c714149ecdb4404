/** Two handles of one file: the second to commit must not write over what the first has written. */
import { refuse } from "../errors.ts"
import type { AppendTree } from "./tree.ts"

/** Refuses to write page `pgno` where the stream is not as this handle has left it: another one has committed. */
export function refuseOvertaken(tree: AppendTree, pgno: number): void {
  const end = (pgno + 1) * tree._pagesize
  // A page that should have made room found none: it is still in memory, and the transaction cannot be written.
  if (tree._cache._full !== null) throw tree._cache._full
  if (tree._stream.size() !== tree._expected) {
    tree._isOvertaken = true
    refuse("EBUSY", "another handle has committed since begin()")
  }
  if (end > tree._expected) tree._expected = end
}
