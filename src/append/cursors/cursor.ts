/**
 * Cursors. A cursor keeps a copy of its record and a position (leaf, index) that is good while nothing has changed; after a change it finds its
 * place again by the key. Nothing is registered anywhere, and an abandoned cursor costs nothing.
 */
import { type Bytes, type Kept, keep, roomIn, toBytes } from "../../bytes.ts"
import { corrupt, refuse } from "../../errors.ts"
import { fetchPage } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { copyBytes } from "../../platform.ts"
import { takeKey, turnKey } from "../keys.ts"
import { BIG, HEADER, ITEM_FLAGS, ITEM_HEADER, KEY_MAX, LEAF, ROOT } from "../layout.ts"
import { pageLimit } from "../limits.ts"
import { compareKeys } from "../order.ts"
import { readValue } from "../overflow.ts"
import { itemAt, keySizeAt, takeFullKey, wordAt } from "../page.ts"
import { search } from "../search.ts"
import { GONE, NOWHERE, ON, TO_BELOW, TO_KEY } from "../states.ts"
import type { Transaction } from "../transaction.ts"
import type { AppendTree } from "../tree.ts"
import { BT_CURSOR, BT_CURSOR_EXACT, BT_FIRST, BT_LAST, BT_NEXT, BT_PREV } from "../types.ts"
import { visitRange } from "./range.ts"

const NO_RECORD = "no record under the cursor"

/**
 * Made by cursor(). A cursor of a transaction sees what that sees. One of the tree itself takes the newest commit each time it is placed (first,
 * last, seek, or a first step) and stays on it. Where a move gives false the cursor stays where it was. Steps read a page where they come to
 * another leaf, depth pages at most, and allocate nothing that lasts. Every method throws ECLOSED, ESTALE, ECORRUPT, EIO.
 */
export class AppendCursor {
  /** The record, in the cursor's own memory, until its next call: valueLength is -1 when the value is on overflow pages. */
  declare bytes: Uint8Array
  declare keyOffset: number
  declare keyLength: number
  declare valueOffset: number
  declare valueLength: number
  /** @internal */ declare _tree: AppendTree
  /** @internal Null: of the tree itself, or of the snapshot that is this. */ declare _txn: Transaction | null
  /** @internal The commit that a cursor of the tree is on. */ declare _view: Transaction | null
  /** @internal */ declare _state: number
  /** @internal */ declare _leaf: Frame
  /** @internal */ declare _page: number
  /** @internal */ declare _index: number
  /** @internal Bytes that the keys of the leaf lack. */ declare _prefix: number
  /** @internal txn._changes when the position was right. */ declare _changes: number
  /** @internal Leaves gone through in one direction. */ declare _hops: number
  /** @internal */ declare _way: number
  /** @internal The key in canonical form. */ declare _key: Kept
  /** @internal The record as it is shown. */ declare _shown: Kept

  /** @internal */
  constructor(tree: AppendTree, txn: Transaction | null) {
    if (txn === null) tree._refuseClosed()
    else txn._enter(false)
    this._tree = tree
    this._txn = txn
    this._view = txn
    this._state = NOWHERE
    this._page = this._index = this._prefix = this._hops = this._way = 0
    this._changes = -1
    this._key = keep(null, null, 0, 32)
    this._shown = keep(null, null, 0, 32)
    this.bytes = this._shown._bytes
    this.keyOffset = this.keyLength = this.valueOffset = this.valueLength = 0
  }

  /** Goes to the first record; false when the tree is empty. */
  first(): boolean {
    this._place()
    // The empty key is below all others.
    this._tree._key._length = 0
    return this._find(TO_BELOW, 0) && this._land(0)
  }

  /** Goes to the last record; false when the tree is empty. */
  last(): boolean {
    const key = this._tree._key
    this._place()
    // Longer than any key, and above all of them.
    key._bytes.fill(0xff)
    key._length = KEY_MAX + 1
    return this._find(TO_BELOW, -1) && this._land(0)
  }

  /** Goes to the smallest key above the one it stood on, even when that was deleted since; a fresh cursor to the first record. */
  next(): boolean {
    if (this._state === NOWHERE) return this.first()
    const on = this._settle()
    return this._to(this._leaf, on ? this._index + 1 : this._index, 1)
  }

  /** Goes to the record before, as next() does to the one after; a fresh cursor goes to the last record. */
  previous(): boolean {
    if (this._state === NOWHERE) return this.last()
    this._settle()
    return this._to(this._leaf, this._index - 1, -1)
  }

