/** Transactions: one that writes, any number that read one commit each. */
import { type Bytes, toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { abortWriter, commitWriter, makeRoom } from "./commit.ts"
import { AppendCursor } from "./cursor.ts"
import { takeKey } from "./keys.ts"
import { readValue } from "./overflow.ts"
import { storeRecord } from "./put.ts"
import { removeRecord } from "./remove.ts"
import { search, TO_KEY } from "./search.ts"
import { ACTIVE, BUSY, ENDED } from "./states.ts"
import type { AppendTree } from "./tree.ts"
import { BT_NOOVERWRITE } from "./types.ts"

/**
 * Made by begin() and snapshot(). One that reads sees the commit that was the newest when it began, whatever is committed, aborted or
 * compacted later; only a revert of that very commit ends it (ESTALE). It holds no memory but itself and need not be ended. Methods throw EINVAL
 * after commit() or abort(), ECLOSED after the tree's close().
 */
export class Transaction {
  /** @internal */ declare _tree: AppendTree
  /** @internal */ declare _writes: boolean
  /** @internal */ declare _state: number
  /** @internal Counts changes: cursors compare it. */ declare _changes: number
  /** @internal How many reverts there had been, and the end of the commit read, in pages. */
  declare _reverts: number
  /** @internal */ declare _end: number
  /** @internal */ declare _root: number
  /** @internal First page number of the transaction, and the next one. */ declare _first: number
  /** @internal */ declare _next: number
  /** @internal Counters of the tree. */ declare _entries: number
  /** @internal */ declare _internals: number
  /** @internal */ declare _leaves: number
  /** @internal */ declare _overflows: number
  /** @internal */ declare _depth: number

  /** @internal */
  constructor(tree: AppendTree, writes: boolean) {
    this._tree = tree
    this._writes = writes
    this._state = ACTIVE
    this._changes = 0
    this._reverts = tree._cuts.length
    this._end = tree._pages
    this._root = tree._root
    this._first = this._next = tree._pages
    this._entries = tree._entries
    this._internals = tree._internals
    this._leaves = tree._leaves
    this._overflows = tree._overflows
    this._depth = tree._levels
  }

  /** Gives a copy of the value, undefined when the key is absent. Reads depth pages, and those of a long value. */
  get(key: Bytes): Uint8Array | undefined {
    if (!this.has(key)) return undefined
    return readValue(this._tree, this._tree._leaf, this._tree._index, undefined, 0) as Uint8Array
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its whole length, -1 when the key is absent. */
  getInto(key: Bytes, target: Uint8Array, offset?: number): number {
    if (!this.has(key)) return -1
    return readValue(this._tree, this._tree._leaf, this._tree._index, target, offset || 0) as number
  }

  /** Tells whether the key is there. @throws EINVAL a key that is empty or longer than 255 bytes */
  has(key: Bytes): boolean {
    this._enter(false)
    takeKey(this._tree, key)
    return search(this._tree, this._root, TO_KEY)
  }

  /**
   * Sets the value of a key; false, and nothing changed, with BT_NOOVERWRITE when the key exists. Changes are in memory as far as the cache
   * goes, and in the stream behind its last commit. Copies the pages on the way once a transaction.
   * @throws EINVAL a key that is empty or longer than 255 bytes, or this transaction only reads; ENOSPC, EIO
   */
  put(key: Bytes, value: Bytes, flags?: number): boolean {
    this._enter(true)
    const tree = this._tree
    const data = toBytes(value, "value")
    if (flags && flags !== BT_NOOVERWRITE) refuse("EINVAL", `put flags ${flags}: 0 or BT_NOOVERWRITE`)
    takeKey(tree, key)
    const found = search(tree, this._root, TO_KEY)
    if (found && flags) return false
    this._state = BUSY
    makeRoom(tree, this)
    storeRecord(tree, this, data, found)
    this._changes++
    this._state = ACTIVE
    return true
  }

  /** Deletes a key; false when it was not there. Errors are put()'s. */
  declare delete: (key: Bytes) => boolean

  /** Gives a new cursor on what this transaction sees, its own changes included. */
  cursor(): AppendCursor {
    this._enter(false)
    return new AppendCursor(this._tree, this)
  }

  /**
   * Makes the changes the newest commit: durable on return, all of them or none, unless the tree has BT_NOSYNC. Writes the changed pages and a
   * commit record, with a flush behind each of the two; one flush on a stream that is atomic; nothing at all where nothing changed. Ends the
   * transaction, also when it throws, and then the tree is as before.
   * @throws EINVAL a transaction that reads, or one in which a change has failed; EBUSY another handle has committed since it began; ENOSPC, EIO
   */
  commit(): void {
    this._refuseEnded()
    if (!this._writes) refuse("EINVAL", "a read-only transaction has nothing to commit: abort() ends it")
    if (this._state === BUSY) {
      abortWriter(this._tree)
      refuse("EINVAL", "a change in this transaction has failed: it is aborted")
    }
    commitWriter(this._tree, this)
  }

  /** Forgets the changes and ends the transaction. May be called twice. */
  abort(): void {
    if (this._state === ENDED) return
    if (this._writes) abortWriter(this._tree)
    this._state = ENDED
  }

  /** @internal Begins a call. */
  _enter(writes: boolean): void {
    const tree = this._tree
    this._refuseEnded()
    if (writes && !this._writes) refuse("EINVAL", "the transaction is read-only")
    if (this._state === BUSY) refuse("EINVAL", "a change in this transaction has failed: abort it")
    tree._refuseClosed()
    const cuts = tree._cuts
    for (; this._reverts < cuts.length; this._reverts++)
      if (this._end > cuts[this._reverts]) {
        this._reverts = 0
        refuse("ESTALE", "the commit that this snapshot reads has been reverted")
      }
    tree._cache._call++
  }

  /** @internal */
  _refuseEnded(): void {
    if (this._state === ENDED) refuse("EINVAL", "the transaction has ended")
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
Transaction.prototype.delete = function (this: Transaction, key: Bytes): boolean {
  this._enter(true)
  takeKey(this._tree, key)
  if (!search(this._tree, this._root, TO_KEY)) return false
  this._state = BUSY
  makeRoom(this._tree, this)
  removeRecord(this._tree, this)
  this._changes++
  this._state = ACTIVE
  return true
}
