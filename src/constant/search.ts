/** From a key to its index, and from an index to its value. */
import { corrupt } from "../errors.ts"
import { GUESS } from "../platform.ts"
import { probe } from "./access.ts"
import { compareKeys } from "./key-types.ts"
import {
  BASE,
  CHILDREN,
  COUNT,
  getUint64,
  HIGH,
  INNER_KEYS,
  innerSlots,
  LEAF_KEYS,
  LOW,
  PLACE,
  WANTED,
} from "./layout.ts"
import type { AnyReader } from "./types.ts"

/** Reads the head of a node, checks its level (-1: any but a leaf's, for the root), and gives its number of slots. */
export function openNode(reader: AnyReader, page: number, level: number): number {
  const at = probe(reader, page, LEAF_KEYS)
  const view = reader._region._view
  const found = view.getUint16(at, true)
  const pgno = page / reader._pagesize
  const count = view.getUint16(at + COUNT, true)
  const keySize = reader._key.size
  const most = level === 0 ? leafCount(reader, pgno) : innerSlots(reader._pagesize, keySize)
  if ((level < 0 ? found < 1 : found !== level) || count > most || (level === 0 && count < most))
    corrupt(pgno, 0, `level ${found}, ${count} slots: expected ${level}, ${most}`)
  if (level === 0) reader._view.setFloat64(reader._bytes.length + PLACE, getUint64(view, at + BASE))
  return count
}

/** Gives the keys that the leaf on a page has: every one but the last is full. */
function leafCount(reader: AnyReader, pgno: number): number {
  const slots = reader._slots()
  const left = reader._items - (pgno - reader._firstLeaf) * slots
  return left < slots ? left : slots
}

/** Orders the key in _region at `at` and the wanted one. */
function compareAt(reader: AnyReader, at: number): number {
  return compareKeys(reader._key, reader._region._view, at, reader._view, reader._bytes.length + WANTED)
}

/** Gives the first of `count` slots of a node whose key is not smaller than the wanted one, `count` when all are. The keys begin at `start`. */
function halve(reader: AnyReader, start: number, count: number): number {
  const size = reader._key.size
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >> 1
    if (compareAt(reader, probe(reader, start + middle * size, size)) < 0) low = middle + 1
    else high = middle
  }
  return low
}

/**
 * The same with few reads: those that are in reach are searched by halving, and the next to reach for is where the wanted one would be if they were
 * evenly spread, twice at most; then the middle.
 */
function searchNode(reader: AnyReader, start: number, count: number): number {
  const size = reader._key.size
  const numbers = reader._view
  const lowAt = reader._bytes.length + LOW
  const highAt = reader._bytes.length + HIGH
  let low = 0
  let high = count
  let turn = 0
  let next = 0
  while (low < high) {
    const at = probe(reader, start + next * size, size)
    // The slots around `next` that are in reach.
    let first = next - Math.floor(at / size)
    const room = reader._region === reader ? reader._bytes.length : at + (count - next) * size
    let last = next + Math.floor((room - at) / size) - 1
    if (first < low) first = low
    if (last >= high) last = high - 1
    if (compareAt(reader, at + (last - next) * size) < 0) {
      low = last + 1
      keepNumber(reader, lowAt, at + (last - next) * size)
    } else if (first > low && compareAt(reader, at + (first - next) * size) >= 0) {
      high = first
      keepNumber(reader, highAt, at + (first - next) * size)
    } else {
      low = first
      high = last
      while (low < high) {
        const middle = (low + high) >> 1
        if (compareAt(reader, at + (middle - next) * size) < 0) low = middle + 1
        else high = middle
      }
      keepNumber(reader, highAt, at + (low - next) * size)
      if (low > first) keepNumber(reader, lowAt, at + (low - 1 - next) * size)
      return low
    }
    next = (low + high) >> 1
    if (GUESS && turn++ < 2 && reader._key.toNumber !== undefined) {
      const below = numbers.getFloat64(lowAt)
      const wanted = reader._key.toNumber(numbers, reader._bytes.length + WANTED)
      const above = numbers.getFloat64(highAt)
      const guess = low + Math.floor(((wanted - below) / (above - below)) * (high - low))
      if (guess >= low && guess < high) next = guess
      // Where no larger key is known, as in the root, the last one tells how the keys are spread.
      else if (Number.isNaN(above) && (high - low) * size > 4 * reader._bytes.length) next = high - 1
    }
    // The window begins so that the slot is in the middle of it.
    if (reader._region === reader) {
      const half = Math.floor(reader._bytes.length / size / 2)
      const most = high - 2 * half
      next = next - half < low || most < low ? low : next - half > most ? most : next - half
    }
  }
  return low
}

