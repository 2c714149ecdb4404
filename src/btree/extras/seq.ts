/** btree(3)'s cursor codes, on the handle's own cursor. */
import { type Bytes, keep, toBytes } from "../../bytes.ts"
import { corrupt, refuse } from "../../errors.ts"
import { Cursor } from "../cursor.ts"
import { enter } from "../handle.ts"
import { storeRecord } from "../put.ts"
import { search } from "../search.ts"
import { BUSY, DONE, READ } from "../states.ts"
import type { BTree } from "../tree.ts"
import { R_CURSOR, R_FIRST, R_LAST, R_NEXT, R_PREV } from "../types.ts"

function ownCursor(tree: BTree): Cursor {
  if (tree._cursor === null) tree._cursor = new Cursor(tree)
  return tree._cursor
}

/** Gives the record that `code` leads to as [key, value], or undefined when there is none (the cursor then stays). */
export function seq(this: BTree, code: number, key?: Bytes): [Uint8Array, Uint8Array] | undefined {
  enter(this, READ)
  const cursor = ownCursor(this)
  let on = false
  if (code === R_CURSOR) {
    if (toBytes(key as Bytes, "key").length === 0)
      refuse("EINVAL", "the empty key cannot start a scan; use R_FIRST")
    on = cursor.seek(key as Bytes)
  } else if (code === R_FIRST) on = cursor.first()
  else if (code === R_LAST) on = cursor.last()
  else if (code === R_NEXT) on = cursor.next()
  else if (code === R_PREV) on = cursor.previous()
  else {
    refuse(
      "EINVAL",
      `seq code ${code}: R_CURSOR (1), R_FIRST (3), R_LAST (6), R_NEXT (7) or R_PREV (9) is expected`,
    )
  }
  return on ? [cursor.key(), cursor.value()] : undefined
}

/**
 * put and delete with R_CURSOR: what is done to the record under the handle's own cursor. With the same key a record keeps its place
 * among equals; with another one it moves, and the cursor with it.
 */
export function atCursor(this: BTree, flags: number, key: Bytes, value?: Uint8Array): boolean {
  const what = value === undefined ? "delete" : "put"
  if (flags !== R_CURSOR) {
    const others = value === undefined ? "" : ", R_NOOVERWRITE (8)"
    refuse("EINVAL", `${what} flags ${flags}: 0, R_CURSOR (1)${others} in a btree`)
  }
  const cursor = ownCursor(this)
  if (value === undefined) return cursor.delete()
  if (!cursor._settle()) refuse("EINVAL", "R_CURSOR without a record under the cursor: call seq first")
  const bytes = toBytes(key, "key")
  this._key = keep(this._key, bytes, 0, bytes.length)
  if (this._order(this._key, 0, bytes.length, cursor._key, 0, cursor._key._length) === 0) {
    this._nth = cursor._ordinal
    if (!search(this, 0)) {
      corrupt(cursor._page, 0, "the record under the cursor is not where its key belongs")
    }
    this._state = BUSY
    storeRecord(this, value, true)
    enter(this, DONE)
    return true
  }
  cursor.delete()
  this.put(key, value, 0)
  cursor.seek(key)
  if (this._duplicates) {
    // put has added it behind its equals; it is looked up by (key, ordinal) at its next use.
    this._key = keep(this._key, bytes, 0, bytes.length)
    this._findEqual(0x7fffffff)
    cursor._ordinal = this._nth - 1
    cursor._changes = -1
  }
  return true
}
