/** What happens between two flushes: gathered pages become records, a commit mark makes them hold, an abort gives them up. */
import { failure } from "../errors.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import { reserve } from "./cleaning.ts"
import { addInterval } from "./intervals.ts"
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
import { changeEntry, cutOff, settle, takesCapacity } from "./map.ts"
import { CONTENT, overlayGathered, programDelta, programImage, readPage, sizeOfRanges } from "./pages.ts"
import { BODY, programRecord } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Programs the gathered page as a record of the open transaction, if there is one; `commit` is COMMIT or 0. */
export function emitGathered(volume: FlashVolume, commit: number): void {
  const page = volume._page
  if (page < 0) return
  const list = volume._gathered
  const size = sizeOfRanges(list)
  const isWhole = size >= (volume.pagesize * 3) >> 2
  reserve(volume, isWhole ? volume._imageSize : size + HEAD_MAX + CHECK_SIZE)
  // Cleaning may have moved the page.
  const entry = volume._map[page]
  const chain = entry >>> CHAIN_SHIFT
  const next =
    !isWhole && takesCapacity(entry) && chain + ((list[0] + 1) >> 1) <= CHAIN_MAX
      ? programDelta(volume, page, commit, entry & POSITION_MASK, list, 0, chain)
      : programMerged(volume, page, commit, entry)
  if (volume._started === 0) volume._started = next & POSITION_MASK
  changeEntry(volume, page, next)
  if (page * volume.pagesize >= volume._loggedSize) volume._loggedSize = (page + 1) * volume.pagesize
  volume._page = -1
  list[0] = 0
}

/** Programs all of the gathered page: as one delta on its image, where that is smaller than a new one. */
function programMerged(volume: FlashVolume, page: number, commit: number, entry: number): number {
  const content = volume._work + CONTENT
  const gathered = volume._gathered
  const list = volume._covered
  let image = 0
  list[0] = 0
  const isWhole = gathered[0] === 1 && gathered[2] - gathered[1] === volume.pagesize
  if (!isWhole) image = readPage(volume, page, entry, volume._bytes, content, 0, volume.pagesize)
  overlayGathered(volume, volume._bytes, content, 0, volume.pagesize)
  if (image !== 0 && takesCapacity(entry)) {
    for (let i = 1; i <= gathered[0] * 2; i += 2) addInterval(list, gathered[i], gathered[i + 1])
    if (list[0] <= MERGED_RANGES_MAX && sizeOfRanges(list) < volume.pagesize >> 1) {
      return programDelta(volume, page, commit, image, list, content, 0)
    }
  }
  return programImage(volume, page, commit, isWhole)
}

/** Commits the open transaction: its last record carries the mark. Nothing at all is programmed when nothing changed. */
export function flushVolume(volume: FlashVolume): void {
  const page = volume._page
  // A page behind the end says by itself where the end is now.
  const said =
    page >= 0 && page * volume.pagesize >= volume._loggedSize
      ? (page + 1) * volume.pagesize
      : volume._loggedSize
  if (volume._size !== said) {
    emitGathered(volume, 0)
    programControl(volume, STREAM_SIZE, COMMIT)
  } else if (page >= 0) {
    emitGathered(volume, COMMIT)
  } else if (volume._started !== 0) {
    programControl(volume, COMMITTED, COMMIT)
  }
  settle(volume)
}

/** Programs a control record of the open transaction; a stream size has the size as its body. */
function programControl(volume: FlashVolume, what: number, commit: number): void {
  const body = volume._work + BODY
  reserve(volume, HEAD_MAX + 4 + CHECK_SIZE)
  volume._view.setUint32(body, volume._size, true)
  const position = programRecord(volume, CONTROL | commit, what, 0, what === STREAM_SIZE ? body + 4 : body)
  if (volume._started === 0) volume._started = position
  if (what === STREAM_SIZE) cutOff(volume, volume._size)
}

/** Notes a new size; what is cut off reads as zeros should the stream grow again. */
export function setVolumeSize(volume: FlashVolume, size: number): void {
  const most = volume._pages * volume.pagesize
  if (!(size >= 0 && size <= most) || size % 1 !== 0)
    throw failure(
      size > most && size <= POSITION_MAX ? "ENOSPC" : "EINVAL",
      `a size of ${size}: the volume has addresses up to ${most}`,
    )
  const before = volume._size
  if (size < before) {
    const kept = Math.ceil(size / volume.pagesize)
    const rest = (kept * volume.pagesize < before ? kept * volume.pagesize : before) - size
    if (rest > 0) volume.write(new Uint8Array(rest), size)
    volume._busy = true
    if (volume._page >= kept) {
      volume._page = -1
      volume._gathered[0] = 0
    }
    volume._size = size
    programControl(volume, STREAM_SIZE, 0)
    volume._busy = false
  }
  volume._size = size
}
