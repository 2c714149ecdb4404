/** The records that an append-only tree must have, in order, and keys and values to do things with. */
import type * as append from "../../src/append/index.ts"
import { compareBytes, sameBytes } from "../property/model.ts"
import { makeRandom } from "./streams.ts"

export type Entry = [Uint8Array, Uint8Array]

export interface Config {
  pagesize: number
  reverse: boolean
  cachesize: number
  shape: number
  values: number
  seed: number
}

export class Records {
  readonly config: Config
  readonly random: (below: number) => number

  constructor(config: Config) {
    this.config = config
    this.random = makeRandom(config.seed)
  }

  key(): Uint8Array {
    const { shape } = this.config
    const random = this.random
    const letters = (count: number) => Array.from({ length: count }, () => "abc"[random(3)]).join("")
    const text =
      shape === 0
        ? String(random(3000)).padStart(8, "0")
        : shape === 1
          ? letters(1 + random(18))
          : shape === 2
            ? `/configuration/devices/number/${random(40)}/sensors/number/${random(40)}/${"x".repeat(60)}${random(3)}`
            : shape === 3
              ? "k".repeat(random(250)) + letters(1 + random(4))
              : shape === 4
                ? `${letters(2)}${"long".repeat(55)}${random(500)}`
                : String.fromCharCode(...Array.from({ length: 1 + random(4) }, () => random(256)))
    return Uint8Array.from(text, (one) => one.charCodeAt(0))
  }

  value(): Uint8Array {
    const bytes = new Uint8Array(this.random(this.config.values + 1))
    return bytes.fill(this.random(256)).map((byte, i) => byte + i)
  }

  compare = (a: Uint8Array, b: Uint8Array): number =>
    this.config.reverse ? compareBytes(a.toReversed(), b.toReversed()) : compareBytes(a, b)

  place(entries: Entry[], key: Uint8Array): number {
    let low = 0
    let high = entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.compare((entries[middle] as Entry)[0], key) < 0) low = middle + 1
      else high = middle
    }
    return low
  }

  putInto(entries: Entry[], key: Uint8Array, value: Uint8Array): void {
    const at = this.place(entries, key)
    const found = entries[at]
    entries.splice(at, found !== undefined && sameBytes(found[0], key) ? 1 : 0, [key, value])
  }

  deleteFrom(entries: Entry[], key: Uint8Array): boolean {
    const at = this.place(entries, key)
    const found = entries[at]
    if (found === undefined || !sameBytes(found[0], key)) return false
    entries.splice(at, 1)
    return true
  }

  /** A key of the map in three of four cases, so that deletes meet something. */
  someKey(entries: Entry[]): Uint8Array {
    if (entries.length === 0 || this.random(4) === 0) return this.key()
    return (entries[this.random(entries.length)] as Entry)[0]
  }

  same(cursor: append.AppendCursor, [key, value]: Entry): void {
    if (!sameBytes(cursor.key(), key) || !sameBytes(cursor.value(), value))
      throw new Error(`${cursor.key()} where ${key} is expected`)
    const shown = cursor.bytes.subarray(cursor.keyOffset, cursor.keyOffset + cursor.keyLength)
    if (!sameBytes(shown, key)) throw new Error("the key is not what it shows")
    if (cursor.valueLength >= 0) {
      const part = cursor.bytes.subarray(cursor.valueOffset, cursor.valueOffset + cursor.valueLength)
      if (!sameBytes(part, value)) throw new Error("the value is not what it shows")
    }
  }

  compareAll(source: append.Transaction, entries: Entry[]): void {
    const cursor = source.cursor()
    let at = 0
    for (let on = cursor.first(); on; on = cursor.next()) {
      const expected = entries[at++]
      if (expected === undefined) throw new Error(`more than ${entries.length} records`)
      this.same(cursor, expected)
    }
    if (at !== entries.length) throw new Error(`${at} records, not ${entries.length}`)
    for (let on = cursor.last(); on; on = cursor.previous()) this.same(cursor, entries[--at] as Entry)
    if (at !== 0) throw new Error(`${at} records are not met backward`)
    for (let i = 0; i < 5 && entries.length > 0; i++) {
      const [key, value] = entries[this.random(entries.length)] as Entry
      if (!sameBytes(source.get(key) as Uint8Array, value)) throw new Error("get")
    }
  }
}
