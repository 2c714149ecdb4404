/** Opening and formatting a volume, and wiping a range. */
import { failure, isFlashtreeError } from "../errors.ts"
import { cleanTail, reserve } from "./cleaning.ts"
import type { FlashDevice } from "./device.ts"
import { BLOCK_COUNT, MAGIC, RESERVED_BLOCKS, VOLUME_SIZE_MAX } from "./layout.ts"
import { readRing, recover } from "./recovery.ts"
import { FREE, isBlank, openBlock, readFlash, readHeader, tailBlock } from "./ring.ts"
import { FlashVolume } from "./volume.ts"

export interface FlashOpenOptions {
  /** Bytes in a page: 256 to half an erase block; 512 when left out. */
  pagesize?: number
  /** "blank" (the default) formats a blank range and refuses foreign content; "always" begins anew; "never" formats nothing. */
  format?: "blank" | "always" | "never"
  /** Erase blocks to use: several volumes share a partition that way. */
  firstBlock?: number
  blockCount?: number
  /** Bytes of a program unit (1, 4, 8, 16, 32), where the device does not say it. */
  writeAlign?: number
  /** "unknown" where an erased block does not read 0xff (encrypted flash), where the device does not say it. */
  erasedReads?: "ff" | "unknown"
  /** Check of records, chosen when formatting: CRC-32, or a sum that is quicker in byte code. */
  checksum?: "crc32" | "sum32"
  /** "grow" takes over blocks that were added to the range. */
  resize?: "grow"
  readonly?: boolean
}

const ALIGNMENTS = [1, 4, 8, 16, 32]

/**
 * Opens the volume on a range of a device, or formats it, which is done with the first flush. Reads the block headers and what was
 * written since the last checkpoint. Allocates 4 bytes a page, 5 a block, two page buffers and about 1 KB.
 *
 * @throws EINVAL an option or a geometry that cannot be; EFTYPE foreign content, or a volume of another shape; ECORRUPT.
 */
export function open(device: FlashDevice, options?: FlashOpenOptions): FlashVolume {
  const given: FlashOpenOptions = options === undefined || options === null ? {} : options
  const volume = makeVolume(device, given)
  if (given.checksum === "sum32") volume._checksum = 2
  if (given.resize === "grow" && given.format !== "always") return grow(device, given, volume)
  const found = given.format === "always" ? false : readRing(volume, false)
  if (found) {
    recover(volume)
  } else {
    begin(volume, given)
  }
  if (given.readonly === true) (volume as { readonly: boolean }).readonly = true
  return volume
}

/**
 * Opens a volume on more blocks than it was made for. The log must not run across the old end any more: until its oldest block
 * stands before its newest, the old volume is cleaned (one erase a block, each step of it safe at a cut). Then a block is opened
 * whose header says the new number.
 */
function grow(device: FlashDevice, given: FlashOpenOptions, volume: FlashVolume): FlashVolume {
  if (!readRing(volume, true)) {
    begin(volume, given)
    return volume
  }
  readHeader(volume, volume._head)
  const count = volume._headerView.getUint16(BLOCK_COUNT, true)
  const old = makeVolume(device, Object.assign({}, given, { blockCount: count }))
  readRing(old, false)
  recover(old)
  if (count === volume._blocks) return old
  while (tailBlock(old) > old._head) {
    reserve(old)
    if (!cleanTail(old)) break
  }
  const grown = makeVolume(device, given)
  readRing(grown, true)
  recover(grown)
  openBlock(grown)
  return grown
}

function makeVolume(device: FlashDevice, given: FlashOpenOptions): FlashVolume {
  const status = device.status()
  const align =
    given.writeAlign !== undefined
      ? given.writeAlign
      : status.writeAlign === undefined
        ? 1
        : status.writeAlign
  if (ALIGNMENTS.indexOf(align) < 0)
    throw failure("EINVAL", `write alignment ${align}: 1, 4, 8, 16 or 32 is expected`)
  if (status.eraseValue !== undefined && status.eraseValue !== 0xff) {
    throw failure(
      "EINVAL",
      `erased bytes are 0x${status.eraseValue.toString(16)} on this device; only 0xff is supported`,
    )
  }
  const first = given.firstBlock === undefined ? 0 : given.firstBlock
  const count = given.blockCount === undefined ? status.blocks - first : given.blockCount
  if (!(first >= 0 && count >= RESERVED_BLOCKS + 2 && first + count <= status.blocks)) {
    throw failure(
      "EINVAL",
      `blocks ${first} to ${first + count} of ${status.blocks}: a volume takes at least ${RESERVED_BLOCKS + 2} blocks of the device`,
    )
  }
  const pagesize = given.pagesize === undefined ? 512 : given.pagesize
  if (!(pagesize >= 256 && pagesize <= status.blockLength / 2 && pagesize % align === 0)) {
    throw failure(
      "EINVAL",
      `pagesize ${pagesize}: 256 to ${status.blockLength / 2}, a multiple of ${align}, is expected`,
    )
  }
  if (count * status.blockLength > VOLUME_SIZE_MAX) {
    throw failure("EINVAL", `${count * status.blockLength} bytes: a volume has at most ${VOLUME_SIZE_MAX}`)
  }
  const volume = new FlashVolume(device, first, count, status.blockLength, align, pagesize)
  const reads = given.erasedReads !== undefined ? given.erasedReads : status.erasedReads
  volume._blankShows = reads !== "unknown"
  return volume
}

