/** Figures of a volume, and what is damaged in it. */
import { isFlashtreeError } from "../errors.ts"
import { BLANK, corruptRecord, FAILING, IN_LOG } from "./access.ts"
import { nextBlock, readHeader, roomWeight } from "./blocks.ts"
import { wantedWeight } from "./cleaning.ts"
import { IMAGE_WEIGHT, TRANSACTION_PAGES } from "./layout.ts"
import { CONTENT, readPage } from "./pages.ts"
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

/** Gives the room that a transaction can take before any block is reclaimed for it, in the units of a block's weight. */
export function spareWeight(volume: FlashVolume): number {
  const isHalfFull = wantedWeight(volume) > volume._neededWeight + IMAGE_WEIGHT
  return roomWeight(volume) - wantedWeight(volume) - (isHalfFull ? volume._perBlock * IMAGE_WEIGHT : 0)
}

/**
 * Gives how many bytes can be committed without an erase, in pages written whole: in the head and in blocks known to be blank. A change of
 * n bytes takes about n + 13 of them.
 */
export function readyBytes(volume: FlashVolume): number {
  // The head goes on through the free blocks in their order, up to the first that is not known to be blank.
  let weight = roomWeight(volume) - volume._free * volume._perBlock * IMAGE_WEIGHT
  let block = volume._head
  for (let i = 0; i < volume._free; i++) {
    block = nextBlock(volume, block, true)
    if (volume._states[block] !== BLANK) break
    weight += volume._perBlock * IMAGE_WEIGHT
  }
  const spare = spareWeight(volume)
  let pages = Math.floor((spare < weight ? spare : weight) / IMAGE_WEIGHT)
  // Beyond half of the capacity more is kept.
  const toHalf = (volume._usable * volume._perBlock) / 2 - volume._live
  if (toHalf >= 0 && pages > toHalf) {
    pages -= TRANSACTION_PAGES + volume._perBlock
    if (pages < toHalf) pages = Math.floor(toHalf)
  }
  return pages > 0 ? pages * volume.pagesize : 0
}

export function volumeStatus(volume: FlashVolume): FlashVolumeStatus {
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
    pagesize: volume.pagesize,
    capacity: volume._usable * volume._perBlock * volume.pagesize,
    used: (volume._blocks - volume._free) * volume._blockLength,
    live: volume._live * volume.pagesize,
    readyBytes: readyBytes(volume),
    freeBlocks: volume._free,
    retired: retired,
    eraseCountMin: volume._eraseBase + min,
    eraseCountMax: volume._eraseBase + max,
    eraseCountMean: volume._eraseBase + sum / volume._blocks,
    sequence: volume._sequence,
    mapBytes: volume._map.byteLength + volume._blocks * 6,
  }
}

/** Reads the header of every block of the log, and the chain of every page with content; gives a finding for each that is damaged. */
export function checkVolume(volume: FlashVolume): FlashFinding[] {
  const findings: FlashFinding[] = []
  volume._loaded = -1
  // The oldest block may stand before an erase that was cut; its records are read below where they are in use.
  const tail = volume._head < 0 ? -1 : nextBlock(volume, volume._head, false)
  for (let block = 0; block < volume._blocks; block++) {
    const state = block === tail ? BLANK : volume._states[block]
    if ((state !== IN_LOG && state !== FAILING) || readHeader(volume, block)) continue
    const error = corruptRecord(volume, block * volume._blockLength, "a damaged header")
    findings.push({ code: "ECORRUPT", page: volume._first + block, offset: 0, message: error.message })
  }
  for (let page = 0; page < volume._pages; page++) {
    try {
      readPage(volume, page, volume._map[page], volume._bytes, volume._work + CONTENT, 0, volume.pagesize)
    } catch (error) {
      if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
      findings.push({
        code: "ECORRUPT",
        page: error.page as number,
        offset: error.offset as number,
        message: error.message,
      })
    }
  }
  return findings
}
