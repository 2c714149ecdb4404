/** Transactions: one that writes, any number that read one commit each. */
import { type Bytes, toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { changeRecord } from "./change.ts"
import { writeCommit } from "./commit.ts"
import type { AppendCursor } from "./cursors/cursor.ts"
import { makeCursor } from "./cursors/make.ts"
import { endWriter } from "./end-writer.ts"
import { takeKey } from "./keys.ts"
import { ROOT } from "./layout.ts"
import { cutBack } from "./opening/index.ts"
import { readValue } from "./overflow.ts"
import { search } from "./search.ts"
import { ACTIVE, BUSY, ENDED, TO_KEY } from "./states.ts"
import type { AppendTree } from "./tree.ts"
import { BT_NOOVERWRITE } from "./types.ts"

const READ_ONLY = "the transaction is read-only"
const FAILED = "a change of this transaction failed"

/**
 * Made by begin() and snapshot(). One that reads sees the commit that was the newest when it began, whatever is committed, aborted or
 * compacted later; only a revert of that very commit ends it (ESTALE). It holds no memory but itself and need not be ended. Methods throw EINVAL
 * after commit() or abort(), ECLOSED after the tree's close().
 */
export class Transaction {
  /** @internal */ declare _tree: AppendTree
  /** @internal */ declare _state: number
  /** @internal Counts changes: cursors compare it. */ declare _changes: number
  /** @internal The reverts that it knows of, and the end of the commit read, in pages. */
  declare _cuts: number[]
  /** @internal */ declare _end: number
  /** @internal What its commit's record says: that commit's own array, or where it writes a copy to change. */
  declare _record: number[]
  /** @internal First page number of the transaction, and the next one. */ declare _first: number
  /** @internal */ declare _next: number

  /** @internal */
  constructor(tree: AppendTree) {
    this._tree = tree
    this._state = ACTIVE
    this._changes = 0
    this._cuts = tree._cuts
    this._record = tree._record
    this._end = this._first = this._next = tree._pages
  }

  /** Gives a copy of the value, undefined when the key is absent. Reads depth pages, and those of a long value. */
  get(key: Bytes): Uint8Array | undefined {
    if (!this.has(key)) return undefined
    return readValue(this._tree, undefined, 0) as Uint8Array
  }

  /** Copies what fits of the value into `target` from `offset` (0); gives its whole length, -1 when the key is absent. */
  getInto(key: Bytes, target: Uint8Array, offset?: number): number {
    if (!this.has(key)) return -1
    return readValue(this._tree, target, offset || 0) as number
  }

  /** Tells whether the key is there. @throws EINVAL a key that is empty or longer than 255 bytes */
  has(key: Bytes): boolean {
    this._enter(false)
    return this._find(key)
  }

  /**
   * Sets the value of a key; false, and nothing changed, with BT_NOOVERWRITE when the key exists. Changes are in memory as far as the cache
   * goes, and in the stream behind its last commit. Copies the pages on the way once a transaction.
   * @throws EINVAL a key that is empty or longer than 255 bytes, or this transaction only reads; ENOSPC, EIO
   */
  put(key: Bytes, value: Bytes, flags?: number): boolean {
    this._enter(true)
    const data = toBytes(value, "value")
    if (flags && flags !== BT_NOOVERWRITE) refuse("EINVAL", `put flags ${flags}: 0 or BT_NOOVERWRITE`)
    const found = this._find(key)
    if (found && flags) return false
    changeRecord(this._tree, this, data, found)
    return true
  }

  /** Deletes a key; false when it was not there. Errors are put()'s. */
  declare delete: (key: Bytes) => boolean

  /** Gives a new cursor on what this transaction sees, its own changes included. */
  cursor(): AppendCursor {
    return makeCursor(this._tree, this)
  }

  /**
   * Makes the changes the newest commit: durable on return, all of them or none, unless the tree has BT_NOSYNC. Writes the changed pages and a
   * commit record, with a flush behind each of the two; one flush on a stream that is atomic; nothing at all where nothing changed. Ends the
   * transaction, also when it throws, and then the tree is as before.
   * @throws EINVAL a transaction that reads, or one in which a change has failed; EBUSY another handle has committed since it began; ENOSPC, EIO
   */
  commit(): void {
    if (this._state === BUSY) {
      this.abort()
      refuse("EINVAL", FAILED)
    }
    this._enter(true)
    writeCommit(this._tree, this)
    // Now there is nothing to take back.
    this.abort()
  }

  /** Forgets the changes and ends the transaction. May be called twice. */
  abort(): void {
    const tree = this._tree
    const isFailed = tree._cache._failed
    const isSpilled = tree._cache._spilled
    if (this._state === ENDED) return
    this._state = ENDED
    if (tree._writer === this) {
      endWriter(tree)
      if (isFailed || isSpilled) cutBack(tree, isFailed)
    }
  }

  /** @internal Begins a call. */
  _enter(writes: boolean): void {
    const tree = this._tree
    if (this._state === ENDED) refuse("EINVAL", "the transaction has ended")
    if (writes && tree._writer !== this) refuse("EINVAL", READ_ONLY)
    if (this._state === BUSY) refuse("EINVAL", FAILED)
    tree._refuseClosed()
    if (this._cuts !== tree._cuts) tree._refuseReverted(this)
    tree._cache._call++
  }

  /** @internal Searches for a key. */
  _find(key: Bytes): boolean {
    takeKey(this._tree, key)
    return search(this._tree, this._record[ROOT], TO_KEY)
  }
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
Transaction.prototype.delete = function (this: Transaction, key: Bytes): boolean {
  this._enter(true)
  const found = this._find(key)
  if (found) changeRecord(this._tree, this, null, true)
  return found
}
