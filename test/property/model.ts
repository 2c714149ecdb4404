/**
 * What the tree must do, said in the simplest way: a sorted array (a stable multimap when duplicates are allowed),
 * cursors that remember a key and not a place, and iterators with MicroPython's bounds. The property tests, the
 * fault loops and the damaged-file tests all judge the engine by this model; it knows nothing of pages.
 *
 * The rules, from specs/micropython-btree.md sections 2 and 3 with the changes of its section 5:
 * - a cursor whose record was deleted or overwritten goes on at the next larger (or smaller) key;
 * - a cursor does not move when there is nothing in that direction;
 * - with duplicates a cursor is at the n-th of its equals; after its own delete() the n-th equal is the successor;
 * - a start key is found as the smallest key >= start in both directions, the end is exclusive unless INCL.
 */
export { isDeadline, withDeadline } from "../support/deadline.ts"

export type Compare = (a: Uint8Array, b: Uint8Array) => number

export interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export const INCL = 1
export const DESC = 2

/** Key order of the format: unsigned bytes, and a prefix comes before what it begins. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** A custom order: bytes compared from the last to the first. */
export function compareFromEnd(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 1; i <= length; i++) {
    const difference = (a[a.length - i] as number) - (b[b.length - i] as number)
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** A custom order in which the empty key is the largest. */
export function compareDescending(a: Uint8Array, b: Uint8Array): number {
  return compareBytes(b, a)
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && compareBytes(a, b) === 0
}

/** Gives `length` bytes that depend on `seed`, so that two values are told apart by their content. */
export function pattern(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = (seed + (seed >>> 8) * 7 + i * 31 + (i >>> 8) * 17) & 0xff
  return bytes
}

/** Largest key + value that stays in a leaf (specs/berkeley-btree.md section 2). */
export function inlineLimit(pagesize: number, minkeypage: number): number {
  return Math.max(Math.floor((pagesize - 20) / Math.max(minkeypage, 2)) - 14, 30)
}

export class Model {
  entries: Entry[] = []
  readonly compare: Compare
  readonly duplicates: boolean

  constructor(compare: Compare = compareBytes, duplicates = false) {
    this.compare = compare
    this.duplicates = duplicates
  }

  /** Index of the first entry whose key is >= `key`. */
  lowerBound(key: Uint8Array): number {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.compare((this.entries[middle] as Entry).key, key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Index of the first entry whose key is > `key`. */
  upperBound(key: Uint8Array): number {
    let low = 0
    let high = this.entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.compare((this.entries[middle] as Entry).key, key) <= 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The first of the equals, or undefined. */
  find(key: Uint8Array): Entry | undefined {
    const index = this.lowerBound(key)
    const entry = this.entries[index]
    return entry !== undefined && this.compare(entry.key, key) === 0 ? entry : undefined
  }

  /** False when `noOverwrite` and the key exists. Without duplicates a put replaces the value. */
  put(key: Uint8Array, value: Uint8Array, noOverwrite = false): boolean {
    const exists = this.find(key) !== undefined
    if (exists && noOverwrite) return false
    const entry = { key: key.slice(), value: value.slice() }
    if (exists && !this.duplicates) this.entries[this.lowerBound(key)] = entry
    else this.entries.splice(this.upperBound(key), 0, entry)
    return true
  }

  /** Deletes all equals; false when there were none. */
  delete(key: Uint8Array): boolean {
    const low = this.lowerBound(key)
    return this.entries.splice(low, this.upperBound(key) - low).length > 0
  }

  /** Deletes [start, end) and gives the count. */
  deleteRange(start: Uint8Array | undefined, end: Uint8Array | undefined): number {
    const from = start === undefined ? 0 : this.lowerBound(start)
    const to = end === undefined ? this.entries.length : this.lowerBound(end)
    return to > from ? this.entries.splice(from, to - from).length : 0
  }

  /** What keys/values/items give when nothing changes on the way. */
  range(start?: Uint8Array, end?: Uint8Array, flags = 0): Entry[] {
    const iterator = new ModelIterator(this, start, end, flags)
    const found: Entry[] = []
    for (let entry = iterator.next(); entry !== undefined; entry = iterator.next()) found.push(entry)
    return found
  }
}

interface Position {
  readonly key: Uint8Array
  /** How many equals stand before the record. */
  readonly nth: number
  /** The record was deleted through this cursor; without duplicates the key alone tells where the cursor is. */
  gone: boolean
}

export class ModelCursor {
  readonly model: Model
  position: Position | undefined

  constructor(model: Model) {
    this.model = model
  }

  first(): Entry | undefined {
    return this.moveTo(0)
  }

  last(): Entry | undefined {
    return this.moveTo(this.model.entries.length - 1)
  }

  /** Goes to the smallest key >= `key`. */
  seek(key: Uint8Array): Entry | undefined {
    return this.moveTo(this.model.lowerBound(key))
  }

  next(): Entry | undefined {
    if (this.position === undefined) return this.first()
    const { key, nth, gone } = this.position
    const high = this.model.upperBound(key)
    if (!this.model.duplicates) return this.moveTo(high)
    return this.moveTo(Math.min(high, this.model.lowerBound(key) + nth + (gone ? 0 : 1)))
  }

  previous(): Entry | undefined {
    if (this.position === undefined) return this.last()
    const low = this.model.lowerBound(this.position.key)
    const equals = this.model.upperBound(this.position.key) - low
    return this.moveTo(low + Math.min(this.position.nth, equals) - 1)
  }

  /** Index of the record the cursor is at, -1 when it was deleted or the cursor was never placed. */
  index(): number {
    if (this.position === undefined || (this.position.gone && this.model.duplicates)) return -1
    const index = this.model.lowerBound(this.position.key) + this.position.nth
    return index < this.model.upperBound(this.position.key) ? index : -1
  }

  delete(): boolean {
    const index = this.index()
    if (index < 0) return false
    this.model.entries.splice(index, 1)
    ;(this.position as Position).gone = true
    return true
  }

  /** Puts another record in the place of the one the cursor is on, or where its key belongs when that is another. */
  replace(key: Uint8Array, value: Uint8Array): void {
    const index = this.index()
    const old = this.model.entries[index] as Entry
    if (this.model.compare(old.key, key) === 0) {
      this.model.entries[index] = { key: old.key, value: value.slice() }
      return
    }
    this.model.entries.splice(index, 1)
    this.model.put(key, value)
    this.moveTo(this.model.upperBound(key) - 1)
  }

  private moveTo(index: number): Entry | undefined {
    const entry = this.model.entries[index]
    if (entry === undefined) return undefined
    this.position = { key: entry.key, nth: index - this.model.lowerBound(entry.key), gone: false }
    return entry
  }
}

export class ModelIterator {
  readonly cursor: ModelCursor
  private readonly start: Uint8Array | undefined
  private readonly end: Uint8Array | undefined
  private readonly flags: number
  private started = false
  private done = false

  constructor(model: Model, start: Uint8Array | undefined, end: Uint8Array | undefined, flags: number) {
    this.cursor = new ModelCursor(model)
    this.start = start
    this.end = end
    this.flags = flags
  }

  next(): Entry | undefined {
    if (this.done) return undefined
    const entry = this.step()
    if (entry !== undefined && this.within(entry.key)) return entry
    this.done = true
    return undefined
  }

  return(): void {
    this.done = true
  }

  private step(): Entry | undefined {
    const descending = (this.flags & DESC) !== 0
    if (this.started) return descending ? this.cursor.previous() : this.cursor.next()
    this.started = true
    if (this.start !== undefined) return this.cursor.seek(this.start)
    return descending ? this.cursor.last() : this.cursor.first()
  }

  private within(key: Uint8Array): boolean {
    if (this.end === undefined) return true
    const difference = this.cursor.model.compare(key, this.end)
    const beyond = (this.flags & DESC) !== 0 ? -difference : difference
    return beyond < 0 || (beyond === 0 && (this.flags & INCL) !== 0)
  }
}
