/** Opening and formatting a volume, and wiping a range. */
import { failure } from "../errors.ts"
import { BLANK, isErasedFrom, readFlash } from "./access.ts"
import { nextBlock, openBlock } from "./blocks.ts"
import { reclaimTail, reserve } from "./cleaning.ts"
import type { FlashDevice } from "./device.ts"
import { readRing } from "./headers.ts"
import { MAGIC, PAGES_MAX, RESERVED_BLOCKS, VOLUME_SIZE_MAX } from "./layout.ts"
import { recover } from "./recovery.ts"
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

/**
 * Opens the volume on a range of a device, or formats it, which is done with the first flush. Reads the block headers and what was
 * written since the last checkpoint. Allocates 4 bytes a page, 6 a block, two page buffers and 1 to 1.5 KB.
 *
 * @throws EINVAL an option or a geometry that cannot be; EFTYPE foreign content, or a volume of another shape; ECORRUPT.
 */
export function open(device: FlashDevice, options?: FlashOpenOptions): FlashVolume {
  const given: FlashOpenOptions = options === undefined || options === null ? {} : options
  const volume = makeVolume(
    device,
    given,
    given.blockCount,
    given.pagesize === undefined ? 512 : given.pagesize,
  )
  const grows = given.resize === "grow"
  if (given.checksum === "sum32") volume._checksum = 2
  if (given.format === "always" || !readRing(volume, grows)) {
    if (given.format === "never") throw failure("EFTYPE", 'no volume here, and format: "never" was asked for')
    if (given.format === "always") beginAnew(volume)
    else if (volume._blankShows) refuseForeign(volume)
  } else {
    if (grows) grow(device, given, volume)
    recover(volume)
    if (volume._count < volume._blocks) openBlock(volume)
  }
  if (given.readonly === true) volume.readonly = true
  return volume
}

/**
 * Prepares a volume on more blocks than it was made for. The log must not run across the old end any more: until its oldest block
 * stands before its newest, the old volume is cleaned, one erase a block, each step of it safe at a cut. Then a block is opened
 * whose header says the new number.
 */
function grow(device: FlashDevice, given: FlashOpenOptions, volume: FlashVolume): void {
  if (volume._count === volume._blocks) return
  const old = makeVolume(device, given, volume._count, volume.pagesize)
  readRing(old, false)
  recover(old)
  while (nextBlock(old, old._head, false) > old._head) {
    reserve(old, 0)
    if (!reclaimTail(old)) break
  }
  readRing(volume, true)
}

/** Makes a handle for a range, with everything that can be checked without reading. */
function makeVolume(
  device: FlashDevice,
  given: FlashOpenOptions,
  blockCount: number | undefined,
  pagesize: number,
): FlashVolume {
  const status = device.status()
  const length = status.blockLength
  const align = or(given.writeAlign, or(status.writeAlign, 1))
  const first = or(given.firstBlock, 0)
  const count = or(blockCount, status.blocks - first)
  let problem = ""
  if ([1, 4, 8, 16, 32].indexOf(align) < 0)
    problem = `write alignment ${align}: 1, 4, 8, 16 or 32 is expected`
  else if (or(status.eraseValue, 0xff) !== 0xff)
    problem = `erased bytes are 0x${(status.eraseValue as number).toString(16)} on this device: only 0xff is supported`
  else if (
    !(first >= 0 && count > RESERVED_BLOCKS + 1 && first + count <= status.blocks) ||
    (first + count) % 1 !== 0
  )
    problem = `blocks ${first} to ${first + count} of ${status.blocks}: at least ${RESERVED_BLOCKS + 2} of the device are expected`
  else if (!(pagesize >= 256 && pagesize <= length / 2 && pagesize % align === 0 && pagesize <= 0x8000))
    problem = `pagesize ${pagesize}: 256 to ${length / 2}, a multiple of ${align}, is expected`
  else if (count * length > VOLUME_SIZE_MAX || (count * length) / pagesize > PAGES_MAX)
    problem = `${count * length} bytes in pages of ${pagesize}: at most ${VOLUME_SIZE_MAX}, and ${PAGES_MAX} pages, are expected`
  if (problem !== "") throw failure("EINVAL", problem)
  const blankShows = or(given.erasedReads, status.erasedReads) !== "unknown"
  return new FlashVolume(device, first, count, length, align, pagesize, blankShows)
}

function or<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value
}

/** Begins a new volume, of an id that neither the one before nor a neighbour has; the old one holds until its first block is opened. */
function beginAnew(volume: FlashVolume): boolean {
  let found = true
  try {
    found = readRing(volume, true)
  } catch (error) {
    // Of another shape: its newest block is known all the same.
    if (volume._sequence === 0) throw error
  }
  const sequence = volume._sequence
  const head = volume._head
  volume._reset(sequence)
  volume._head = head
  volume._id = ((volume._id ^ 0x2545f491) * 0x9e3b + volume._first * 7919 + sequence * 31 + 1) >>> 0
  return found
}

/** Refuses content that is not ours. A header that a cut has torn, and a block that a cut left half erased, are. */
function refuseForeign(volume: FlashVolume): void {
  const length = volume._blockLength
  const headerSize = volume._headerView.length
  for (let block = 0; block < volume._blocks; block++) {
    const start = block * length
    if (isErasedFrom(volume, start, length)) {
      volume._states[block] = BLANK
      continue
    }
    readFlash(volume, volume._headerView, start)
    // A program that was cut has cleared some of the bits it was to clear, and no others.
    const torn = (volume._view.getUint32(volume._header, true) & MAGIC) >>> 0 === MAGIC
    if (torn && isErasedFrom(volume, start + headerSize, length - headerSize)) continue
    const byte = volume._bytes[volume._header].toString(16)
    throw failure(
      "EFTYPE",
      `erase block ${volume._first + block} holds something else (first byte 0x${byte}): choose another range, wipe it with erase(), or open with format: "always"`,
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
  const first = or(given.firstBlock, 0)
  const end = first + or(given.blockCount, status.blocks - first)
  if (!(first >= 0 && end > first && end <= status.blocks))
    throw failure("EINVAL", `blocks ${first} to ${end} of ${status.blocks}`)
  let last = -1
  if (end - first > RESERVED_BLOCKS + 1 && (end - first) * status.blockLength <= VOLUME_SIZE_MAX) {
    const volume = makeVolume(device, given, given.blockCount, status.blockLength / 2)
    if (beginAnew(volume)) {
      openBlock(volume)
      last = first + volume._head
    }
  }
  for (let block = first; block < end; block++) if (block !== last) device.eraseBlock(block, block + 1)
  if (last >= 0) device.eraseBlock(last, last + 1)
}
