/** Opening: what the headers of the blocks say, of the volume's shape and of which blocks are its log. */

import { refuse } from "../../errors.ts"
import { SUM32 } from "../../platform.ts"
import { nextBlock, readHeader } from "../blocks.ts"
import { headerWord } from "../inline.ts"
import {
  BLOCK_ALIGN,
  BLOCK_CHECKPOINT,
  BLOCK_CHECKSUM,
  BLOCK_COUNT,
  BLOCK_ERASES,
  BLOCK_INCOMPATIBLE,
  BLOCK_LENGTH,
  BLOCK_PAGESIZE,
  BLOCK_PREVIOUS_WEIGHT,
  BLOCK_READ_COMPATIBLE,
  BLOCK_SEQUENCE,
  BLOCK_VOLUME,
  FREE,
  IN_LOG,
  WEIGHT_MAX,
} from "../layout.ts"
import { readRecord } from "../record.ts"
import type { FlashVolume } from "../volume.ts"

/**
 * Takes the blocks' states from their headers; false when there is no volume here. One read a block. Erase counts lost become the
 * mean. EFTYPE for a volume of another shape; fewer blocks than there are now are right when it `grows`.
 */
export function readRing(volume: FlashVolume, grows: boolean): boolean {
  const header = volume._header
  const counts: number[] = []
  let least = 0xffffffff
  let sum = 0
  let known = 0
  volume._sequence = 0
  for (let block = 0; block < volume._blocks; block++) {
    volume._states[block] = FREE
    counts.push(-1)
    if (!readHeader(volume, block)) continue
    const count = headerWord(volume, BLOCK_ERASES)
    counts[block] = count
    if (count < least) least = count
    sum += count
    known++
    const sequence = headerWord(volume, BLOCK_SEQUENCE)
    const id = headerWord(volume, BLOCK_VOLUME)
    volume._sequences[block] = sequence
    volume._weights[block] = volume._bytes[header + BLOCK_PREVIOUS_WEIGHT]
    if (sequence > volume._sequence) {
      // Blocks of a volume that was here before are free.
      if (id !== volume._id) volume._states.fill(FREE, 0, block)
      volume._id = id
      volume._head = block
      volume._sequence = sequence
    }
    if (id === volume._id) volume._states[block] = IN_LOG
  }
  if (known === 0) return false
  volume._eraseBase = least
  for (let block = 0; block < volume._blocks; block++)
    volume._eraseCounts[block] = (counts[block] < 0 ? Math.round(sum / known) : counts[block]) - least
  readHeader(volume, volume._head)
  checkShape(volume, grows)
  findLog(volume)
  return true
}

/** Compares the header of the newest block with what was asked for, and takes the rest from it. */
function checkShape(volume: FlashVolume, grows: boolean): void {
  const view = volume._view
  const bytes = volume._bytes
  const header = volume._header
  const pagesize = view.getUint16(header + BLOCK_PAGESIZE)
  const length = headerWord(volume, BLOCK_LENGTH)
  const count = view.getUint16(header + BLOCK_COUNT)
  const align = bytes[header + BLOCK_ALIGN]
  const features = bytes[header + BLOCK_INCOMPATIBLE]
  const check = bytes[header + BLOCK_CHECKSUM]
  if (
    pagesize !== volume._pagesize ||
    length !== volume._blockLength ||
    (grows ? count > volume._blocks : count !== volume._blocks) ||
    align !== volume._align ||
    features !== 0 ||
    !(check === 1 || (SUM32 && check === 2))
  )
    refuse(
      "EFTYPE",
      `a volume of ${count} blocks of ${length} bytes, pages of ${pagesize}, write alignment ${align}, features ${features}, check ${check}: not of ${volume._blocks} of ${volume._blockLength}, ${volume._pagesize}, ${volume._align}, 0, ${SUM32 ? "1 or 2" : "1"}`,
    )
  volume._checksum = check
  volume._count = count
  if (bytes[header + BLOCK_READ_COMPATIBLE] !== 0) volume.readonly = true
  volume._checkpoint = headerWord(volume, BLOCK_CHECKPOINT)
}

/**
 * Which blocks are the log: going back from the newest in the order of the ring, sequences go down by one. Blocks whose header is
 * damaged belong to it by their records. A block of the next sequence number without a header has begun to be erased, or is damaged.
 */
function findLog(volume: FlashVolume): void {
  const states = volume._states
  const weights = volume._weights
  let sequence = volume._sequence
  // A header says the weight of the block before.
  let weight = weights[volume._head]
  let misses = 0
  volume._free = volume._blocks - 1
  for (let back = 1; back < volume._blocks; back++) {
    const block = (volume._head + volume._blocks - back) % volume._blocks
    const hasHeader = states[block] === IN_LOG
    // Behind the oldest block nothing is found: two looks are enough.
    const isNext = hasHeader
      ? volume._sequences[block] === ((sequence - 1) & 0xffff)
      : misses < 2 && beginsWith(volume, block, sequence - 1)
    if (!isNext) {
      if (!hasHeader) misses++
      states[block] = FREE
      continue
    }
    sequence--
    const before = hasHeader ? weights[block] : WEIGHT_MAX
    weights[block] = weight
    weight = before
    states[block] = IN_LOG
    volume._free--
  }
  const next = nextBlock(volume, volume._head, true)
  // Which of the two it is shows when the rest of the log has been read.
  if (next >= 0 && !readHeader(volume, next) && beginsWith(volume, next, volume._sequence + 1))
    volume._dropped = next
}

/** Tells whether the block begins with a record that was written under this sequence number. */
function beginsWith(volume: FlashVolume, block: number, sequence: number): boolean {
  volume._sequences[block] = sequence
  return readRecord(volume, block * volume._blockLength + volume._headerSize, volume._short)
}
