/** btree(3)'s cursor codes, on the handle's own cursor. */
import type { Bytes } from "../../bytes.ts"
import { corruption, failure } from "../../errors.ts"
import { Cursor } from "../cursor.ts"
import { begin, enter, finish, locate, takeKey } from "../handle.ts"
import { overwriteRecord } from "../put.ts"
import type { BTree } from "../tree.ts"
import { R_CURSOR, R_FIRST, R_LAST, R_NEXT, R_PREV } from "../types.ts"

function ownCursor(tree: BTree): Cursor {
  if (tree._cursor === null) tree._cursor = new Cursor(tree)
  return tree._cursor
}

/** Gives the record that `code` leads to as [key, value], or undefined when there is none (the cursor then stays). */
export function seq(this: BTree, code: number, key?: Bytes): [Uint8Array, Uint8Array] | undefined {
  enter(this, false)
  const cursor = ownCursor(this)
  let on = false
  if (code === R_CURSOR) {
    takeKey(this, key as Bytes)
    if (this._keyLength === 0) throw failure("EINVAL", "the empty key cannot start a scan; use R_FIRST")
    on = cursor.seek(key as Bytes)
  } else if (code === R_FIRST) on = cursor.first()
  else if (code === R_LAST) on = cursor.last()
  else if (code === R_NEXT) on = cursor.next()
  else if (code === R_PREV) on = cursor.previous()
  else {
    throw failure(
      "EINVAL",
      `seq code ${code}: R_CURSOR (1), R_FIRST (3), R_LAST (6), R_NEXT (7) or R_PREV (9) is expected`,
    )
  }
  return on ? [cursor.key(), cursor.value()] : undefined
}

/**
 * put with R_CURSOR: replaces the record under the handle's own cursor. With the same key it keeps its place among equals; with
 * another one the record moves, and the cursor with it.
 */
export function putAtCursor(this: BTree, key: Bytes, value: Uint8Array): boolean {
  const cursor = ownCursor(this)
  if (!cursor._settle()) throw failure("EINVAL", "R_CURSOR without a record under the cursor: call seq first")
  takeKey(this, key)
  if (this._order(this._key, 0, this._keyLength, cursor._key, 0, cursor._keyLength) === 0) {
    if (!locate(this, cursor._ordinal)) {
      throw corruption(cursor._page, 0, "the record under the cursor is not where its key belongs")
    }
    begin(this)
    if (overwriteRecord(this, value)) this._changes++
    finish(this)
    return true
  }
  cursor.delete()
  this.put(key, value, 0)
  cursor.seek(key)
  if (this._duplicates) {
    // put has added it behind its equals; it is looked up by (key, ordinal) at its next use.
    takeKey(this, key)
    this._findEqual(0x7fffffff)
    cursor._ordinal = this._ordinal - 1
    cursor._changes = -1
  }
  return true
}

/** delete with R_CURSOR. */
export function deleteAtCursor(this: BTree): boolean {
  return ownCursor(this).delete()
}
