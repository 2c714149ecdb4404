/** keys, values and items: one iterator each, with a cursor of its own. Hosts with iterators add Symbol.iterator. */

import type { Bytes } from "../../bytes.ts"
import { enter } from "../handle.ts"
import { Scan } from "../scan.ts"
import type { BTree } from "../tree.ts"

/** What next() gives; `done` comes without a value. */
export interface RangeResult<T> {
  done: boolean
  value: T
}

const KEYS = 0
const VALUES = 1

/** One pass over a range, safe while the tree changes; it may be abandoned at any point. */
export class RangeIterator<T> {
  /** @internal */ declare _scan: Scan
  /** @internal */ declare _what: number
  /** @internal */ declare _ended: boolean

  /** @internal */
  constructor(scan: Scan, what: number) {
    this._scan = scan
    this._what = what
    this._ended = false
  }

  /** Gives { done: false, value }, or { done: true } at the end and ever after. */
  next(): RangeResult<T> {
    const scan = this._scan
    if (this._ended || !scan._step()) return { done: true, value: undefined as T }
    const cursor = scan._cursor
    if (this._what === KEYS) return { done: false, value: cursor.key() as T }
    if (this._what === VALUES) return { done: false, value: cursor.value() as T }
    return { done: false, value: [cursor.key(), cursor.value()] as T }
  }

  /** Ends the pass. */
  declare return: () => RangeResult<T>
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
RangeIterator.prototype.return = function <T>(this: RangeIterator<T>): RangeResult<T> {
  this._ended = true
  return { done: true, value: undefined as T }
}

/** Gives a new iterator; `what` is 0 for keys, 1 for values, 2 for both. */
export function makeRange<T>(
  tree: BTree,
  start: Bytes | null | undefined,
  end: Bytes | null | undefined,
  flags: number | undefined,
  what: number,
): RangeIterator<T> {
  enter(tree)
  return new RangeIterator<T>(new Scan(tree, start, end, flags), what)
}
