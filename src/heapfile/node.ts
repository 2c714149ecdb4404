/** A node of a node list: flags, and after them what the flags say is there. */
import { toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { allocate, compareBytes } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import type { Converter } from "./converters.ts"
import { checkNumber, getNumber, putNumber } from "./fields.ts"
import { F_DATA, F_INNER_RIGHTMOST, F_KEY, F_LEAF, F_LEFT, F_RIGHT, ITEM_MAX, LINK } from "./layout.ts"

/** A key or data: bytes, a string (its UTF-8 bytes), or whatever a converter takes. */
// biome-ignore lint/suspicious/noExplicitAny: what it is depends on the converter
export type Item = any

export interface NodeOptions {
  /** What is not there is taken out of them: F_INNER_RIGHTMOST when left out. */
  flags?: number
  /** Sets F_LEAF. */
  leaf?: boolean
  key?: Item
  data?: Item
  left?: number
  right?: number
}

/**
 * A key, data, and links to the left and the right, each of which may be missing. `flags` (F_LEAF, F_KEY, F_DATA, F_LEFT, F_RIGHT) say what
 * is written; the set methods keep them right, and toBytes() refuses a node whose flags and fields do not agree. A key and data are at
 * most 4095 bytes as they are encoded. Without a converter they are bytes, or strings that stand for their UTF-8 bytes.
 */
export class Node {
  declare flags: number
  declare key: Item
  declare data: Item
  /** Links of the lists that hold what is less, and not less, than the key. */
  declare left: number
  declare right: number

  /** @throws EINVAL */
  constructor(options?: NodeOptions) {
    const given: NodeOptions = options === undefined ? {} : options
    const flags = given.flags === undefined ? F_INNER_RIGHTMOST : given.flags
    checkNumber("flags", flags, 0, 255)
    this.flags = flags
    this.key = this.data = undefined
    this.left = this.right = 0
    this.setKey(given.key)
    this.setData(given.data, false)
    this.setLeft(given.left === undefined ? 0 : given.left)
    this.setRight(given.right === undefined ? 0 : given.right)
    if (given.leaf === true) this.flags |= F_LEAF
  }

  /** Sets those of the flags that are in `mask` to what they are in `flags`. */
  setFlags(mask: number, flags: number): void {
    checkNumber("mask", mask, 0, 255)
    checkNumber("flags", flags, 0, 255)
    this.flags = (this.flags & ~mask) | (flags & mask)
  }

  /** Sets the key, or takes it out when it is undefined. @throws EINVAL more than 4095 bytes */
  setKey(key: Item): void {
    checkItem(key, "key")
    this.key = key === null ? undefined : key
    this.setFlags(F_KEY, this.key === undefined ? 0 : F_KEY)
  }

  /** Sets the data, or takes them out when they are undefined; unless `patchLeaf` is false F_LEAF goes with them. @throws EINVAL */
  setData(data: Item, patchLeaf?: boolean): void {
    checkItem(data, "data")
    this.data = data === null ? undefined : data
    const mask = patchLeaf === false ? F_DATA : F_DATA | F_LEAF
    this.setFlags(mask, this.data === undefined ? 0 : mask)
  }

  /** Sets the link to the left; 0 takes it out. @throws EINVAL */
  setLeft(link: number): void {
    checkNumber("left", link, 0, POSITION_MAX)
    this.left = link
    this.setFlags(F_LEFT, link === 0 ? 0 : F_LEFT)
  }

  /** Sets the link to the right; 0 takes it out. @throws EINVAL */
  setRight(link: number): void {
    checkNumber("right", link, 0, POSITION_MAX)
    this.right = link
    this.setFlags(F_RIGHT, link === 0 ? 0 : F_RIGHT)
  }

  /** Tells whether flags, key, data and links are the same. */
  equals(other: Node): boolean {
    return (
      this.flags === other.flags &&
      this.left === other.left &&
      this.right === other.right &&
      sameItem(this.key, other.key) &&
      sameItem(this.data, other.data)
    )
  }

  /** Gives the node's bytes. @throws EINVAL a key or data of more than 4095 bytes as encoded, or flags that say otherwise than the fields */
  toBytes(convertKey?: Converter, convertData?: Converter): Uint8Array {
    const key = encodeItem(this, F_KEY, this.key, convertKey, "key")
    const data = encodeItem(this, F_DATA, this.data, convertData, "data")
    checkLink(this, F_LEFT, this.left, "left")
    checkLink(this, F_RIGHT, this.right, "right")
    const bytes = allocate(sizeOf(this.flags, key, data))
    bytes[0] = this.flags
    let at = 1
    if (key !== undefined || data !== undefined) {
      bytes[at++] =
        (key === undefined ? 0 : (key.length >> 8) << 4) | (data === undefined ? 0 : data.length >> 8)
      if (key !== undefined) bytes[at++] = key.length & 255
      if (data !== undefined) bytes[at++] = data.length & 255
    }
    if (key !== undefined) {
      bytes.set(key, at)
      at += key.length
    }
    if (data !== undefined) {
      bytes.set(data, at)
      at += data.length
    }
    if (this.flags & F_LEFT) {
      putNumber(bytes, at, LINK, this.left)
      at += LINK
    }
    if (this.flags & F_RIGHT) putNumber(bytes, at, LINK, this.right)
    return bytes
  }

  /**
   * Gives the node whose bytes begin at `offset` (0), and where the next one begins. Key and data are copies, or what the converters make
   * of them. @throws ECORRUPT the bytes end within the node, or a length is given of what is not there
   */
  static fromBytes(
    bytes: Uint8Array,
    offset?: number,
    convertKey?: Converter,
    convertData?: Converter,
  ): { node: Node; next: number } {
    const from = offset === undefined ? 0 : offset
    checkNumber("offset", from, 0, bytes.length)
    const reader = { bytes: bytes, start: from, at: from }
    const node = new Node()
    const flags = takeByte(reader)
    const highs = flags & (F_KEY | F_DATA) ? takeByte(reader) : 0
    if ((highs > 15 && !(flags & F_KEY)) || ((highs & 15) > 0 && !(flags & F_DATA)))
      refuseNode(from, "it has a length of what its flags leave out")
    const keyLength = flags & F_KEY ? ((highs >> 4) << 8) | takeByte(reader) : 0
    const dataLength = flags & F_DATA ? ((highs & 15) << 8) | takeByte(reader) : 0
    if (flags & F_KEY) node.key = decodeItem(take(reader, keyLength), convertKey)
    if (flags & F_DATA) node.data = decodeItem(take(reader, dataLength), convertData)
    if (flags & F_LEFT) node.left = takeLink(reader)
    if (flags & F_RIGHT) node.right = takeLink(reader)
    node.flags = flags
    return { node: node, next: reader.at }
  }
}

/** Orders two keys: numbers by size, everything else as bytes; a missing one is before all others. */
export function compareKeys(a: Item, b: Item): number {
  if (typeof a === "number" && typeof b === "number") return a - b
  if (a === undefined || b === undefined) return (a === undefined ? 0 : 1) - (b === undefined ? 0 : 1)
  const left = regionOf(a)
  const right = regionOf(b)
  return compareBytes(left, 0, left._bytes.length, right, 0, right._bytes.length)
}

function regionOf(item: Item): { _bytes: Uint8Array; _view: DataView } {
  const bytes = toBytes(item, "key")
  return { _bytes: bytes, _view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length) }
}

