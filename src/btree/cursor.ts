/**
 * Cursors. A cursor keeps a copy of its key and a position (leaf, index) that is good while tree._changes stays what it was;
 * after a change it finds its place again by the key. So any number of cursors stay right while the tree changes, nothing is
 * registered anywhere, and an abandoned cursor costs nothing (defects Q6, Q7).
 */

import type { Bytes, Region } from "../bytes.ts"
import { checkTarget, copyOut, growRegion, makeRegion } from "../bytes.ts"
import { corruption, failure } from "../errors.ts"
import { fetchPage, pin, unpin } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { copyBytes, moveBytes, replaceBytes } from "../platform.ts"
import { begin, enter, enterWrite, finish, takeKey } from "./handle.ts"
import { BIG_KEY, HEADER, ITEM_FLAGS, ITEM_HEADER, KEY_SIZE, LEAF, NEXT, PREV } from "./layout.ts"
import { itemAt, itemCount } from "./page.ts"
import { copyValue, copyValueInto, type Shown, showRecord } from "./record.ts"
import { removeRecords } from "./remove.ts"
import { compareKeys, loadBigKey, neighbourLeaf, search, searchEdge } from "./search.ts"
import type { BTree } from "./tree.ts"

/**
 * Where a cursor stands: nowhere yet; on its record; where its record was, or would be; or, among duplicates, before the equal
 * record that took the place of the one it deleted itself.
 */
const NOWHERE = 0
export const ON = 1
const GONE = 2
const DELETED = 3

export class Cursor implements Shown {
  declare bytes: Uint8Array
  declare keyOffset: number
  declare keyLength: number
  declare valueOffset: number
  declare valueLength: number
  /** @internal */ declare _tree: BTree
  /** @internal */ declare _key: Region
  /** @internal */ declare _keyLength: number
  /** @internal */ declare _page: number
  /** @internal */ declare _index: number
  /** @internal tree._changes when _page and _index were right. */ declare _changes: number
  /** @internal */ declare _state: number
  /** @internal Which of several equal keys, from 0; kept only in trees with duplicates. */
  declare _ordinal: number

  /** @internal */
  constructor(tree: BTree) {
    this._tree = tree
    this._key = makeRegion(32)
    this._keyLength = 0
    this._page = 0
    this._index = 0
    this._changes = -1
    this._state = NOWHERE
    this._ordinal = 0
    this.bytes = this._key.bytes
    this.keyOffset = 0
    this.keyLength = 0
    this.valueOffset = 0
    this.valueLength = 0
  }

  /** Goes to the first record; false when the tree is empty. Reads depth pages at most. */
  first(): boolean {
    enter(this._tree)
    searchEdge(this._tree, false)
    return this._forward(this._tree._leaf, 0, 0)
  }

  /** Goes to the last record; false when the tree is empty. */
  last(): boolean {
    enter(this._tree)
    searchEdge(this._tree, true)
    return this._backward(this._tree._leaf, this._tree._index - 1, 0)
  }

  /**
   * Goes to the next record: the smallest key above the one it stood on, even when that was deleted or overwritten since. False
   * at the end: the cursor then stays where it is. A fresh cursor goes to the first record. Allocates nothing.
   */
  next(): boolean {
    enter(this._tree)
    if (this._state === NOWHERE) return this.first()
    const leaf = this._settle()
    return this._forward(leaf, this._state === ON ? this._index + 1 : this._index, 1)
  }

  /** Goes to the record before, as next() does to the one after; a fresh cursor goes to the last record. */
  previous(): boolean {
    enter(this._tree)
    if (this._state === NOWHERE) return this.last()
    const leaf = this._settle()
    return this._backward(leaf, this._index - 1, -1)
  }

  /** Goes to the smallest key >= `key`, the first of equal ones; false, staying where it is, when there is none. */
  seek(key: Bytes): boolean {
    const tree = this._tree
    enter(tree)
    takeKey(tree, key)
    if (tree._duplicates) search(tree, -1)
    else search(tree, 0)
    return this._forward(tree._leaf, tree._index, 0)
  }

  /** Gives a copy of the key the cursor stands on (or stood on, when the record was deleted). EINVAL before the first move. */
  key(): Uint8Array {
    enter(this._tree)
    this._refuseNowhere()
    return copyOut(this._key.bytes, 0, this._keyLength)
  }

  /** Gives a copy of the value. EINVAL when there is no record under the cursor. */
  value(): Uint8Array {
    enter(this._tree)
    this._refuseNowhere()
    const leaf = this._settle()
    if (this._state !== ON)
      throw failure("EINVAL", "the record under the cursor was deleted; move the cursor first")
    return copyValue(this._tree, leaf, this._index)
  }

