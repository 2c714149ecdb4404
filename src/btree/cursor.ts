/**
 * Cursors. A cursor keeps a copy of its key and a position (leaf, index) that is good while tree._changes stays what it was;
 * after a change it finds its place again by the key. So any number of cursors stay right while the tree changes, nothing is
 * registered anywhere, and an abandoned cursor costs nothing (defects Q6, Q7).
 */
import { type Bytes, type Kept, keep, roomIn, toBytes } from "../bytes.ts"
import { corrupt, refuse } from "../errors.ts"
import { fetchPage } from "../page/cache.ts"
import type { Frame } from "../page/pool.ts"
import { compareBytes, copyBytes, WORDS } from "../platform.ts"
import { enter } from "./handle.ts"
import { DATA_SIZE, HEADER, ITEM_FLAGS, ITEM_HEADER, LEAF, NEXT, PREV } from "./layout.ts"
import { readValue, type Shown, showRecord } from "./record.ts"
import { removeRecords } from "./remove.ts"
import { keepKey, neighbour, search, TO_FIRST, TO_LAST } from "./search.ts"
import { BUSY, DELETED, DONE, GONE, NOWHERE, ON, OPEN, READ, WRITE } from "./states.ts"
import type { BTree } from "./tree.ts"
import { DESC, INCL } from "./types.ts"

const NO_RECORD = "no record under the cursor"

export class Cursor implements Shown {
  declare bytes: Uint8Array
  declare keyOffset: number
  declare keyLength: number
  declare valueOffset: number
  declare valueLength: number
  /** @internal */ declare _tree: BTree
  /** @internal */ declare _state: number
  /** @internal */ declare _leaf: Frame
  /** @internal */ declare _page: number
  /** @internal */ declare _index: number
  /** @internal tree._changes when _page and _index were right. */ declare _changes: number
  /** @internal A copy of the key, unless this is tree._ahead. */ declare _key: Kept
  /** @internal First word of the key, -1 where it is shorter, or on overflow pages. */ declare _head: number
  /** @internal Which of several equal keys, from 0; kept only in trees with duplicates. */
  declare _ordinal: number
  /** @internal Bounds and flags of the range that _step goes through; null for none. */
  declare _start: Uint8Array | null
  /** @internal */ declare _end: Kept | null
  /** @internal */ declare _flags: number
  /** @internal 0 not begun, 1 under way, 2 at its end. */ declare _phase: number

  /** @internal The bounds are copied; nothing is read. MicroPython's rules (specs: micropython-btree section 3). */
  constructor(tree: BTree, start?: Bytes | null, end?: Bytes | null, flags?: number) {
    enter(tree, READ)
    this._tree = tree
    this._state = NOWHERE
    this._index = 0
    this._page = 0
    this._changes = -1
    if (WORDS) this._head = -1
    this._key = keep(null, null, 0, 32)
    this._ordinal = 0
    this._start = null
    this._end = null
    this._flags = flags || 0
    this._phase = 0
    if ((this._flags & ~(INCL | DESC)) !== 0) refuse("EINVAL", `range flags ${flags}`)
    if (start !== undefined && start !== null) {
      const bytes = new Uint8Array(toBytes(start, "start key"))
      if (bytes.length === 0) refuse("EINVAL", "an empty start key: leave it out")
      this._start = bytes
    }
    if (end !== undefined && end !== null) {
      const bytes = toBytes(end, "end key")
      this._end = keep(null, bytes, 0, bytes.length)
    }
  }

  /** Goes to the first record; false when the tree is empty. Reads depth pages at most. */
  first(): boolean {
    const tree = this._tree
    enter(tree, READ)
    search(tree, TO_FIRST)
    return this._land(tree._leaf, 0, 0)
  }

  /** Goes to the last record; false when the tree is empty. */
  last(): boolean {
    const tree = this._tree
    enter(tree, READ)
    search(tree, TO_LAST)
    return this._land(tree._leaf, tree._index - 1, 0)
  }

