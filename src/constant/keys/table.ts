/**
 * Tables of values under names of any length, in a constant database whose keys are the names' hashes (FORMAT.md): a lookup costs what one
 * by a whole number does, and reads the name with the value. The last value holds the order of the names.
 */
import { type Bytes, toBytes } from "../../bytes.ts"
import { corrupt, refuse } from "../../errors.ts"
import { allocate } from "../../platform.ts"
import { copyValue, peek, roomFor } from "../access.ts"
import type { ItemIterator, Visit } from "../extras/items.ts"
import { uint32 } from "../key-types.ts"
import { HIGH, LOW, PLACE, WANTED } from "../layout.ts"
import { type Item, Reader } from "../reader.ts"
import { leafOf, locate, openKey, openLeaf, openValue } from "../search.ts"
import type { ConstantFinding, FlashRange, Progress, ReaderOptions, Source } from "../types.ts"
import { hashOf } from "./hash.ts"
import { ORDER_HEAD, ORDER_KEY, ORDER_MAGIC, orderWidth } from "./layout.ts"

/** As for a Reader, whose keys are whole numbers here. */
export type TableOptions = Omit<ReaderOptions<number>, "key">

const PLAIN: ReaderOptions<number> = { key: uint32 }

/** A reader of string-keyed tables. Names are bytes, or strings that mean their UTF-8 bytes, in the order of unsigned bytes. */
export class Table {
  declare _reader: Reader<number>

  /** Gives the name, in its bytes, and value of a place in the order of names; undefined beyond the last. @throws as Reader.at() */
  declare at: (index: number) => Item<Uint8Array> | undefined

  declare verify: (progress?: Progress) => ConstantFinding[]

  /** Allocates as a Reader does. @throws EINVAL options that cannot be, ENOMEM */
  constructor(options?: TableOptions) {
    this._reader = new Reader<number>(options === undefined ? PLAIN : Object.assign({ key: uint32 }, options))
    // Options that nobody needs any more take no memory.
    if (options !== undefined && options.signature === undefined && options.appVersion === undefined)
      this._reader._options = PLAIN
  }

  /** As Reader.open(), and four reads. @throws EFTYPE too when what is there is a database, but no table of names */
  open(source: Source, range?: FlashRange): void {
    const reader = this._reader
    reader.open(source, range)
    try {
      checkOrder(reader)
    } catch (error) {
      reader.close()
      throw error
    }
  }

  /** Number of names. @throws ECLOSED */
  get size(): number {
    return this._reader.size - 1
  }

  /** Tells whether there is such a name. @throws ECORRUPT, EIO, ECLOSED */
  exists(name: Bytes): boolean {
    return findName(this._reader, toBytes(name, "name"))
  }

  /** Gives a copy of the value of a name, undefined when there is none. @throws as exists(); ENOMEM */
  lookup(name: Bytes): Uint8Array | undefined {
    const reader = this._reader
    return findName(reader, toBytes(name, "name")) ? copyOf(reader) : undefined
  }

  /** Copies the value of a name, as Reader.lookupInto() does. */
  lookupInto(name: Bytes, target: Uint8Array, offset?: number): number {
    const reader = this._reader
    const from = offset === undefined ? 0 : offset
    if (!findName(reader, toBytes(name, "name"))) return -1
    const length = numberAt(reader, HIGH)
    copyValue(reader, valueAt(reader), target, from, roomFor(target, from, length))
    return length
  }

