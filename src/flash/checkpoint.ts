/**
 * A checkpoint: the map and the retired blocks as control records, so that opening the volume need not read all of the log. The header of the
 * next block points to the first of them, and one at the beginning of the newest block is found there; until then the one before holds.
 */
import { CHECKPOINT, CLEANED, CONTROL, FAILING } from "./layout.ts"
import { programRecord } from "./record.ts"
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
