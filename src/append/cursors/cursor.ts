/**
 * Cursors, as they are used: position.ts moves them. Nothing is registered anywhere, and an abandoned cursor costs nothing.
 */
import { type Bytes, type Kept, keep, roomIn, toBytes } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import type { Frame } from "../../page/pool.ts"
import { copyBytes } from "../../platform.ts"
import { takeKey } from "../keys.ts"
import { KEY_MAX } from "../layout.ts"
import { readValue } from "../overflow.ts"
import { search } from "../search.ts"
import { NOWHERE, TO_BELOW, TO_KEY } from "../states.ts"
import type { Transaction } from "../transaction.ts"
import type { AppendTree } from "../tree.ts"
import { BT_CURSOR, BT_CURSOR_EXACT, BT_FIRST, BT_LAST, BT_NEXT, BT_PREV } from "../types.ts"
import { find, goTo, land, place, rootOf, settle } from "./position.ts"
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
    place(this)
    // The empty key is below all others.
    this._tree._key._length = 0
    return find(this, TO_BELOW, 0) && land(this, 0)
  }

  /** Goes to the last record; false when the tree is empty. */
  last(): boolean {
    const key = this._tree._key
    place(this)
    // Longer than any key, and above all of them.
    key._bytes.fill(0xff)
    key._length = KEY_MAX + 1
    return find(this, TO_BELOW, -1) && land(this, 0)
  }

  /** Goes to the smallest key above the one it stood on, even when that was deleted since; a fresh cursor to the first record. */
  next(): boolean {
    if (this._state === NOWHERE) return this.first()
    const on = settle(this)
    return goTo(this, this._leaf, on ? this._index + 1 : this._index, 1)
  }

  /** Goes to the record before, as next() does to the one after; a fresh cursor goes to the last record. */
  previous(): boolean {
    if (this._state === NOWHERE) return this.last()
    settle(this)
    return goTo(this, this._leaf, this._index - 1, -1)
  }

  /** Goes to the smallest key >= `key`. @throws EINVAL a key that is empty or longer than 255 bytes */
  seek(key: Bytes): boolean {
    place(this)
    takeKey(this._tree, key)
    return find(this, TO_KEY, 0) && land(this, 0)
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
        place(this)
        takeKey(this._tree, wanted)
        on = search(this._tree, rootOf(this), TO_KEY) && land(this, 0)
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
    if (!settle(this)) refuse("EINVAL", NO_RECORD)
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
    if (!settle(this)) return -1
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
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
AppendCursor.prototype.delete = function (this: AppendCursor): boolean {
  const tree = this._tree
  if (!settle(this)) return false
  const key = this.key()
  if (this._txn !== null) return this._txn.delete(key)
  const done = tree.delete(key)
  this._view = tree.snapshot()
  this._changes = -1
  return done
}
