/** Taking the newest commit back. */
import { refuse } from "../../errors.ts"
import { forgetPages } from "../../page/cache.ts"
import { cutBack, prepareWriter } from "../commit.ts"
import { META_ROOT, NONE } from "../layout.ts"
import { readRecord, SOUND, takeRecord } from "../meta.ts"
import type { AppendTree } from "../tree.ts"
import { BT_NOSYNC } from "../types.ts"

export function revert(this: AppendTree): void {
  this._refuseClosed()
  prepareWriter(this)
  if (this._commit === 0) refuse("EINVAL", "there is no commit to revert")
  let pgno = this._commit - 1
  // What opening has given up may lie between: the commit before is the one whose root this one names.
  while (
    pgno > 0 &&
    !(readRecord(this, pgno) === SOUND && this._smallView.getUint32(META_ROOT, true) === this._previous)
  )
    pgno--
  if (pgno === 0 && this._previous !== NONE)
    refuse("EINVAL", "the commit before is not in the file: it was compacted, or that record is damaged")
  this._failed = "a revert has failed: reopen the tree"
  try {
    this._stream.setSize((pgno + 1) * this._pagesize)
    if ((this.flags & BT_NOSYNC) === 0) this._stream.flush()
  } catch (error) {
    if (this._stream.rollback !== undefined) cutBack(this, true)
    throw error
  }
  this._failed = ""
  if (pgno === 0) this._clear()
  else takeRecord(this, pgno)
  this._pages = pgno + 1
  this._size = this._pages * this._pagesize
  this._cuts.push(this._pages)
  forgetPages(this._cache, this._pages)
}
