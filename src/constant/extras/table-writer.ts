/** Writing a table of names. */
import { type Bytes, toBytes } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { allocate } from "../../platform.ts"
import { uint32 } from "../key-types.ts"
import { compareNames, hashOf } from "../keys/hash.ts"
import { ORDER_HEAD, ORDER_KEY, ORDER_MAGIC, orderWidth } from "../keys/layout.ts"
import { checkShape } from "../options.ts"
import type { ConstantOptions, Progress, Source } from "../types.ts"
import type { WriteRange } from "./output.ts"
import { SequentialWriter } from "./sequential-writer.ts"

interface Entry {
  _name: Uint8Array
  /** Length of the name in seven bits a byte, name and value. */
  _record: Uint8Array
  _key: number
  _index: number
}

const NAME_MAX = 268435455

/** Keeps names and values in memory until they are written. The same ones give the same bytes, in whatever order they were added. */
export class TableWriter {
  declare _options: ConstantOptions<number>
  declare _entries: Entry[]

  /** @throws EINVAL options that cannot be */
  constructor(options?: Omit<ConstantOptions<number>, "key">) {
    this._options = Object.assign({ key: uint32 }, options)
    checkShape(this._options)
    this._entries = []
  }

  /** Adds a name with its value; both are copied. @throws EINVAL what is no name or value */
  add(name: Bytes, value: Bytes): void {
    const key = toBytes(name, "name")
    const bytes = toBytes(value, "value")
    const length = key.length
    if (length > NAME_MAX) refuse("EINVAL", `the name has ${length} bytes, at most ${NAME_MAX} are expected`)
    const head = length < 128 ? 1 : length < 16384 ? 2 : length < 2097152 ? 3 : 4
    const record = allocate(head + length + bytes.length)
    let left = length
    for (let i = 0; i < head; i++, left = Math.floor(left / 128))
      record[i] = (left % 128) + (i < head - 1 ? 128 : 0)
    record.set(key, head)
    record.set(bytes, head + length)
    const own = record.subarray(head, head + length)
    this._entries.push({
      _name: own,
      _record: record,
      _key: hashOf(own),
      _index: 0,
    })
  }

  /** Writes all names and values, as Writer.write() does. @throws EINVAL a name that was added twice; what SequentialWriter does */
  write(target: Source, range?: WriteRange, progress?: Progress): boolean {
    const byName = this._entries.slice()
    byName.sort((a, b) => compareNames(a._name, b._name))
    for (let i = 1; i < byName.length; i++)
      if (compareNames(byName[i - 1]._name, byName[i]._name) === 0)
        refuse("EINVAL", `the name ${i} in order was added twice`)
    const byKey = giveKeys(byName)
    const count = byKey.length
    const order = orderOf(byName)
    const writer = new SequentialWriter(this._options)
    for (let i = 0; i < count; i++) writer.add(byKey[i]._key, byKey[i]._record.length)
    writer.add(ORDER_KEY, order.length)
    writer.writeHeader(target, range)
    for (let i = 0; i < count; i++) {
      writer.writeValue(byKey[i]._key, byKey[i]._record)
      if (progress !== undefined && progress(i + 1, count) === false) return false
    }
    writer.writeValue(ORDER_KEY, order)
    writer.writeFinalize()
    return true
  }
}

/**
 * Gives the entries in the order of the keys that they get: the hash, or where others have that the next free key, which is 0 after the last
 * but one. Entries of one hash come in the order of their names, so that the file does not depend on the order they were added in.
 */
function giveKeys(byName: Entry[]): Entry[] {
  const places = byName.slice()
  for (let i = 0; i < places.length; i++) {
    places[i]._index = i
    places[i]._key = hashOf(places[i]._name)
  }
  places.sort((a, b) => a._key - b._key || a._index - b._index)
  let free = 0
  const wrapped: Entry[] = []
  for (let i = 0; i < places.length; i++) {
    if (free > places[i]._key) places[i]._key = free
    free = places[i]._key + 1
    if (places[i]._key >= ORDER_KEY) wrapped.push(places[i])
  }
  for (let i = 0, at = 0, key = 0; i < wrapped.length; key++) {
    while (at < places.length && places[at]._key < key) at++
    if (at < places.length && places[at]._key === key) continue
    wrapped[i++]._key = key
  }
  if (wrapped.length > 0) places.sort((a, b) => a._key - b._key)
  for (let i = 0; i < places.length; i++) places[i]._index = i
  return places
}

/** Gives the last value: the indexes of the names in the order of the names. */
function orderOf(byName: Entry[]): Uint8Array {
  const width = orderWidth(byName.length)
  const order = allocate(ORDER_HEAD + width * byName.length)
  const view = new DataView(order.buffer)
  view.setUint32(0, ORDER_MAGIC, true)
  view.setUint32(4, byName.length, true)
  for (let i = 0; i < byName.length; i++) {
    if (width === 2) view.setUint16(ORDER_HEAD + 2 * i, byName[i]._index, true)
    else view.setUint32(ORDER_HEAD + 4 * i, byName[i]._index, true)
  }
  return order
}
