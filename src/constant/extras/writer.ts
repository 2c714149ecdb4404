/** Writing a database at once, from keys and values in any order. */
import { type Bytes, toBytes } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { allocate } from "../../platform.ts"
import { compareKeys } from "../key-types.ts"
import { checkShape } from "../options.ts"
import type { ConstantOptions, Progress, Source } from "../types.ts"
import type { WriteRange } from "./output.ts"
import { SequentialWriter } from "./sequential-writer.ts"

interface Entry<Key> {
  _key: Key
  /** The stored form of the key. */
  _stored: DataView
  _value: Uint8Array
}

/** Keeps keys and values in memory until they are written, sorted. For tools; a device takes SequentialWriter. */
export class Writer<Key = unknown> {
  declare _options: ConstantOptions<Key>
  declare _entries: Entry<Key>[]

  /** @throws EINVAL options that cannot be */
  constructor(options: ConstantOptions<Key>) {
    checkShape(options)
    this._options = options
    this._entries = []
  }

  /** Adds a key with its value, which is copied. @throws EINVAL what is no key or value */
  add(key: Key, value: Bytes): void {
    const stored = new DataView(allocate(this._options.key.size).buffer)
    this._options.key.encode(key, stored, 0)
    const bytes = toBytes(value, "value")
    const copy = allocate(bytes.length)
    copy.set(bytes)
    this._entries.push({ _key: key, _stored: stored, _value: copy })
  }

  /**
   * Writes all keys and values in order; may be called again, for another target. Gives false when `progress` ended it: then nothing that
   * opens is left.
   * @throws EINVAL a key that was added twice; what SequentialWriter does
   */
  write(target: Source, range?: WriteRange, progress?: Progress): boolean {
    const type = this._options.key
    const entries = this._entries
    entries.sort((a, b) => compareKeys(type, a._stored, 0, b._stored, 0))
    const writer = new SequentialWriter(this._options)
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]
      if (i > 0 && compareKeys(type, entries[i - 1]._stored, 0, entry._stored, 0) === 0)
        refuse("EINVAL", `the key ${entry._key} was added twice`)
      writer.add(type.decode(entry._stored, 0), entry._value.length)
    }
    writer.writeHeader(target, range)
    for (let i = 0; i < entries.length; i++) {
      writer.writeValue(type.decode(entries[i]._stored, 0), entries[i]._value)
      if (progress !== undefined && progress(i + 1, entries.length) === false) return false
    }
    writer.writeFinalize()
    return true
  }
}