  /** Goes to the smallest key >= `key`. @throws EINVAL a key that is empty or longer than 255 bytes */
  seek(key: Bytes): boolean {
    this._place()
    takeKey(this._tree, key)
    return this._find(TO_KEY, 0) && this._land(0)
  }

  /**
   * The original's operations: BT_CURSOR and BT_CURSOR_EXACT with a key, BT_FIRST, BT_NEXT, BT_LAST, BT_PREV. Gives copies of the key and the
   * value, undefined where there is no such record. @throws EINVAL another operation, or no key
   */
  get(op: number, key?: Bytes): [Uint8Array, Uint8Array] | undefined {
    let on = false
    if (op === BT_CURSOR || op === BT_CURSOR_EXACT) {
      const wanted = toBytes(key as Bytes, "key")
      if (op === BT_CURSOR) on = this.seek(wanted)
      else {
        this._place()
        takeKey(this._tree, wanted)
        on = search(this._tree, this._root(), TO_KEY) && this._land(0)
      }
    } else if (op === BT_FIRST) on = this.first()
    else if (op === BT_NEXT) on = this.next()
    else if (op === BT_LAST) on = this.last()
    else if (op === BT_PREV) on = this.previous()
    else refuse("EINVAL", `cursor operation ${op}: 0 to 5 are expected`)
    return on ? [this.key(), this.value()] : undefined
  }

  /** Gives a copy of the key the cursor stands on (or stood on, when the record was deleted). EINVAL before the first move. */
  key(): Uint8Array {
    const key = new Uint8Array(this._key._length)
    if (this.keyInto(key) < 0) refuse("EINVAL", NO_RECORD)
    return key
  }

  /** Gives a copy of the value. EINVAL when there is no record under the cursor. */
  value(): Uint8Array {
    if (!this._settle()) refuse("EINVAL", NO_RECORD)
    return readValue(this._tree, undefined, 0) as Uint8Array
  }

