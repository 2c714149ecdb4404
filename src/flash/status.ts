/** Figures of a volume. */
import { nextBlock, roomWeight } from "./blocks.ts"
import { spareWeight } from "./cleaning.ts"
import { BLANK, FAILING, IMAGE_WEIGHT } from "./layout.ts"
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

/**
 * Gives how many bytes can be committed without an erase, in pages written whole: in the head and in blocks known to be blank. A change of
 * n bytes takes about n + 13 of them.
 */
function readyBytes(volume: FlashVolume): number {
  // The head goes on through the free blocks in their order, up to the first that is not known to be blank.
  let weight = roomWeight(volume) - volume._free * volume._perBlock * IMAGE_WEIGHT
  let block = volume._head
  for (let i = 0; i < volume._free; i++) {
    block = nextBlock(volume, block, true)
    if (volume._states[block] !== BLANK) break
    weight += volume._perBlock * IMAGE_WEIGHT
  }
  const spare = spareWeight(volume, false, true)
  let pages = Math.floor((spare < weight ? spare : weight) / IMAGE_WEIGHT)
  // Beyond half of the capacity one block more is kept.
  const toHalf = (volume._usable * volume._perBlock) / 2 - volume._live
  if (toHalf >= 0 && pages > toHalf) {
    pages -= volume._perBlock
    if (pages < toHalf) pages = Math.floor(toHalf)
  }
  return pages > 0 ? pages * volume._pagesize : 0
}

export function volumeStatus(volume: FlashVolume): FlashVolumeStatus {
  const ready = readyBytes(volume)
  let retired = 0
  let min = 0xffff
  let max = 0
  let sum = 0
  for (let i = 0; i < volume._blocks; i++) {
    const count = volume._eraseCounts[i]
    if (volume._states[i] >= FAILING) retired++
    if (count < min) min = count
    if (count > max) max = count
    sum += count
  }
  return {
    blocks: volume._blocks,
    blockLength: volume._blockLength,
    pagesize: volume._pagesize,
    capacity: volume._usable * volume._perBlock * volume._pagesize,
    used: (volume._blocks - volume._free) * volume._blockLength,
    live: volume._live * volume._pagesize,
    readyBytes: ready,
    freeBlocks: volume._free,
    retired: retired,
    eraseCountMin: volume._eraseBase + min,
    eraseCountMax: volume._eraseBase + max,
    eraseCountMean: volume._eraseBase + sum / volume._blocks,
    sequence: volume._sequence,
    mapBytes: volume._map.byteLength + volume._blocks * 6,
  }
}
