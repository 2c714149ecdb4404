/** items(): an iterator over keys and values by index. Hosts with iterators add Symbol.iterator. */
import type { Item } from "../reader.ts"

/** What both Reader and Table have. */
interface Indexed<Key> {
  size: number
  _itemAt(index: number): Item<Key> | undefined
}

export interface ItemResult<Key> {
  done: boolean
  value: [Key, Uint8Array]
}

/** One pass over the indexes [start, end); it may be abandoned at any point. */
export class ItemIterator<Key> {
  /** @internal */ declare _of: Indexed<Key>
  /** @internal */ declare _index: number
  /** @internal */ declare _end: number

  /** @internal */
  constructor(source: Indexed<Key>, start: number | undefined, end: number | undefined) {
    this._of = source
    this._index = start === undefined ? 0 : start
    this._end = end === undefined || end > source.size ? source.size : end
  }

  /** Gives { done: false, value: [key, value] }, or { done: true } at the end and ever after. @throws as at() */
  next(): ItemResult<Key> {
    const item = this._index < this._end ? this._of._itemAt(this._index) : undefined
    if (item === undefined) return this.return()
    this._index++
    return { done: false, value: [item.key, item.value] }
  }

  /** Ends the pass. */
  declare return: () => ItemResult<Key>
}

// Attached here: Espruino cannot parse a class method named by a reserved word.
ItemIterator.prototype.return = function <Key>(this: ItemIterator<Key>): ItemResult<Key> {
  this._end = 0
  return { done: true, value: undefined as never }
}

/** Told of a key, a copy of its value, and its index; false ends the pass. */
export type Visit<Key> = (key: Key, value: Uint8Array, index: number) => boolean | void

/** Visits the indexes [start, end), all when left out. @throws as at() */
export function forEach<Key>(this: Indexed<Key>, visit: Visit<Key>, start?: number, end?: number): void {
  const last = end === undefined || end > this.size ? this.size : end
  for (let index = start === undefined ? 0 : start; index < last; index++) {
    const item = this._itemAt(index) as Item<Key>
    if (visit(item.key, item.value, index) === false) return
  }
}

/** Gives an iterator over [key, value] of the indexes [start, end), all when left out. */
export function items<Key>(this: Indexed<Key>, start?: number, end?: number): ItemIterator<Key> {
  return new ItemIterator(this, start, end)
}