  /** Copies what fits of the key into `target` from `offset` (0); gives its length, -1 before the first move. */
  keyInto(target: Uint8Array, offset?: number): number {
    enter(this._tree)
    const at = checkTarget(target, offset)
    if (this._state === NOWHERE) return -1
    const room = target.length - at
    const part = this._keyLength < room ? this._keyLength : room
    if (part > 0) copyBytes(this._key.bytes, 0, target, at, part)
    return this._keyLength
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its length, -1 when there is no record here. */
  valueInto(target: Uint8Array, offset?: number): number {
    enter(this._tree)
    const at = checkTarget(target, offset)
    if (this._state === NOWHERE) return -1
    const leaf = this._settle()
    if (this._state !== ON) return -1
    return copyValueInto(this._tree, leaf, this._index, target, at)
  }

  /** Deletes the record under the cursor (one of equal ones); false when there is none. next() then gives the one after it. */
  declare delete: () => boolean

  /** Lets go of the cursor's buffers. It goes back to being fresh. */
  close(): void {
    this._state = NOWHERE
    this._key = makeRegion(1)
    this._keyLength = 0
    this.bytes = this._key.bytes
  }

  /** @internal */
  _refuseNowhere(): void {
    if (this._state === NOWHERE) throw failure("EINVAL", "the cursor is on no record yet; move it first")
  }

  /** @internal */
  _isOnRecord(): boolean {
    if (this._state === NOWHERE) return false
    this._settle()
    return this._state === ON
  }

  /** @internal Gives the leaf of the cursor's position, which it finds again by key after a change. */
  _settle(): Frame {
    const tree = this._tree
    if (this._changes === tree._changes) return fetchPage(tree._cache, this._page, LEAF)
    this._useKey()
    const found = tree._duplicates ? tree._findEqual(this._ordinal) : search(tree, 0)
    if (this._state !== DELETED) this._state = found ? ON : GONE
    this._page = tree._leaf.pgno
    this._index = tree._index
    this._changes = tree._changes
    return tree._leaf
  }

  /** @internal Makes the cursor's key the tree's search key. */
  _useKey(): void {
    const tree = this._tree
    tree._key = growRegion(tree._key, this._keyLength)
    moveBytes(this._key, 0, tree._key, 0, this._keyLength)
    tree._keyLength = this._keyLength
  }

  /** @internal Lands on item `index` of the leaf, or on the first item of a leaf to the right. */
  _forward(leaf: Frame, index: number, order: number): boolean {
    const tree = this._tree
    let frame = leaf
    let at = index
    let left = tree._pages
    while (at >= itemCount(tree, frame)) {
      const after = neighbourLeaf(tree, frame, NEXT, PREV)
      if (after === null) return false
      if (--left === 0) throw corruption(after.pgno, NEXT, "the leaves are linked in a circle")
      frame = after
      at = 0
    }
    return this._land(frame, at, order)
  }

  /** @internal Lands on item `index` of the leaf, or on the last item of a leaf to the left. */
  _backward(leaf: Frame, index: number, order: number): boolean {
    const tree = this._tree
    let frame = leaf
    let at = index
    let left = tree._pages
    while (at < 0) {
      const before = neighbourLeaf(tree, frame, PREV, NEXT)
      if (before === null) return false
      if (--left === 0) throw corruption(before.pgno, PREV, "the leaves are linked in a circle")
      frame = before
      at = itemCount(tree, frame) - 1
    }
    return this._land(frame, at, order)
  }

  /**
   * @internal Stands on item `index` of the leaf and keeps its key. `order` tells which way the cursor came (0: it was placed);
   * a key on the wrong side of the one before is ECORRUPT, which ends every circle.
   */
  _land(leaf: Frame, index: number, order: number): boolean {
    const tree = this._tree
    const at = itemAt(tree, leaf, index)
    let source: Region = leaf
    let offset = at + ITEM_HEADER
    let length = leaf.view.getUint32(at + KEY_SIZE, tree._little)
    pin(tree._cache, leaf)
    if ((leaf.bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0) {
      length = loadBigKey(tree, leaf, at)
      source = tree._big
      offset = 0
    }
    const step = this._remember(source, offset, length)
    if (order !== 0 && (step === 0 ? !tree._duplicates : step > 0 !== order > 0)) {
      throw corruption(leaf.pgno, HEADER + index * 2, "a key out of order")
    }
    this._page = leaf.pgno
    this._index = index
    this._changes = tree._changes
    if (tree._duplicates) this._ordinal = tree._ordinalOf(this, order, step === 0)
    this._state = ON
    unpin(tree._cache, leaf)
    showRecord(tree, this, leaf, index)
    return true
  }

  /** @internal Keeps a copy of the key and tells how it orders against the one kept before. */
  _remember(source: Region, offset: number, length: number): number {
    const tree = this._tree
    const old = this._keyLength
    this._keyLength = length
    if (tree._compare === null && length <= this._key.bytes.length) {
      return replaceBytes(source, offset, length, this._key, old)
    }
    const step = compareKeys(tree, source, offset, length, this._key, 0, old)
    this._key = growRegion(this._key, length)
    moveBytes(source, offset, this._key, 0, length)
    return step
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
Cursor.prototype.delete = function (this: Cursor): boolean {
  const tree = this._tree
  enterWrite(tree)
  if (!this._isOnRecord()) return false
  this._useKey()
  const found = tree._duplicates ? tree._findEqual(this._ordinal) : search(tree, 0)
  if (!found) throw corruption(this._page, HEADER, "the record under the cursor is not where its key belongs")
  begin(tree)
  removeRecords(tree, tree._index, tree._index + 1)
  tree._changes++
  this._state = tree._duplicates ? DELETED : GONE
  finish(tree)
  return true
}
