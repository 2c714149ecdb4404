/** keys, values and items: one iterator each, with a cursor of its own. Hosts with iterators add Symbol.iterator. */
import type { Bytes } from "../../bytes.ts"
import { Cursor } from "../cursor.ts"
import type { BTree } from "../tree.ts"

/** What next() gives; `done` comes without a value. */
export interface RangeResult<T> {
  done: boolean
  value: T
}

type Bound = Bytes | null

const KEYS = 0
const VALUES = 1
const ITEMS = 2
const ENDED = 3

/** One pass over a range, safe while the tree changes; it may be abandoned at any point. */
export class RangeIterator<T> {
  /** @internal */ declare _cursor: Cursor
  /** @internal */ declare _what: number

  /** @internal */
  constructor(cursor: Cursor, what: number) {
    this._cursor = cursor
    this._what = what
  }

  /** Gives { done: false, value }, or { done: true } at the end and ever after. */
  next(): RangeResult<T> {
    const what = this._what
    const cursor = this._cursor
    if (what === ENDED || !cursor._step()) return { done: true, value: undefined as T }
    const value =
      what === KEYS ? cursor.key() : what === VALUES ? cursor.value() : [cursor.key(), cursor.value()]
    return { done: false, value: value as T }
  }

  /** Ends the pass. */
  declare return: () => RangeResult<T>
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
RangeIterator.prototype.return = function <T>(this: RangeIterator<T>): RangeResult<T> {
  this._what = ENDED
  return { done: true, value: undefined as T }
}

export function keys(this: BTree, start?: Bound, end?: Bound, flags?: number): RangeIterator<Uint8Array> {
  return new RangeIterator(new Cursor(this, start, end, flags), KEYS)
}

export function values(this: BTree, start?: Bound, end?: Bound, flags?: number): RangeIterator<Uint8Array> {
  return new RangeIterator(new Cursor(this, start, end, flags), VALUES)
}

export function items(
  this: BTree,
  start?: Bound,
  end?: Bound,
  flags?: number,
): RangeIterator<[Uint8Array, Uint8Array]> {
  return new RangeIterator(new Cursor(this, start, end, flags), ITEMS)
}
