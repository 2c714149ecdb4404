/** A page's content: its image, with the ranges of the records after it. Read from the newest record back; written as what changed. */
import { copyBytes } from "../platform.ts"
import { refuseRecord } from "./access.ts"
import { stop } from "./blocks.ts"
import { addWeight, blockOf } from "./inline.ts"
import { addInterval } from "./intervals.ts"
import {
  CHAIN_MAX,
  CHAIN_SHIFT,
  CLEANED,
  CONTROL,
  DELTA,
  ENTRY_SPARSE,
  IMAGE,
  KIND,
  LOST_GAP,
  MERGED_RANGES_MAX,
  POSITION_MASK,
  SINGLE,
  SPARSE,
  SPARSE_MAX,
  ZERO_RUN_MIN,
} from "./layout.ts"
import { programRecord, putNumber, readRecord, takeBytes, takeNumber } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/**
 * Reads the page whose newest record `entry` names into the work area, zeros where it has no content, and gives the position of its image,
 * 0 when there is none; volume._covered is what the records after the image say. One read a record, two for a long one. What is
 * gathered for the page counts as its newest record, unless it is read `asFlushed`. A record that is not whole: ECORRUPT, or -1 less its
 * block for one read as flushed.
 */
export function readPage(volume: FlashVolume, page: number, entry: number, asFlushed: boolean): number {
  volume._bytes.fill(0, volume._content, volume._content + volume._pagesize)
  volume._covered[0] = 0
  if (!asFlushed && page === volume._page) coverGathered(volume)
  let position = entry & POSITION_MASK
  // A page without records above its image is read at once.
  let view = entry >>> CHAIN_SHIFT === 0 ? volume._whole : volume._short
  for (let steps = 0; position !== 0; steps++) {
    let problem = ""
    if (
      !readRecord(volume, position, view) ||
      volume._recordPage !== page ||
      (volume._flags & KIND) === CONTROL ||
      steps > CHAIN_MAX
    )
      problem = `no record of page ${page}`
    else if (!takeRanges(volume, volume._flags & KIND)) problem = `page ${page} was lost`
    else if ((volume._flags & KIND) === IMAGE) return position
    if (problem !== "") {
      if (asFlushed) return -1 - blockOf(volume, position)
      refuseRecord(volume, position, problem)
    }
    position = volume._link
    view = volume._short
  }
  return 0
}

/** Puts the gathered bytes into the content of the work area. */
function coverGathered(volume: FlashVolume): void {
  const list = volume._gathered
  for (let i = 1; i <= list[0] * 2; i += 2) {
    const start = list[i]
    copyBytes(volume._bytes, start, volume._bytes, volume._content + start, list[i + 1] - start)
    addInterval(volume._covered, start, list[i + 1])
  }
}

/**
 * Takes what the ranges of the record that was just read say of bytes that no newer one has covered; false for one that says the content was
 * lost, or leads out of the page.
 */
function takeRanges(volume: FlashVolume, kind: number): boolean {
  const covered = volume._covered
  const isSingle = kind === DELTA && (volume._flags & SINGLE) !== 0
  let end = 0
  let isRight = true
  while (isRight && volume._left > 0) {
    const start = end + takeNumber(volume)
    end = start + (isSingle ? volume._left : takeNumber(volume) + 1)
    volume._left -= end - start
    if (end > volume._pagesize) {
      isRight = false
      break
    }
    let at = start
    for (let i = 1; at < end; i += 2) {
      const isLast = i > covered[0] * 2
      const stop = isLast || covered[i] > end ? end : covered[i]
      if (at < stop) {
        takeBytes(volume, stop - at, volume._content + at)
        at = stop
      }
      const past = isLast || covered[i + 1] > end ? end : covered[i + 1]
      if (at < past) {
        volume._cursor += past - at
        at = past
      }
    }
    if (kind !== IMAGE) isRight = addInterval(covered, start, end)
  }
  return isRight
}

/** Gives the bytes that the ranges of `list` take in a record's body, at most. */
export function sizeOfRanges(list: Uint16Array): number {
  let size = 4 * list[0]
  for (let i = 1; i <= list[0] * 2; i += 2) size += list[i + 1] - list[i]
  return size
}

/**
 * Puts the ranges of `list`, whose page's bytes stand from `source` on in the volume's memory, as a record's body; gives its end. The only
 * range of a delta says no length.
 */
function putRanges(volume: FlashVolume, list: Uint16Array, source: number, isSingle: boolean): number {
  const bytes = volume._bytes
  let end = volume._body
  let last = 0
  for (let i = 1; i <= list[0] * 2; i += 2) {
    const length = list[i + 1] - list[i]
    end = putNumber(bytes, end, list[i] - last)
    if (!isSingle) end = putNumber(bytes, end, length - 1)
    copyBytes(bytes, source + list[i], bytes, end, length)
    end += length
    last = list[i + 1]
  }
  return end
}

/** Programs the ranges of `list` as a delta on the record at `link`; gives the page's entry in the map. */
export function programDelta(
  volume: FlashVolume,
  page: number,
  commit: number,
  link: number,
  list: Uint16Array,
  source: number,
  chain: number,
): number {
  const isSingle = list[0] === 1
  const end = putRanges(volume, list, source, isSingle)
  const position = programRecord(volume, DELTA | commit | (isSingle ? SINGLE : 0), page, link, end)
  return (position | ((chain + ((list[0] + 1) >> 1)) << CHAIN_SHIFT)) >>> 0
}

/**
 * Programs the page in the work area as an image, leaving out runs of zeros, and gives its map entry. `mayBeSparse`: the page was written
 * whole, or was sparse before. ENOSPC for content in a page that had none, when the capacity is used up.
 */
export function programImage(volume: FlashVolume, page: number, flags: number, mayBeSparse: boolean): number {
  const end = putImage(volume)
  const isSparse = mayBeSparse && end - volume._body <= SPARSE_MAX
  if ((flags & CLEANED) === 0 && !isSparse && (volume._map[page] | 0) <= 0) {
    if (volume._live >= volume._usable * volume._perBlock)
      stop(volume, "ENOSPC", `the volume is full: ${volume._live} pages have content`)
  }
  const position = programRecord(volume, IMAGE | flags | (isSparse ? SPARSE : 0), page, 0, end)
  addWeight(volume, blockOf(volume, position), isSparse)
  return (position | (isSparse ? ENTRY_SPARSE << CHAIN_SHIFT : 0)) >>> 0
}

/** Makes the page in the work area the body of an image, in place; gives its end. */
function putImage(volume: FlashVolume): number {
  const content = volume._content
  const list = volume._covered
  list[0] = 0
  let past = 0
  for (let at = 0; at < volume._pagesize; at++) {
    if (volume._bytes[content + at] === 0) continue
    // The last range takes all the rest, so that what is written stays behind what is read.
    if (list[0] > 0 && (at - past < ZERO_RUN_MIN || list[0] === MERGED_RANGES_MAX)) list[list[0] * 2] = at + 1
    else addInterval(list, at, at + 1)
    past = at + 1
  }
  return putRanges(volume, list, content, false)
}

/** Programs the image of a page whose content cannot be read any more: reading it gives ECORRUPT until it is written anew. */
export function programLost(volume: FlashVolume, page: number, flags: number): number {
  // Two bytes from there on: beyond the end of the largest page too.
  const end = putNumber(volume._bytes, putNumber(volume._bytes, volume._body, LOST_GAP), 1) + 2
  return programRecord(volume, IMAGE | flags, page, 0, end)
}
