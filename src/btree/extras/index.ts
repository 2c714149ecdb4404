/**
 * What small devices may leave out of the core: iterators, seq, duplicates, stat, check, page checks, mending of swapped files.
 * On Espruino this is the module "btree-extras".
 */
import type { Bytes } from "../../bytes.ts"
import type { Frame } from "../../page/pool.ts"
import type { Cursor } from "../cursor.ts"
import type { BTree } from "../tree.ts"
import type { Progress } from "../types.ts"
import { check } from "./check.ts"
import { deleteEquals, findEqual, ordinalOf } from "./duplicates.ts"
import { storeCheck, verifyCheck } from "./page-check.ts"
import { makeRange } from "./ranges.ts"
import { deleteAtCursor, putAtCursor, seq } from "./seq.ts"
import { stat } from "./stat.ts"
import { mendReference } from "./swapped.ts"

type Bound = Bytes | null

/** Adds the extras to BTree's prototype. */
export function installExtras(prototype: BTree): void {
  prototype.keys = function (this: BTree, start?: Bound, end?: Bound, flags?: number) {
    return makeRange(this, start, end, flags, 0)
  }
  prototype.values = function (this: BTree, start?: Bound, end?: Bound, flags?: number) {
    return makeRange(this, start, end, flags, 1)
  }
  prototype.items = function (this: BTree, start?: Bound, end?: Bound, flags?: number) {
    return makeRange(this, start, end, flags, 2)
  }
  prototype.seq = function (this: BTree, code: number, key?: Bytes) {
    return seq(this, code, key)
  }
  prototype.stat = function (this: BTree, progress?: Progress) {
    return stat(this, progress)
  }
  prototype.check = function (this: BTree, progress?: Progress) {
    return check(this, progress)
  }
  prototype._putAtCursor = function (this: BTree, key: Bytes, value: Uint8Array) {
    return putAtCursor(this, key, value)
  }
  prototype._deleteAtCursor = function (this: BTree) {
    return deleteAtCursor(this)
  }
  prototype._findEqual = function (this: BTree, ordinal: number) {
    return findEqual(this, ordinal)
  }
  prototype._ordinalOf = function (this: BTree, cursor: Cursor, order: number, same: boolean) {
    return ordinalOf(this, cursor, order, same)
  }
  prototype._deleteEquals = function (this: BTree) {
    deleteEquals(this)
  }
  prototype._mend = function (this: BTree, frame: Frame, at: number, keySize: number) {
    mendReference(this, frame, at, keySize)
  }
  prototype._verifyCheck = function (this: BTree, frame: Frame) {
    verifyCheck(this, frame)
  }
  prototype._storeCheck = function (this: BTree, frame: Frame) {
    storeCheck(this, frame)
  }
}
