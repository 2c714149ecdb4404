/** One pass over a range of keys, with MicroPython's rules for its bounds (specs: micropython-btree section 3). */
import { type Buffer, type Bytes, growBuffer, toBytes } from "../bytes.ts"
import { failure } from "../errors.ts"
import { Cursor } from "./cursor.ts"
import { enter } from "./handle.ts"
import type { BTree } from "./tree.ts"
import { DESC, INCL } from "./types.ts"

export class Scan {
  /** @internal */ declare _cursor: Cursor
  /** @internal */ declare _start: Uint8Array | null
  /** @internal */ declare _end: Buffer | null
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
    enter(tree, false)
    this._cursor = new Cursor(tree)
    this._start = null
    this._end = null
    this._endLength = 0
    this._flags = flags === undefined ? 0 : flags
    this._phase = 0
    if ((this._flags & ~(INCL | DESC)) !== 0) {
      throw failure("EINVAL", `range flags ${this._flags}: INCL (1) and DESC (2) are expected`)
    }
    if (start !== undefined && start !== null) {
      this._start = new Uint8Array(toBytes(start, "start key"))
      if (this._start.length === 0) throw failure("EINVAL", "an empty start key: leave it out")
    }
    if (end !== undefined && end !== null) {
      const bytes = toBytes(end, "end key")
      this._endLength = bytes.length
      this._end = growBuffer(null, this._endLength)
      this._end._bytes.set(bytes)
    }
  }

  /** @internal Moves to the next record of the range; false at its end, and ever after. */
  _step(): boolean {
    const cursor = this._cursor
    const down = (this._flags & DESC) !== 0
    let on = false
    // The smallest key >= start begins a range in either direction.
    if (this._phase === 2) enter(cursor._tree, false)
    else if (this._phase === 0 && this._start !== null) on = cursor.seek(this._start)
    else on = down ? cursor.previous() : cursor.next()
    if (on && this._end !== null) {
      const order = cursor._tree._order(cursor._key, 0, cursor._keyLength, this._end, 0, this._endLength)
      on = (down ? order > 0 : order < 0) || (order === 0 && (this._flags & INCL) !== 0)
    }
    this._phase = on ? 1 : 2
    return on
  }
}