  /** Gives the place of the first name that is not smaller; size when all are. About three reads for each halving. */
  lowerBound(name: Bytes): number {
    const bytes = toBytes(name, "name")
    let low = 0
    let high = this.size
    while (low < high) {
      const middle = (low + high) >> 1
      openPlace(this._reader, middle)
      if (compareName(this._reader, bytes) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Visits names and values of the places [start, end), all when left out; false ends it. */
  forEach(visit: Visit<Uint8Array>, start?: number, end?: number): void {
    this._reader.forEach.call(this as never, visit as never, start, end)
  }

  /** Gives an iterator over [name, value] of the places [start, end), all when left out. */
  items(start?: number, end?: number): ItemIterator<Uint8Array> {
    return this._reader.items.call(this as never, start, end) as never
  }

  /** at(), under a name that no array has. */
  _itemAt(index: number): Item<Uint8Array> | undefined {
    const size = this.size
    if (!(index >= 0 && index % 1 === 0))
      refuse("EINVAL", `the index is ${index}, expected a whole number from 0`)
    if (index >= size) return undefined
    const reader = this._reader
    openPlace(reader, index)
    const name = allocate(numberAt(reader, LOW))
    copyValue(reader, numberAt(reader, PLACE), name, 0, name.length)
    return { key: name, value: copyOf(reader) }
  }

  /** As Reader.close(). */
  close(): void {
    this._reader.close()
  }
}

Table.prototype.at = Table.prototype._itemAt

/** @throws EFTYPE the last value is no order of the names */
function checkOrder(reader: Reader<number>): void {
  const index = reader._items - 1
  if (index >= 0) {
    const at = openKey(reader, index)
    if (reader._region._view.getUint32(at, true) === ORDER_KEY) {
      const length = openValue(reader, index)
      const position = numberAt(reader, PLACE)
      if (length === ORDER_HEAD + index * orderWidth(index) && position + length === reader._end) {
        const head = peek(reader, position, ORDER_HEAD)
        if (
          reader._view.getUint32(head, true) === ORDER_MAGIC &&
          reader._view.getUint32(head + 4, true) === index
        )
          return
      }
    }
  }
  refuse("EFTYPE", "a constant database, but no table of names: the last value is not their order")
}

function numberAt(reader: Reader<number>, place: number): number {
  return reader._view.getFloat64(reader._bytes.length + place)
}

/** Position of the value of the record that was opened last. */
function valueAt(reader: Reader<number>): number {
  return numberAt(reader, PLACE) + numberAt(reader, LOW)
}

function copyOf(reader: Reader<number>): Uint8Array {
  const value = allocate(numberAt(reader, HIGH))
  copyValue(reader, valueAt(reader), value, 0, value.length)
  return value
}

/** Opens the record of a name; false when there is none. Names with one hash have keys that follow each other. */
function findName(reader: Reader<number>, name: Uint8Array): boolean {
  reader._check()
  let key = hashOf(name)
  for (let turn = 0; turn < reader._items; turn++) {
    reader._view.setUint32(reader._bytes.length + WANTED, key, true)
    const index = locate(reader)
    if (index < 0) return false
    openRecord(reader, index)
    if (numberAt(reader, LOW) === name.length && compareName(reader, name) === 0) return true
    key = key + 1 === ORDER_KEY ? 0 : key + 1
  }
  return false
}

/** Opens the record of a place in the order of names. */
export function openPlace(reader: Reader<number>, place: number): void {
  const width = orderWidth(reader._items - 1)
  const position = reader._end - (reader._items - 1 - place) * width
  const at = peek(reader, position, width)
  const index = width === 2 ? reader._view.getUint16(at, true) : reader._view.getUint32(at, true)
  if (index >= reader._items - 1) {
    const page = Math.floor(position / reader._pagesize)
    corrupt(page, position % reader._pagesize, `the index ${index} in a table of ${reader._items - 1} names`)
  }
  openLeaf(reader, index)
  openRecord(reader, index)
}

/** Leaves in the numbers of the reader what the record of an index holds: name at PLACE, of LOW bytes, then HIGH bytes of value. */
function openRecord(reader: Reader<number>, index: number): void {
  const length = openValue(reader, index)
  const position = numberAt(reader, PLACE)
  let nameLength = 0
  let head = 0
  let byte = 128
  for (let factor = 1; byte > 127 && head < length && head < 4; head++) {
    byte = reader._bytes[peek(reader, position + head, 1)]
    nameLength += (byte & 127) * factor
    factor *= 128
  }
  if (byte > 127 || head + nameLength > length)
    corrupt(leafOf(reader, index) / reader._pagesize, 0, `value ${index} is no record of a name`)
  const numbers = reader._bytes.length
  reader._view.setFloat64(numbers + PLACE, position + head)
  reader._view.setFloat64(numbers + LOW, nameLength)
  reader._view.setFloat64(numbers + HIGH, length - head - nameLength)
}

/** Orders the name of the record that was opened and `name`, as bytes. */
function compareName(reader: Reader<number>, name: Uint8Array): number {
  const position = numberAt(reader, PLACE)
  const length = numberAt(reader, LOW)
  const common = length < name.length ? length : name.length
  for (let i = 0; i < common; i++) {
    const order = reader._bytes[peek(reader, position + i, 1)] - name[i]
    if (order !== 0) return order
  }
  return length - name.length
}
