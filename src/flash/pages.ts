/** A page's content: its image, with the ranges of the records after it. Read from the newest record back; written as what changed. */
import { copyBytes } from "../platform.ts"
import { corruptRecord } from "./access.ts"
import { volumeFull } from "./blocks.ts"
import { addInterval, runAt } from "./intervals.ts"
import {
  CHAIN_MAX,
  CHAIN_SHIFT,
  CLEANED,
  CONTROL,
  DELTA,
  ENTRY_SPARSE,
  IMAGE,
  IMAGE_WEIGHT,
  KIND,
  LOST_GAP,
  MERGED_RANGES_MAX,
  POSITION_MASK,
  SINGLE,
  SPARSE,
  SPARSE_MAX,
  SPARSE_WEIGHT,
  WEIGHT_MAX,
  ZERO_RUN_MIN,
} from "./layout.ts"
import { takesCapacity } from "./map.ts"
import { BODY, openRecord, programRecord, putNumber, recordIsWhole, takeBytes, takeNumber } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Room before a page's content in the work area: a body made of it in place never overtakes what is still to be read. */
export const CONTENT = BODY + 4 * MERGED_RANGES_MAX

/**
 * Reads bytes [from, to) of the page whose newest record `entry` names into `target` from `offset`; zeros where it has no content.
 * Gives the position of its image, 0 when there is none, and leaves in volume._covered what the records after the image say. One read a
 * record, two for a long one. ECORRUPT for a record that is not whole.
 */
export function readPage(
  volume: FlashVolume,
  page: number,
  entry: number,
  target: Uint8Array,
  offset: number,
  from: number,
  to: number,
): number {
  const covered = volume._covered
  covered[0] = 0
  target.fill(0, offset, offset + to - from)
  let position = entry & POSITION_MASK
  // A page without records above its image is read at once.
  let view = entry >>> CHAIN_SHIFT === 0 ? volume._whole : volume._short
  for (let steps = 0; position !== 0; steps++) {
    const found = openRecord(volume, position, view)
    const kind = volume._flags & KIND
    const isSingle = kind === DELTA && (volume._flags & SINGLE) !== 0
    if (!found || volume._recordPage !== page || kind === CONTROL || steps > CHAIN_MAX) {
      throw corruptRecord(volume, position, `no record of page ${page} where its chain leads`)
    }
    let at = 0
    while (volume._left > 0) {
      const gap = takeNumber(volume)
      const start = at + gap
      const end = start + (isSingle ? volume._left : takeNumber(volume) + 1)
      if (end > volume.pagesize || (kind !== IMAGE && covered[0] >= 2 * CHAIN_MAX)) {
        const lost = gap === LOST_GAP
        throw corruptRecord(
          volume,
          position,
          lost
            ? `page ${page} was lost: a record of it was damaged`
            : `a range beyond the end of page ${page}`,
        )
      }
      for (at = start; at < end; ) {
        const run = runAt(covered, at, end)
        const stop = at + (run < 0 ? -run : run)
        // In three parts at most: before what is wanted, in it, after it.
        while (at < stop) {
          const next = at < from ? (stop < from ? stop : from) : at < to ? (stop < to ? stop : to) : stop
          takeBytes(volume, next - at, run < 0 || at < from || at >= to ? null : target, offset + at - from)
          at = next
        }
      }
      if (kind !== IMAGE) addInterval(covered, start, end)
    }
    if (!recordIsWhole(volume)) throw corruptRecord(volume, position, `a damaged record of page ${page}`)
    if (kind === IMAGE) return position
    position = volume._link
    view = volume._short
  }
  return 0
}

/** Puts gathered bytes [from, to) of the page over what was read to `target` from `offset`. */
export function overlayGathered(
  volume: FlashVolume,
  target: Uint8Array,
  offset: number,
  from: number,
  to: number,
): void {
  const list = volume._gathered
  for (let i = 1; i <= list[0] * 2; i += 2) {
    const start = list[i] > from ? list[i] : from
    const end = list[i + 1] < to ? list[i + 1] : to
    if (start < end) copyBytes(volume._bytes, start, target, offset + start - from, end - start)
  }
}

/**
 * Puts the ranges of `list`, whose page's bytes stand from `source` on in the volume's memory, as a record's body; gives its end. The only
 * range of a delta says no length.
 */
export function putRanges(volume: FlashVolume, list: Uint16Array, source: number, isSingle: boolean): number {
  const bytes = volume._bytes
  let end = volume._work + BODY
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

/** Gives the bytes that the ranges of `list` take in a record's body, at most. */
export function sizeOfRanges(list: Uint16Array): number {
  let size = 4 * list[0]
  for (let i = 1; i <= list[0] * 2; i += 2) size += list[i + 1] - list[i]
  return size
}

/**
 * Programs the page in the work area as an image, leaving out runs of zeros, and gives its map entry. `mayBeSparse`: the page was written
 * whole, or was sparse before. ENOSPC for content in a page that had none, when the capacity is used up.
 */
export function programImage(volume: FlashVolume, page: number, flags: number, mayBeSparse: boolean): number {
  const bytes = volume._bytes
  const content = volume._work + CONTENT
  const list = volume._covered
  list[0] = 0
  let past = 0
  for (let at = 0; at < volume.pagesize; at++) {
    if (bytes[content + at] === 0) continue
    // The last range takes all the rest, so that what is written stays behind what is read.
    if (list[0] > 0 && (at - past < ZERO_RUN_MIN || list[0] === MERGED_RANGES_MAX)) list[list[0] * 2] = at + 1
    else addInterval(list, at, at + 1)
    past = at + 1
  }
  const end = putRanges(volume, list, content, false)
  const isSparse = mayBeSparse && end - volume._work - BODY <= SPARSE_MAX
  if ((flags & CLEANED) === 0 && !isSparse && !takesCapacity(volume._map[page])) {
    if (volume._live >= volume._usable * volume._perBlock)
      throw volumeFull(
        volume,
        `the volume is full: ${volume._live} pages of ${volume.pagesize} bytes have content`,
      )
  }
  const position = programRecord(volume, IMAGE | flags | (isSparse ? SPARSE : 0), page, 0, end)
  addWeight(volume, position, isSparse)
  return (position | (isSparse ? ENTRY_SPARSE << CHAIN_SHIFT : 0)) >>> 0
}

/** Programs the image of a page whose content cannot be read any more: reading it gives ECORRUPT until it is written anew. */
export function programLost(volume: FlashVolume, page: number, flags: number): number {
  const body = volume._work + BODY
  const end = putNumber(volume._bytes, putNumber(volume._bytes, body, LOST_GAP), 0) + 1
  return programRecord(volume, IMAGE | flags, page, 0, end)
}

/** Notes what it will cost at most to move the image at `position`; a block that holds as much as can be noted is left. */
export function addWeight(volume: FlashVolume, position: number, isSparse: boolean): void {
  const block = Math.floor(position / volume._blockLength)
  volume._weights[block] += isSparse ? SPARSE_WEIGHT : IMAGE_WEIGHT
  if (block === volume._head && volume._weights[block] > WEIGHT_MAX - IMAGE_WEIGHT) volume._sealed = true
}
