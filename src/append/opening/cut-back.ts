/** Taking back what a transaction has written, when it is aborted or could not be committed. */
import { forgetPages } from "../../page/cache.ts"
import { endWriter } from "../end-writer.ts"
import type { AppendTree } from "../tree.ts"
import { clearCommit } from "./record.ts"
import { findCommit } from "./recovery.ts"

const STOPPED = "a write has failed: reopen the tree"

/** Takes what a transaction has written off the stream again. Where a cut fails, junk stays behind the newest commit, as after a power cut. */
export function cutBack(tree: AppendTree, isFailed: boolean): void {
  const stream = tree._stream
  if (isFailed && stream.rollback !== undefined) {
    tree._failed = STOPPED
    stream.rollback()
    const size = stream.size()
    if (size !== tree._size) {
      // Commits that were not flushed yet went with it.
      forgetPages(tree._cache, 0)
      clearCommit(tree)
      findCommit(tree, size, 0)
    }
    tree._failed = ""
  } else if (stream.size() > tree._size) {
    stream.setSize(tree._size)
  }
}

/** Ends a transaction that could not be written, undoes it, and throws why. */
export function giveUp(tree: AppendTree, cause: unknown): never {
  const code = (cause as { code?: string }).code
  endWriter(tree)
  if (tree._isOvertaken) {
    // What is there is the other's.
    tree._isOvertaken = false
  } else {
    tree._failed = STOPPED
    try {
      cutBack(tree, true)
      // Where the medium failed, what it holds is not known; a full one, or one that takes everything back, is as before.
      if (code === "ENOSPC" || tree._stream.rollback !== undefined) tree._failed = ""
    } catch {
      // The first error is the one to tell; _failed is set.
    }
  }
  throw cause
}