  /** Copies what fits of the key into `target` from `offset` (0); gives its length, -1 before the first move. */
  keyInto(target: Uint8Array, offset?: number): number {
    const at = offset || 0
    const length = this._key._length
    const part = roomIn(target, at, length)
    this._tree._refuseClosed()
    if (this._state === NOWHERE) return -1
    copyBytes(this._shown._bytes, 0, target, at, part)
    return length
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its length, -1 when there is no record here. */
  valueInto(target: Uint8Array, offset?: number): number {
    if (!this._settle()) return -1
    return readValue(this._tree, target, offset || 0) as number
  }

  /**
   * Deletes the record under the cursor; false when there is none. In a transaction that writes, or by one of its own, after which the cursor is
   * on the newest commit. next() then gives the record after it. @throws EINVAL a snapshot's cursor; what put() throws
   */
  declare delete: () => boolean

  /** Lets go of the cursor's memory. It goes back to being fresh. */
  close(): void {
    this._state = NOWHERE
    this._key = keep(null, null, 0, 1)
    this._shown = keep(null, null, 0, 1)
    this.bytes = this._shown._bytes
    this.keyLength = this.valueLength = 0
  }

  /** @internal Calls `visit` on each record of a range; forEach(). */
  _visit(
    visit: (cursor: AppendCursor) => boolean | undefined | void,
    start: Bytes | null | undefined,
    end: Bytes | null | undefined,
    flags: number,
  ): void {
    visitRange(this, visit, start, end, flags)
  }

  /** @internal */
  _root(): number {
    return (this._view as Transaction)._record[ROOT]
  }

  /** @internal Begins a call that places the cursor: on the newest commit, where it is not a transaction's. */
  _place(): void {
    if (this._txn === null) {
      this._view = this._tree.snapshot()
      this._changes = -1
    }
    ;(this._view as Transaction)._enter(false)
  }

  /** @internal Begins a call, and finds the cursor's place again where it must; tells whether it is on its record. */
  _settle(): boolean {
    const tree = this._tree
    if (this._state === NOWHERE) {
      tree._refuseClosed()
      return false
    }
    const view = this._view as Transaction
    view._enter(false)
    if (this._changes !== view._changes) {
      tree._key = keep(tree._key, this._key._bytes, 0, this._key._length)
      this._state = search(tree, view._record[ROOT], TO_KEY) ? ON : GONE
      this._changes = view._changes
      this._index = tree._index
      this._prefix = tree._prefix
      this._page = 0
      if (tree._depth >= 0) {
        this._leaf = tree._leaf
        this._page = tree._leaf._pgno
      }
    } else if (this._page !== 0) {
      if (this._leaf._pgno !== this._page || this._leaf._kind !== LEAF)
        this._leaf = fetchPage(tree._cache, this._page, LEAF)
      else this._leaf._used = ++tree._cache._clock
    }
    tree._leaf = this._leaf
    tree._index = this._index
    return this._state === ON
  }

  /** @internal Searches, and makes item _index + `more` of the leaf found the one to land on; false where the tree is empty. */
  _find(mode: number, more: number): boolean {
    const tree = this._tree
    search(tree, this._root(), mode)
    tree._index += more
    return tree._depth >= 0
  }

  /** @internal Goes from item `index` of a leaf in the direction of `order`, to the next leaf where it has none. */
  _to(leaf: Frame, index: number, order: number): boolean {
    const tree = this._tree
    // In an empty tree there is no leaf.
    if (this._page === 0) return false
    if (index >= 0 && index < leaf._count) {
      tree._leaf = leaf
      tree._index = index
      tree._prefix = this._prefix
      return this._show(order)
    }
    tree._key = keep(tree._key, this._key._bytes, 0, this._key._length)
    if (!this._find(TO_KEY, 0)) return false
    // Where the leaf ends; _land goes on from there.
    tree._index = order > 0 ? tree._leaf._count : -1
    return this._land(order)
  }

  /**
   * @internal Shows item _index of _leaf, or goes on to the nearest leaf that has one: its edge is the bound that search() has left. False at the
   * end of the tree. More leaves in one direction than the file has pages are a circle.
   */
  _land(order: number): boolean {
    const tree = this._tree
    if (order === 0 || order !== this._way) this._hops = 0
    this._way = order
    while (tree._index < 0 || tree._index >= tree._leaf._count) {
      const down = tree._index < 0
      const edge = down ? tree._low : tree._high
      if (edge._length < 0) return false
      if (++this._hops > pageLimit(tree)) corrupt(tree._leaf._pgno, 0, "more leaves than the file has pages")
      tree._key = keep(tree._key, edge._bytes, 0, edge._length)
      search(tree, this._root(), down ? TO_BELOW : TO_KEY)
      if (down) tree._index = tree._leaf._count - 1
    }
    return this._show(order)
  }

  /** @internal Stands on item _index of _leaf and keeps it. A key on the wrong side of the one before is ECORRUPT. */
  _show(order: number): boolean {
    const tree = this._tree
    const leaf = tree._leaf
    const index = tree._index
    const at = itemAt(leaf, index)
    const prefix = tree._prefix
    const third = tree._third
    // The prefix is that of the cursor's own key where it stays on the leaf, else that of the bounds.
    const from = order !== 0 && this._page === leaf._pgno && this._prefix === prefix ? this._key : tree._low
    takeFullKey(tree, leaf, index, from, prefix, third)
    const length = third._length
    if (length === 0) corrupt(leaf._pgno, at - leaf._base, "a key of 0 bytes")
    if (order !== 0) {
      const step = compareKeys(third, this._key)
      if (step === 0 || step > 0 !== order > 0) corrupt(leaf._pgno, HEADER + index * 2, "a key out of order")
    }
    this._key = keep(this._key, third._bytes, 0, length)
    const isBig = leaf._bytes[at + ITEM_FLAGS] === BIG
    const size = isBig ? 0 : wordAt(leaf, at)
    this._shown = keep(this._shown, null, 0, length + size)
    const bytes = this._shown._bytes
    turnKey(tree, third._bytes, 0, bytes, 0, length)
    copyBytes(leaf._bytes, at + ITEM_HEADER + keySizeAt(leaf, at), bytes, length, size)
    this.bytes = bytes
    this.keyLength = this.valueOffset = length
    this.valueLength = isBig ? -1 : size
    this._leaf = leaf
    this._page = leaf._pgno
    this._index = index
    this._prefix = prefix
    this._changes = (this._view as Transaction)._changes
    this._state = ON
    return true
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
AppendCursor.prototype.delete = function (this: AppendCursor): boolean {
  const tree = this._tree
  if (!this._settle()) return false
  const key = this.key()
  if (this._txn !== null) return this._txn.delete(key)
  const done = tree.delete(key)
  this._view = tree.snapshot()
  this._changes = -1
  return done
}
