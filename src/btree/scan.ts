/** One pass over a range of keys, with MicroPython's rules for its bounds (specs: micropython-btree section 3). */

import type { Bytes } from "../bytes.ts"
import { makeRegion, type Region, toBytes } from "../bytes.ts"
import { failure } from "../errors.ts"
import { Cursor } from "./cursor.ts"
import { enter } from "./handle.ts"
import { compareKeys } from "./search.ts"
import type { BTree } from "./tree.ts"
import { DESC, INCL } from "./types.ts"

export class Scan {
  /** @internal */ declare _cursor: Cursor
  /** @internal */ declare _start: Uint8Array | null
  /** @internal */ declare _end: Region | null
  /** @internal */ declare _endLength: number
  /** @internal */ declare _flags: number
  /** @internal 0 not begun, 1 under way, 2 at its end. */ declare _phase: number

  /** @internal Copies the bounds; nothing is read before the first step. */
  constructor(
    tree: BTree,
    start: Bytes | null | undefined,
    end: Bytes | null | undefined,
    flags: number | undefined,
  ) {
    this._cursor = new Cursor(tree)
    this._start = null
    this._end = null
    this._endLength = 0
    this._flags = flags === undefined ? 0 : flags
    this._phase = 0
    if ((this._flags & ~(INCL | DESC)) !== 0) {
      throw failure("EINVAL", `range flags are INCL (1) and DESC (2), not ${this._flags}`)
    }
    if (start !== undefined && start !== null) {
      const bytes = toBytes(start, "start key")
      if (bytes.length === 0)
        throw failure("EINVAL", "the empty key cannot start a range; leave the start out")
      this._start = new Uint8Array(bytes)
    }
    if (end !== undefined && end !== null) {
      const bytes = toBytes(end, "end key")
      this._end = makeRegion(bytes.length)
      this._end.bytes.set(bytes)
      this._endLength = bytes.length
    }
  }

  /** @internal Moves to the next record of the range; false at its end, and ever after. */
  _step(): boolean {
    if (this._phase === 2) {
      enter(this._cursor._tree)
      return false
    }
    const on =
      this._phase === 0 ? this._begin() : this._isDescending() ? this._cursor.previous() : this._cursor.next()
    this._phase = on && this._isInside() ? 1 : 2
    return this._phase === 1
  }

  /** @internal The smallest key >= start begins a range in either direction. */
  _begin(): boolean {
    if (this._start !== null) return this._cursor.seek(this._start)
    return this._isDescending() ? this._cursor.last() : this._cursor.first()
  }

  /** @internal */
  _isDescending(): boolean {
    return (this._flags & DESC) !== 0
  }

  /** @internal */
  _isInside(): boolean {
    const end = this._end
    if (end === null) return true
    const cursor = this._cursor
    let order = compareKeys(cursor._tree, cursor._key, 0, cursor._keyLength, end, 0, this._endLength)
    if (this._isDescending()) order = -order
    return order < 0 || (order === 0 && (this._flags & INCL) !== 0)
  }
}
