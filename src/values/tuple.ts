/**
 * Several values in one key, in an order that goes by the first, then the second, and so on; after FoundationDB's tuple layer. An item
 * is a byte that says its type, and its content: bytes with each 0 followed by 0xff, ended by a 0. So a shorter item comes first, and a
 * tuple before those it begins. Numbers are the bytes of f64() without the zeros at their end: small whole numbers take four or five.
 */
import { refuse } from "../errors.ts"
import { decodeF64, f64 } from "./numbers.ts"
import { decodeText, encodeText } from "./text.ts"

export type TupleItem = null | boolean | number | string | Uint8Array

const NULL = 1
const FALSE = 2
const TRUE = 3
const NUMBER = 5
const TEXT = 6
const BYTES = 7

/**
 * Gives the key of a tuple; in the order of keys null comes first, then false, true, numbers, texts, bytes.
 * @throws EINVAL an item of another type, NaN
 */
export function tuple(items: TupleItem[]): Uint8Array {
  const parts: Uint8Array[] = []
  let size = 0
  for (let i = 0; i < items.length; i++) {
    const part = contentOf(items[i])
    parts.push(part)
    size += 2 + part.length
    for (let j = 0; j < part.length; j++) if (part[j] === 0) size++
    if (typeOf(items[i]) <= TRUE) size--
  }
  const key = new Uint8Array(size)
  let at = 0
  for (let i = 0; i < items.length; i++) {
    const part = parts[i]
    const type = typeOf(items[i])
    key[at++] = type
    for (let j = 0; j < part.length; j++) {
      key[at++] = part[j]
      if (part[j] === 0) key[at++] = 0xff
    }
    if (type > TRUE) key[at++] = 0
  }
  return key
}

/** Gives a key behind all that begin with the items of `items`, and before every other: deleteRange(tuple(a), tupleEnd(a)). */
export function tupleEnd(items: TupleItem[]): Uint8Array {
  const key = tuple(items)
  const end = new Uint8Array(key.length + 1)
  end.set(key)
  end[key.length] = 0xff
  return end
}

/** Gives the items of a key that tuple() made. EINVAL for other bytes. */
export function decodeTuple(key: Uint8Array): TupleItem[] {
  const items: TupleItem[] = []
  for (let at = 0; at < key.length; ) {
    const type = key[at++]
    if (type === NULL) items.push(null)
    else if (type === FALSE || type === TRUE) items.push(type === TRUE)
    else {
      const start = at
      let zeros = 0
      while (at < key.length && (key[at] !== 0 || key[at + 1] === 0xff)) {
        if (key[at++] === 0) {
          zeros++
          at++
        }
      }
      if (type < NUMBER || type > BYTES || at >= key.length)
        refuse("EINVAL", `byte ${start - 1} begins no item of a tuple`)
      const content = new Uint8Array(type === NUMBER ? 8 : at - start - zeros)
      if (at - start - zeros > content.length)
        refuse("EINVAL", `the number at byte ${start} has more than 8 bytes`)
      for (let from = start, to = 0; from < at; from++) {
        content[to++] = key[from]
        if (key[from] === 0) from++
      }
      at++
      items.push(type === NUMBER ? decodeF64(content) : type === TEXT ? decodeText(content) : content)
    }
  }
  return items
}

function typeOf(item: TupleItem): number {
  if (item === null) return NULL
  if (typeof item === "boolean") return item ? TRUE : FALSE
  if (typeof item === "number") return NUMBER
  if (typeof item === "string") return TEXT
  if (item instanceof Uint8Array) return BYTES
  refuse("EINVAL", `an item of a tuple is ${typeof item}, not null, boolean, number, string or Uint8Array`)
}

function contentOf(item: TupleItem): Uint8Array {
  const type = typeOf(item)
  if (type === TEXT) return encodeText(item as string)
  if (type === BYTES) return item as Uint8Array
  if (type !== NUMBER) return new Uint8Array(0)
  const bytes = f64(item as number)
  let length = 8
  while (length > 0 && bytes[length - 1] === 0) length--
  return bytes.subarray(0, length)
}
