/** Opening: what a checkpoint says, of the map and of the retired blocks. */

import { blockEnd, nextBlock } from "../blocks.ts"
import { blockOf } from "../inline.ts"
import { CHECKPOINT, CONTROL, FAILING, FREE, IN_LOG, KIND, RETIRED } from "../layout.ts"
import { setEntry } from "../map.ts"
import { readRecord } from "../record.ts"
import { takeWord } from "../take-word.ts"
import type { FlashVolume } from "../volume.ts"

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
