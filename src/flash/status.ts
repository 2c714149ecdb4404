/** Figures of a volume. */

import { FREE_WANTED } from "./cleaning.ts"
import { alignUp, BLOCK_HEADER, TINY } from "./layout.ts"
import { BLANK, FAILING, RETIRED } from "./ring.ts"
import type { FlashVolume } from "./volume.ts"

export interface FlashVolumeStatus {
  blocks: number
  /** Bytes in an erase block, and in a page. */
  blockLength: number
  pagesize: number
  /** Bytes of content that can be rewritten at any time. */
  capacity: number
  /** Bytes of the partition that the log takes up. */
  used: number
  /** Bytes of pages with content. */
  live: number
  /** Bytes that can be committed without any erase. */
  readyBytes: number
  freeBlocks: number
  /** Blocks not used any more, because a program or an erase did not read back right. */
  retired: number
  eraseCountMin: number
  eraseCountMax: number
  eraseCountMean: number
  /** Sequence number of the block being written: how many were, ever. */
  sequence: number
  /** Bytes of memory for the map and the blocks. */
  mapBytes: number
}

/** What check() reports. `page` is the erase block and `offset` the byte in it. */
export interface FlashFinding {
  code: "ECORRUPT"
  page: number
  offset: number
  message: string
}

export function readyBytes(volume: FlashVolume): number {
  let blank = 0
  for (let i = 0; i < volume._blocks; i++) if (volume._states[i] === BLANK) blank++
  const room = volume._blockLength - alignUp(BLOCK_HEADER, volume._align)
  const head = volume._head < 0 || volume._sealed ? 0 : volume._blockLength - volume._at
  // Below the wanted number of free blocks the next record cleans.
  const usable = blank - FREE_WANTED
  return head + (usable > 0 ? usable * room : 0)
}

export function volumeStatus(volume: FlashVolume): FlashVolumeStatus {
  let live = 0
  for (let i = 0; i < volume._pages; i++) if (volume._map[i] !== 0 && volume._map[i] >>> 24 < TINY) live++
  let retired = 0
  let min = 0xffff
  let max = 0
  let sum = 0
  for (let i = 0; i < volume._blocks; i++) {
    const count = volume._eraseCounts[i]
    if (volume._states[i] === RETIRED || volume._states[i] === FAILING) retired++
    if (count < min) min = count
    if (count > max) max = count
    sum += count
  }
  return {
    blocks: volume._blocks,
    blockLength: volume._blockLength,
    pagesize: volume.pagesize,
    capacity: volume._capacityPages * volume.pagesize,
    used: (volume._blocks - volume._free) * volume._blockLength,
    live: live * volume.pagesize,
    readyBytes: readyBytes(volume),
    freeBlocks: volume._free,
    retired: retired,
    eraseCountMin: volume._eraseBase + min,
    eraseCountMax: volume._eraseBase + max,
    eraseCountMean: volume._eraseBase + sum / volume._blocks,
    sequence: volume._sequence,
    mapBytes: volume._map.byteLength + volume._blocks * 5,
  }
}
