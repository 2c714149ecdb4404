/** btree(3)'s cursor codes, on the handle's own cursor. */

import type { Bytes } from "../../bytes.ts"
import { corruption, failure } from "../../errors.ts"
import { Cursor } from "../cursor.ts"
import { begin, enter, finish, takeKey } from "../handle.ts"
import { overwriteRecord } from "../put.ts"
import { compareKeys, search } from "../search.ts"
import type { BTree } from "../tree.ts"
import { R_CURSOR, R_FIRST, R_LAST, R_NEXT, R_PREV } from "../types.ts"

/** Gives the record that `code` leads to as [key, value], or undefined when there is none (the cursor then stays). */
export function seq(tree: BTree, code: number, key?: Bytes): [Uint8Array, Uint8Array] | undefined {
  enter(tree)
  const cursor = ownCursor(tree)
  let on = false
  if (code === R_CURSOR) {
    if (key === undefined || key === null) throw failure("EINVAL", "seq(R_CURSOR, key) needs a key")
    takeKey(tree, key)
    if (tree._keyLength === 0) throw failure("EINVAL", "the empty key cannot start a scan; use R_FIRST")
    on = cursor.seek(key)
  } else if (code === R_FIRST) on = cursor.first()
  else if (code === R_LAST) on = cursor.last()
  else if (code === R_NEXT) on = cursor.next()
  else if (code === R_PREV) on = cursor.previous()
  else {
    throw failure(
      "EINVAL",
      `seq codes are R_CURSOR (1), R_FIRST (3), R_LAST (6), R_NEXT (7), R_PREV (9), not ${code}`,
    )
  }
  return on ? [cursor.key(), cursor.value()] : undefined
}

/**
 * put with R_CURSOR: replaces the record under the handle's own cursor. With the same key it keeps its place among equals; with
 * another one the record moves, and the cursor with it.
 */
export function putAtCursor(tree: BTree, key: Bytes, value: Uint8Array): boolean {
  const cursor = ownCursor(tree)
  if (!cursor._isOnRecord())
    throw failure("EINVAL", "R_CURSOR without a record under the cursor: call seq first")
  takeKey(tree, key)
  if (compareKeys(tree, tree._key, 0, tree._keyLength, cursor._key, 0, cursor._keyLength) === 0) {
    const found = tree._duplicates ? tree._findEqual(cursor._ordinal) : search(tree, 0)
    if (!found) throw corruption(cursor._page, 0, "the record under the cursor is not where its key belongs")
    begin(tree)
    if (overwriteRecord(tree, value)) tree._changes++
    finish(tree)
    return true
  }
  cursor.delete()
  tree.put(key, value, 0)
  seekLast(cursor, key)
  return true
}

/** Goes to the last of the records with `key`, where put has added one. */
function seekLast(cursor: Cursor, key: Bytes): void {
  const tree = cursor._tree
  cursor.seek(key)
  if (!tree._duplicates) return
  takeKey(tree, key)
  tree._findEqual(0x7fffffff)
  cursor._ordinal = tree._ordinal - 1
  // It is looked up by (key, ordinal) at its next use.
  cursor._changes = -1
}

/** delete with R_CURSOR. */
export function deleteAtCursor(tree: BTree): boolean {
  return ownCursor(tree).delete()
}

function ownCursor(tree: BTree): Cursor {
  if (tree._cursor === null) tree._cursor = new Cursor(tree)
  return tree._cursor
}
