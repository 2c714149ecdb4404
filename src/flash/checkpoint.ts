/**
 * A checkpoint: the map and the retired blocks as control records, so that opening the volume need not read all of the log. The header of the
 * next block points to the first of them, and one at the beginning of the newest block is found there; until then the one before holds.
 */
import { blockOf } from "./access.ts"
import { blockEnd, nextBlock } from "./blocks.ts"
import { CHECKPOINT, CLEANED, CONTROL, FAILING, FREE, IN_LOG, KIND, RETIRED } from "./layout.ts"
import { setEntry } from "./map.ts"
import { programRecord, readRecord, takeWord } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Retired blocks that a checkpoint remembers. */
const RETIRED_MAX = 16

/** Writes a checkpoint of the flushed state. */
export function writeCheckpoint(volume: FlashVolume): void {
  const view = volume._view
  const body = volume._body
  let pages = volume._pages
  while (pages > 0 && volume._map[pages - 1] === 0) pages--
  let start = 0
  volume._checkpointDue = false
  volume._checkpointSequence = volume._sequence
  for (let page = 0; start === 0 || page < pages; ) {
    let end = body + 12
    let retired = 0
    for (let block = 0; page === 0 && block < volume._blocks && retired < RETIRED_MAX; block++) {
      if (volume._states[block] < FAILING) continue
      view.setUint32(end, block)
      end += 4
      retired++
    }
    view.setUint32(body + 4, page)
    for (; page < pages && end < body + volume._pagesize - 16; page++, end += 4)
      view.setUint32(end, volume._map[page])
    view.setUint32(body, (page < pages ? 1 : 0) | (retired << 8))
    view.setUint32(body + 8, volume._flushedSize)
    const position = programRecord(volume, CONTROL | CLEANED, CHECKPOINT, 0, end)
    if (start === 0) start = position
  }
  volume._checkpoint = start
}

/** Takes the map from the checkpoint that begins at `start`; gives where it ends, 0 when it is not there, or not all of it. */
export function loadCheckpoint(volume: FlashVolume, start: number): number {
  let position = start
  let block = blockOf(volume, start)
  if (start === 0 || block >= volume._blocks || volume._states[block] < IN_LOG) return 0
  volume._checkpointSequence = volume._sequence - ((volume._sequence - volume._sequences[block]) & 0xffff)
  volume._map.fill(0)
  volume._live = 0
  let page = 0
  for (let more = true; more; position = volume._next) {
    if (position - block * volume._blockLength >= blockEnd(volume, block)) {
      if (block === volume._head) return 0
      block = nextBlock(volume, block, false)
      position = block * volume._blockLength + volume._headerSize
    }
    if (!readRecord(volume, position, volume._whole)) return 0
    if ((volume._flags & KIND) !== CONTROL || volume._recordPage !== CHECKPOINT) return 0
    const word = takeWord(volume)
    more = (word & 1) !== 0
    if (takeWord(volume) !== page) return 0
    volume._loggedSize = takeWord(volume)
    takeRetired(volume, word >>> 8)
    for (; volume._left >= 4 && page < volume._pages; page++) setEntry(volume, page, takeWord(volume))
  }
  volume._flushedSize = volume._loggedSize
  volume._checkpoint = start
  return position
}

/** Takes the numbers of `count` blocks that are not to be used again. */
export function takeRetired(volume: FlashVolume, count: number): void {
  for (let i = 0; i < count; i++) {
    const block = takeWord(volume)
    if (block >= volume._blocks) continue
    if (volume._states[block] === IN_LOG) volume._states[block] = FAILING
    else if (volume._states[block] === FREE) {
      volume._states[block] = RETIRED
      volume._usable--
      volume._free--
    }
  }
}
