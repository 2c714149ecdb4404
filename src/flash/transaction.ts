/** What happens between two flushes: gathered pages become records, and a commit mark makes them hold. */
import { reserve } from "./cleaning.ts"
import {
  CHAIN_MAX,
  CHAIN_SHIFT,
  CHECK_SIZE,
  COMMIT,
  COMMITTED,
  CONTROL,
  HEAD_MAX,
  MERGED_RANGES_MAX,
  POSITION_MASK,
  STREAM_SIZE,
} from "./layout.ts"
import { changeEntry, cutOff, settle } from "./map.ts"
import { programDelta, programImage, readPage, sizeOfRanges } from "./pages.ts"
import { programRecord } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Programs the gathered page as a record of the open transaction, if there is one; `commit` is COMMIT or 0. */
export function emitGathered(volume: FlashVolume, commit: number) {
  if (volume._page < 0) return
  const size = sizeOfRanges(volume._gathered)
  const isLarge = size >= (volume._pagesize * 3) >> 2
  reserve(volume, isLarge ? volume._imageSize : size + HEAD_MAX + CHECK_SIZE, commit)
  return programGathered(volume, commit, isLarge)
}

/** Programs what is gathered: as a delta on the page's newest record, as one on its image where that is smaller than a new one, or as that. */
function programGathered(volume: FlashVolume, commit: number, isLarge: boolean): void {
  const page = volume._page
  const gathered = volume._gathered
  // Cleaning may have moved the page.
  const before = volume._map[page]
  const isWhole = gathered[0] === 1 && gathered[2] - gathered[1] === volume._pagesize
  let link = before & POSITION_MASK
  let list = gathered
  let source = 0
  let chain = before >>> CHAIN_SHIFT
  // A sparse image has no deltas.
  let isDelta = (before | 0) > 0
  if (isLarge || !isDelta || chain + ((list[0] + 1) >> 1) > CHAIN_MAX) {
    link = readPage(volume, page, isWhole ? 0 : before, false)
    list = volume._covered
    source = volume._content
    chain = 0
    if (isDelta) {
      const size = sizeOfRanges(list)
      isDelta = link > 0 && list[0] <= MERGED_RANGES_MAX && size < volume._pagesize >> 1
    }
  }
  let entry = 0
  if (isDelta) entry = programDelta(volume, page, commit, link, list, source, chain)
  else entry = programImage(volume, page, commit, isWhole)
  if (volume._started === 0) volume._started = entry & POSITION_MASK
  changeEntry(volume, page, entry)
  volume._page = -1
  gathered[0] = 0
}

/** Commits the open transaction: its last record carries the mark. Nothing at all is programmed when nothing changed. */
export function flushVolume(volume: FlashVolume): void {
  const page = volume._page
  // A page behind the end says by itself where the end is now.
  const said =
    page >= 0 && page * volume._pagesize >= volume._loggedSize
      ? (page + 1) * volume._pagesize
      : volume._loggedSize
  const saysSize = volume._size !== said
  emitGathered(volume, saysSize ? 0 : COMMIT)
  if (saysSize || (page < 0 && volume._started !== 0))
    programControl(volume, saysSize ? STREAM_SIZE : COMMITTED, COMMIT)
  settle(volume)
}

/** Programs a control record of the open transaction; a stream size has the size as its body. */
export function programControl(volume: FlashVolume, what: number, commit: number): void {
  const body = volume._body
  reserve(volume, HEAD_MAX + 4 + CHECK_SIZE, commit)
  volume._view.setUint32(body, volume._size)
  const position = programRecord(volume, CONTROL | commit, what, 0, what === STREAM_SIZE ? body + 4 : body)
  if (volume._started === 0) volume._started = position
  if (what === STREAM_SIZE) cutOff(volume, volume._size)
}