  /**
   * Goes to the next record: the smallest key above the one it stood on, even when that was deleted or overwritten since. False
   * at the end: the cursor then stays where it is. A fresh cursor goes to the first record. Allocates nothing.
   */
  next(): boolean {
    const tree = this._tree
    if (!WORDS || this._head < 0 || this._changes !== tree._changes || tree._state !== OPEN)
      return this._forward()
    // A step on one leaf, or to the first record of the next one, while nothing has changed. The key is not copied.
    let leaf = this._leaf
    let index = this._index + 1
    if (tree._ahead !== this && tree._ahead !== null) keepKey(tree)
    if (leaf._pgno !== this._page || leaf._kind !== LEAF) return this._forward()
    if (index < leaf._count) {
      leaf._used = ++tree._cache._clock
    } else {
      const beyond = neighbour(tree, leaf, NEXT)
      if (beyond === null || beyond._count === 0) return this._forward()
      leaf = beyond
      index = 0
    }
    const view = leaf._view
    const slot = leaf._base + HEADER + index * 2
    const at = leaf._base + view.getUint16(slot, true)
    const size = view.getUint32(at, true)
    const body = at + ITEM_HEADER
    if (size < 4 || leaf._bytes[at + ITEM_FLAGS] !== 0) return this._forward()
    const head = view.getUint32(body)
    if (head <= this._head) {
      // The first words do not tell which of the two keys is larger.
      const before = leaf._base + view.getUint16(slot - 2, true)
      if (index === 0 || head < this._head) return this._forward()
      const length = view.getUint32(before, true)
      if (compareBytes(leaf, body, size, leaf, before + ITEM_HEADER, length) <= 0) return this._forward()
    }
    if (index === 0) {
      this._leaf = leaf
      this._page = leaf._pgno
    }
    tree._ahead = this
    this._index = index
    this._head = head
    this.bytes = leaf._bytes
    this.keyOffset = body
    this.keyLength = size
    this.valueOffset = body + size
    this.valueLength = view.getUint32(at + DATA_SIZE, true)
    return true
  }

  /** Goes to the record before, as next() does to the one after; a fresh cursor goes to the last record. */
  previous(): boolean {
    if (this._state === NOWHERE) return this.last()
    this._settle()
    return this._land(this._leaf, this._index - 1, -1)
  }

  /** Goes to the smallest key >= `key`, the first of equal ones; false, staying where it is, when there is none. */
  seek(key: Bytes): boolean {
    const tree = this._tree
    enter(tree, READ)
    const bytes = toBytes(key, "key")
    tree._key = keep(tree._key, bytes, 0, bytes.length)
    search(tree, tree._duplicates ? -1 : 0)
    return this._land(tree._leaf, tree._index, 0)
  }

  /** Gives a copy of the key the cursor stands on (or stood on, when the record was deleted). EINVAL before the first move. */
  key(): Uint8Array {
    if (WORDS && this._tree._ahead === this) {
      enter(this._tree, READ)
      keepKey(this._tree)
    }
    const key = new Uint8Array(this._key._length)
    if (this.keyInto(key) < 0) refuse("EINVAL", NO_RECORD)
    return key
  }

  /** Gives a copy of the value. EINVAL when there is no record under the cursor. */
  value(): Uint8Array {
    if (!this._settle()) refuse("EINVAL", NO_RECORD)
    return readValue(this._tree, this._leaf, this._index, undefined, 0) as Uint8Array
  }

