/** Deleting a range of keys, a leaf at a time. */
import { type Bytes, toBytes } from "../../bytes.ts"
import { Cursor } from "../cursor.ts"
import { enter } from "../handle.ts"
import { itemAt } from "../page.ts"
import { removeRecords } from "../remove.ts"
import { itemKey } from "../search.ts"
import { BUSY, DONE, NOWHERE, WRITE } from "../states.ts"
import type { BTree } from "../tree.ts"

/** BTree.deleteRange: one descent a leaf; records are looked at for the end of the range and for chains to free. */
export function deleteRange(this: BTree, start?: Bytes | null, end?: Bytes | null): number {
  let count = 0
  enter(this, WRITE)
  // An empty start is the first key there can be.
  const first = start !== undefined && start !== null && toBytes(start, "start key").length > 0 ? start : null
  const cursor = new Cursor(this, first, end)
  const past = cursor._end
  while (cursor._step()) {
    // By key, for the path.
    cursor._changes = -1
    if (!cursor._settle()) break
    const leaf = this._leaf
    const from = this._index
    let to = leaf._count
    while (past !== null && to > from + 1) {
      const length = itemKey(this, leaf, itemAt(leaf, to - 1))
      if (this._order(this._from, this._fromAt, length, past, 0, past._length) < 0) break
      to--
    }
    this._state = BUSY
    count += to - from
    removeRecords(this, from, to, false)
    enter(this, DONE)
    cursor._phase = 0
    cursor._state = NOWHERE
    cursor._head = -1
  }
  return count
}