/** Begins a new volume; nothing is erased or written before the first flush. */
function begin(volume: FlashVolume, given: FlashOpenOptions): void {
  if (given.format === "never") throw failure("EFTYPE", 'no volume here, and format: "never" was asked for')
  if (given.format !== "always" && volume._blankShows) refuseForeign(volume)
  let sequence = 0
  if (given.format === "always") {
    // The old volume holds until the first block of the new one, whose sequence is higher.
    if (readRingQuietly(volume)) sequence = volume._sequence
  }
  volume._states.fill(FREE)
  volume._free = volume._blocks
  volume._map.fill(0)
  volume._size = 0
  volume._flushedSize = 0
  volume._checkpoint = 0
  volume._sequence = sequence
  volume._checkpointSequence = sequence
  volume._started = 0
  volume._abortDue = false
  volume._id = newId(volume, sequence)
  if (sequence === 0) volume._head = -1
  volume._at = 0
  volume._sealed = true
}

/** Finds the newest block of an old volume, whatever its shape. */
function readRingQuietly(volume: FlashVolume): boolean {
  try {
    return readRing(volume, true)
  } catch (error) {
    if (!isFlashtreeError(error) || error.code !== "EFTYPE") throw error
    return true
  }
}

/** Gives an id that neither the volume before nor a neighbour has. */
function newId(volume: FlashVolume, sequence: number): number {
  const id = ((volume._id ^ 0x2545f491) * 0x9e3b + volume._first * 7919 + sequence * 31) >>> 0
  return id === 0 ? 1 : id
}

/** Refuses content that is not ours. A header that a cut has torn, and a block that a cut left half erased, are. */
function refuseForeign(volume: FlashVolume): void {
  for (let block = 0; block < volume._blocks; block++) {
    const base = block * volume._blockLength
    if (isBlank(volume, base, base + volume._blockLength)) continue
    readFlash(volume, volume._header, base)
    // A program that was cut has cleared some of the bits it was to clear, and no others.
    const torn = (volume._headerView.getUint32(0, true) & MAGIC) >>> 0 === MAGIC >>> 0
    if (torn && isBlank(volume, base + volume._header.length, base + volume._blockLength)) continue
    const first = volume._header[0]
    throw failure(
      "EFTYPE",
      `erase block ${volume._first + block} holds something else (first byte 0x${first.toString(16)}): choose another range, wipe it with erase(), or open with format: "always"`,
    )
  }
}

/**
 * Erases a range: a factory reset. A volume in it is first replaced by an empty one, in a single program, so that a cut leaves the old
 * state or a blank volume. One erase a block, and at most two more.
 */
export function erase(
  device: FlashDevice,
  options?: { firstBlock?: number; blockCount?: number; writeAlign?: number; erasedReads?: "ff" | "unknown" },
): void {
  const given: FlashOpenOptions = options === undefined ? {} : options
  const status = device.status()
  const first = given.firstBlock === undefined ? 0 : given.firstBlock
  const count = given.blockCount === undefined ? status.blocks - first : given.blockCount
  if (!(first >= 0 && count > 0 && first + count <= status.blocks)) {
    throw failure("EINVAL", `blocks ${first} to ${first + count} of ${status.blocks}`)
  }
  const last = replaceVolume(device, given, first, count)
  for (let block = first; block < first + count; block++)
    if (block !== last) device.eraseBlock(block, block + 1)
  if (last >= 0) device.eraseBlock(last, last + 1)
}

/** Begins an empty volume over the one in the range, and gives the block that says so; -1 when there is none. */
function replaceVolume(device: FlashDevice, given: FlashOpenOptions, first: number, count: number): number {
  const status = device.status()
  if (count < RESERVED_BLOCKS + 2 || count * status.blockLength > VOLUME_SIZE_MAX) return -1
  const volume = makeVolume(device, Object.assign({}, given, { pagesize: status.blockLength / 2 }))
  if (!readRingQuietly(volume)) return -1
  begin(volume, { format: "always" })
  openBlock(volume)
  return first + volume._head
}