  /** Copies what fits of the key into `target` from `offset` (0); gives its length, -1 before the first move. */
  keyInto(target: Uint8Array, offset?: number): number {
    const at = offset || 0
    enter(this._tree, READ)
    if (WORDS && this._tree._ahead === this) keepKey(this._tree)
    const length = this._key._length
    const part = roomIn(target, at, length)
    if (this._state === NOWHERE) return -1
    copyBytes(this._key._bytes, 0, target, at, part)
    return length
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its length, -1 when there is no record here. */
  valueInto(target: Uint8Array, offset?: number): number {
    if (!this._settle()) return -1
    return readValue(this._tree, this._leaf, this._index, target, offset || 0) as number
  }

  /** Deletes the record under the cursor (one of equal ones); false when there is none. next() then gives the one after it. */
  declare delete: () => boolean

  /** Lets go of the cursor's buffer. It goes back to being fresh. */
  close(): void {
    const tree = this._tree
    if (WORDS && tree._ahead === this) tree._ahead = null
    this._state = NOWHERE
    if (WORDS) this._head = -1
    this._key = keep(null, null, 0, 1)
    this.bytes = this._key._bytes
  }

  /** @internal Moves to the next record of the range; false at its end, and ever after. */
  _step(): boolean {
    const down = (this._flags & DESC) !== 0
    const end = this._end
    let on = false
    // The smallest key >= start begins a range in either direction.
    if (this._phase === 2) enter(this._tree, READ)
    else if (this._phase === 0 && this._start !== null) on = this.seek(this._start)
    else on = down ? this.previous() : this.next()
    if (on && end !== null) {
      const ahead = WORDS && this._tree._ahead === this
      const order = ahead
        ? this._tree._order(this._leaf, this.keyOffset, this.keyLength, end, 0, end._length)
        : this._tree._order(this._key, 0, this._key._length, end, 0, end._length)
      on = order === 0 ? (this._flags & INCL) !== 0 : order > 0 === down
    }
    this._phase = on ? 1 : 2
    return on
  }

  /** @internal Finds the cursor's place again where it must; tells whether it is on its record, which is then in _leaf. */
  _settle(): boolean {
    const tree = this._tree
    const cache = tree._cache
    enter(tree, READ)
    if (WORDS && tree._ahead === this) keepKey(tree)
    if (this._state === NOWHERE) return false
    if (this._changes !== tree._changes) {
      tree._key = keep(tree._key, this._key._bytes, 0, this._key._length)
      tree._nth = this._ordinal
      const found = search(tree, 0)
      if (this._state !== DELETED) this._state = found ? ON : GONE
      if (WORDS) this._head = -1
      this._leaf = tree._leaf
      this._page = tree._leaf._pgno
      this._index = tree._index
      this._changes = tree._changes
    } else if (this._leaf._pgno === this._page && this._leaf._kind === LEAF) {
      cache.hits++
      this._leaf._used = ++cache._clock
    } else {
      this._leaf = fetchPage(cache, this._page, LEAF)
    }
    return this._state === ON
  }

  /** @internal next() in all cases. */
  _forward(): boolean {
    if (this._state === NOWHERE) return this.first()
    const on = this._settle()
    return this._land(this._leaf, on ? this._index + 1 : this._index, 1)
  }

  /**
   * @internal Stands on item `index` of the leaf, or, where it has none, on the one beyond its edge, and keeps its key; false
   * at the end. `order` tells which way the cursor came (0: it was placed); a key on the wrong side of the one before is ECORRUPT,
   * which ends every circle.
   */
  _land(leaf: Frame, index: number, order: number): boolean {
    const tree = this._tree
    let frame = leaf
    let at = index
    let same = false
    if (at < 0 || at >= frame._count) {
      const beyond = neighbour(tree, frame, at < 0 ? PREV : NEXT)
      if (beyond === null) return false
      frame = beyond
      at = at < 0 ? frame._count - 1 : 0
      if (frame._count === 0) corrupt(frame._pgno, HEADER, "an empty leaf")
    }
    showRecord(tree, this, frame, at)
    // 0: in the buffer for big keys. (Two arrays are compared byte by byte on Espruino.)
    const fromAt = this.keyOffset
    const length = this.keyLength
    if (order !== 0) {
      const from = fromAt > 0 ? frame : (tree._big as Kept)
      const step = tree._order(from, fromAt, length, this._key, 0, this._key._length)
      same = step === 0
      if (same ? !tree._duplicates : step > 0 !== order > 0) {
        corrupt(frame._pgno, HEADER + at * 2, "a key out of order")
      }
    }
    this._key = keep(this._key, this.bytes, fromAt, length)
    if (WORDS) {
      if (tree._ahead === this) tree._ahead = null
      const first = fromAt > 0 && length >= 4 && !tree._duplicates && tree._order === compareBytes
      this._head = first ? frame._view.getUint32(fromAt) : -1
    }
    this._leaf = frame
    this._page = frame._pgno
    this._index = at
    this._changes = tree._changes
    if (tree._duplicates) {
      frame._pin = tree._cache._call
      this._ordinal = tree._ordinalOf(this, order, same)
      // Its searches may have read another big key.
      showRecord(tree, this, frame, at)
    }
    this._state = ON
    return true
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
Cursor.prototype.delete = function (this: Cursor): boolean {
  const tree = this._tree
  enter(tree, WRITE)
  const on = this._state === ON && this._changes === tree._changes
  this._changes = -1
  if (!this._settle()) {
    if (on) corrupt(this._page, HEADER, "the record is not where its key belongs")
    return false
  }
  tree._state = BUSY
  removeRecords(tree, tree._index, tree._index + 1, false)
  this._state = tree._duplicates ? DELETED : GONE
  if (WORDS) this._head = -1
  enter(tree, DONE)
  return true
}