function sameItem(a: Item, b: Item): boolean {
  if (a === b) return true
  if (!isBytes(a) || !isBytes(b)) return false
  return compareKeys(a, b) === 0
}

function isBytes(item: Item): boolean {
  return typeof item === "string" || item instanceof Uint8Array || item instanceof ArrayBuffer
}

/** What is known to be bytes is checked at once; the rest when a converter has made bytes of it. */
function checkItem(item: Item, what: string): void {
  if (isBytes(item)) checkItemLength(toBytes(item, what), what)
}

function checkItemLength(bytes: Uint8Array, what: string): Uint8Array {
  if (bytes.length > ITEM_MAX)
    refuse("EINVAL", `the ${what} has ${bytes.length} bytes, at most ${ITEM_MAX} fit`)
  return bytes
}

function encodeItem(
  node: Node,
  flag: number,
  item: Item,
  converter: Converter | undefined,
  what: string,
): Uint8Array | undefined {
  const isThere = item !== undefined && item !== null
  if ((node.flags & flag) > 0 !== isThere)
    refuse(
      "EINVAL",
      isThere
        ? `the ${what} is there, the node's flags (${node.flags}) leave it out`
        : `the ${what} is missing, the node's flags (${node.flags}) ask for it`,
    )
  if (!isThere) return undefined
  return checkItemLength(toBytes(converter === undefined ? item : converter.encode(item), what), what)
}

function decodeItem(bytes: Uint8Array, converter: Converter | undefined): Item {
  return converter === undefined ? bytes : converter.decode(bytes)
}

function checkLink(node: Node, flag: number, link: number, what: string): void {
  checkNumber(what, link, 0, POSITION_MAX)
  if (link > 0 && !(node.flags & flag))
    refuse("EINVAL", `${what} is ${link}, the node's flags (${node.flags}) leave it out`)
}

function sizeOf(flags: number, key: Uint8Array | undefined, data: Uint8Array | undefined): number {
  let size = 1
  if (key !== undefined || data !== undefined) size++
  if (key !== undefined) size += 1 + key.length
  if (data !== undefined) size += 1 + data.length
  if (flags & F_LEFT) size += LINK
  if (flags & F_RIGHT) size += LINK
  return size
}

interface Reader {
  bytes: Uint8Array
  start: number
  at: number
}

function take(reader: Reader, length: number): Uint8Array {
  if (reader.at + length > reader.bytes.length)
    refuseNode(reader.start, `it needs ${reader.at + length - reader.bytes.length} bytes more than there are`)
  const copy = allocate(length)
  copy.set(reader.bytes.subarray(reader.at, reader.at + length))
  reader.at += length
  return copy
}

function takeByte(reader: Reader): number {
  if (reader.at >= reader.bytes.length) refuseNode(reader.start, "the bytes end within it")
  return reader.bytes[reader.at++]
}

function takeLink(reader: Reader): number {
  const link = getNumber(take(reader, LINK), 0, LINK)
  if (link < 0) refuseNode(reader.start, "a link is larger than any file")
  return link
}

function refuseNode(offset: number, message: string): never {
  refuse("ECORRUPT", `the node at byte ${offset}: ${message}`, 0, offset)
}
