/** What is done to a volume as a whole: begun anew, put on more blocks, erased. */
import { refuse } from "../../errors.ts"
import { nextBlock } from "../blocks.ts"
import { reclaimTail, reserve } from "../cleaning.ts"
import { open } from "../core.ts"
import type { FlashDevice } from "../device.ts"
import { RESERVED_BLOCKS, VOLUME_SIZE_MAX } from "../layout.ts"
import type { FlashOpenOptions } from "../opening/index.ts"
import type { FlashVolume } from "../volume.ts"

type ReadRing = (volume: FlashVolume, grows: boolean) => boolean

/** What open() does first for format: "always" and for resize: "grow"; it gives the way to read the headers, and a second handle. */
export function remake(
  this: FlashVolume,
  given: FlashOpenOptions,
  readRing: ReadRing,
  old: FlashVolume,
): void {
  if (given.format === "always") beginAnew(this, readRing, old)
  else if (readRing(this, true) && this._count < this._blocks) prepareGrowth(this)
}

/**
 * Prepares a volume for more blocks than it was made for. The log must not run across the old end any more: until its oldest block
 * stands before its newest, the old volume is cleaned, one erase a block, each step of it safe at a cut. Then a block is opened
 * whose header says the new number.
 */
function prepareGrowth(volume: FlashVolume): void {
  const old = open(volume._device, {
    firstBlock: volume._first,
    blockCount: volume._count,
    pagesize: volume._pagesize,
    writeAlign: volume._align,
    erasedReads: volume._opaque ? "unknown" : "ff",
  })
  while (nextBlock(old, old._head, false) > old._head) {
    reserve(old, 0, 0)
    if (!reclaimTail(old)) break
  }
}

/** Begins a new volume, of an id that neither the one before nor a neighbour has; the old one holds until its first block is opened. */
function beginAnew(volume: FlashVolume, readRing: ReadRing, old: FlashVolume): void {
  try {
    readRing(old, true)
  } catch (error) {
    // Of another shape: its newest block is known all the same.
    if (old._sequence === 0) throw error
  }
  const sequence = old._sequence
  volume._sequence = sequence
  volume._checkpointSequence = sequence
  volume._head = old._head
  volume._eraseBase = old._eraseBase
  volume._eraseCounts.set(old._eraseCounts)
  volume._id = ((old._id ^ 0x2545f491) * 0x9e3b + volume._first * 7919 + sequence * 31 + 1) >>> 0
}

/**
 * Erases a range: a factory reset. A volume in it is first replaced by an empty one, in a single program, so that a cut leaves the old
 * state or a blank volume. One erase a block, and at most two more.
 */
export function erase(
  device: FlashDevice,
  options?: { firstBlock?: number; blockCount?: number; writeAlign?: number; erasedReads?: "ff" | "unknown" },
): void {
  const given: FlashOpenOptions = options === undefined ? {} : Object.assign({}, options)
  const status = device.status()
  const first = given.firstBlock === undefined ? 0 : given.firstBlock
  const end = given.blockCount === undefined ? status.blocks : first + given.blockCount
  if (!(first >= 0 && end > first && end <= status.blocks))
    refuse("EINVAL", `blocks ${first} to ${end} of ${status.blocks}`)
  let last = -1
  if (end - first > RESERVED_BLOCKS + 1 && (end - first) * status.blockLength <= VOLUME_SIZE_MAX) {
    given.pagesize = status.blockLength / 2
    given.format = "always"
    const volume = open(device, given)
    if (volume._head >= 0) {
      reserve(volume, 0, 0)
      last = first + volume._head
    }
  }
  for (let block = first; block < end; block++) if (block !== last) device.eraseBlock(block, block + 1)
  if (last >= 0) device.eraseBlock(last, last + 1)
}