function keepNumber(reader: AnyReader, place: number, at: number): void {
  if (GUESS && reader._key.toNumber !== undefined)
    reader._view.setFloat64(place, reader._key.toNumber(reader._region._view, at))
}

/**
 * Gives the index of the wanted key, or -1 less the index of the first larger one. Without page buffers about two reads a level, with
 * them one. The head of its leaf has been read then.
 */
export function locate(reader: AnyReader): number {
  const pagesize = reader._pagesize
  const numbers = reader._bytes.length
  let page = pagesize
  if (reader._items === 0) return -1
  if (GUESS) {
    reader._view.setFloat64(numbers + LOW, Number.NaN)
    reader._view.setFloat64(numbers + HIGH, Number.NaN)
  }
  for (let level = -1; page < reader._firstLeaf * pagesize; ) {
    const count = openNode(reader, page, level)
    const at = probe(reader, page, INNER_KEYS)
    level = reader._region._view.getUint16(at, true) - 1
    const children = reader._region._view.getUint32(at + CHILDREN, true)
    const slot = (GUESS ? searchNode : halve)(reader, page + INNER_KEYS, count)
    const child = pagesize + children + slot * pagesize
    // Children follow their parents, and leaves are where leaves are: so this ends, whatever a damaged file says.
    if (
      children % pagesize !== 0 ||
      child <= page ||
      child >= reader._valuesAt() ||
      child >= reader._firstLeaf * pagesize !== (level === 0)
    )
      corrupt(page / pagesize, CHILDREN, `children at ${children}`)
    if (GUESS && slot === count) reader._view.setFloat64(numbers + HIGH, Number.NaN)
    page = child
  }
  const count = openNode(reader, page, 0)
  const slot = (GUESS ? searchNode : halve)(reader, page + LEAF_KEYS, count)
  const index = (page / pagesize - reader._firstLeaf) * reader._slots() + slot
  if (slot === count) {
    if (index < reader._items) corrupt(page / pagesize, LEAF_KEYS, "last key below separator")
    return -1 - index
  }
  const at = probe(reader, page + LEAF_KEYS + slot * reader._key.size, reader._key.size)
  return compareAt(reader, at) === 0 ? index : -1 - index
}

/** Gives the page of the leaf that an index lies in, as a position. */
export function leafOf(reader: AnyReader, index: number): number {
  return (reader._firstLeaf + Math.floor(index / reader._slots())) * reader._pagesize
}

/** Reads the head of the leaf of an index, so that openValue() can be asked. */
export function openLeaf(reader: AnyReader, index: number): number {
  const page = leafOf(reader, index)
  openNode(reader, page, 0)
  return page
}

/** The same; then makes the key of the index be in _region, and gives where. */
export function openKey(reader: AnyReader, index: number): number {
  const size = reader._key.size
  const page = openLeaf(reader, index)
  return probe(reader, page + LEAF_KEYS + (index % reader._slots()) * size, size)
}

/**
 * Gives the length of the value of an index, and puts its position into the float at PLACE, where the head of its leaf has put its base.
 * At most one read.
 */
export function openValue(reader: AnyReader, index: number): number {
  const size = reader._key.size
  const slots = reader._slots()
  const page = leafOf(reader, index)
  const offset = LEAF_KEYS + size * slots + 4 * (index % slots)
  const at = probe(reader, page + offset, 8)
  const view = reader._region._view
  const place = reader._bytes.length + PLACE
  const from = view.getUint32(at, true)
  const to = view.getUint32(at + 4, true)
  const position = reader._valuesAt() + reader._view.getFloat64(place) + from
  if (from > to || position + to - from > reader._end)
    corrupt(page / reader._pagesize, offset, `a value from ${from} to ${to}`)
  reader._view.setFloat64(place, position)
  return to - from
}
