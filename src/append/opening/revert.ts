/** Taking the newest commit back. */
import { refuse } from "../../errors.ts"
import { forgetPages } from "../../page/cache.ts"
import { META_ROOT, NONE, PREVIOUS } from "../layout.ts"
import type { AppendTree } from "../tree.ts"
import { BT_NOSYNC } from "../types.ts"
import { cutBack } from "./cut-back.ts"
import { clearCommit, isRecord, takeRecord } from "./record.ts"

/** Cuts the file behind the commit before the newest, of a tree that may be written. Changes nothing where there is none. */
export function revertCommit(tree: AppendTree): void {
  if (tree._commit === 0) refuse("EINVAL", "there is no commit to revert")
  let pgno = tree._commit - 1
  const previous = tree._record[PREVIOUS]
  // What opening has given up may lie between: the commit before is the one whose root this one names.
  while (pgno > 0 && !(isRecord(tree, pgno) && tree._smallView.getUint32(META_ROOT, true) === previous))
    pgno--
  if (pgno === 0 && previous !== NONE)
    refuse("EINVAL", "the commit before is not in the file: it was compacted, or that record is damaged")
  tree._failed = "a revert has failed: reopen the tree"
  try {
    tree._stream.setSize((pgno + 1) * tree._pagesize)
    if ((tree.flags & BT_NOSYNC) === 0) tree._stream.flush()
  } catch (error) {
    if (tree._stream.rollback !== undefined) cutBack(tree, true)
    throw error
  }
  tree._failed = ""
  if (pgno === 0) clearCommit(tree)
  else takeRecord(tree, pgno)
  tree._pages = pgno + 1
  tree._size = tree._pages * tree._pagesize
  tree._cuts = tree._cuts.concat([tree._pages])
  forgetPages(tree._cache, tree._pages)
}
