/**
 * What small devices may leave out of the core: iterators, seq, duplicates, stat, check, page checks, mending of swapped files.
 * On Espruino this is the module "btree-extras".
 */
import type { Bytes } from "../../bytes.ts"
import type { Frame } from "../../page/pool.ts"
import type { Cursor } from "../cursor.ts"
import { BTree } from "../tree.ts"
import type { Progress } from "../types.ts"
import { check } from "./check.ts"
import { deleteEquals, findEqual, ordinalOf } from "./duplicates.ts"
import { storeCheck, storeMeta, verifyCheck, verifyMeta } from "./page-check.ts"
import { makeRange } from "./ranges.ts"
import { salvage } from "./salvage.ts"
import { deleteAtCursor, putAtCursor, seq } from "./seq.ts"
import { stat } from "./stat.ts"
import { mendReference } from "./swapped.ts"

export { RangeIterator, type RangeResult } from "./ranges.ts"

type Bound = Bytes | null

BTree.prototype.keys = function (this: BTree, start?: Bound, end?: Bound, flags?: number) {
  return makeRange(this, start, end, flags, 0)
}
BTree.prototype.values = function (this: BTree, start?: Bound, end?: Bound, flags?: number) {
  return makeRange(this, start, end, flags, 1)
}
BTree.prototype.items = function (this: BTree, start?: Bound, end?: Bound, flags?: number) {
  return makeRange(this, start, end, flags, 2)
}
BTree.prototype.seq = function (this: BTree, code: number, key?: Bytes) {
  return seq(this, code, key)
}
BTree.prototype.stat = function (this: BTree, progress?: Progress) {
  return stat(this, progress)
}
BTree.prototype.check = function (this: BTree, progress?: Progress) {
  return check(this, progress)
}
BTree.prototype.salvage = function (this: BTree, visit) {
  return salvage(this, visit)
}
BTree.prototype._putAtCursor = function (this: BTree, key: Bytes, value: Uint8Array) {
  return putAtCursor(this, key, value)
}
BTree.prototype._deleteAtCursor = function (this: BTree) {
  return deleteAtCursor(this)
}
BTree.prototype._findEqual = function (this: BTree, ordinal: number) {
  return findEqual(this, ordinal)
}
BTree.prototype._ordinalOf = function (this: BTree, cursor: Cursor, order: number, same: boolean) {
  return ordinalOf(this, cursor, order, same)
}
BTree.prototype._deleteEquals = function (this: BTree) {
  deleteEquals(this)
}
BTree.prototype._mend = function (this: BTree, frame: Frame, at: number, keySize: number) {
  mendReference(this, frame, at, keySize)
}
BTree.prototype._verifyCheck = function (this: BTree, frame: Frame) {
  verifyCheck(this, frame)
}
BTree.prototype._verifyMeta = function (this: BTree) {
  verifyMeta(this)
}
BTree.prototype._storeMeta = function (this: BTree) {
  storeMeta(this)
}
BTree.prototype._storeCheck = function (this: BTree, frame: Frame) {
  storeCheck(this, frame)
}
