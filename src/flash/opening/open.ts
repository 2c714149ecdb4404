/** Opening and formatting a volume. */
import { refuse } from "../../errors.ts"
import { OPAQUE_FLASH, SUM32 } from "../../platform.ts"
import { readFlash, readsAs } from "../access.ts"
import { openBlock } from "../blocks.ts"
import type { FlashDevice } from "../device.ts"
import { BLANK, MAGIC, PAGES_MAX, RESERVED_BLOCKS, VOLUME_SIZE_MAX } from "../layout.ts"
import type { FlashVolume } from "../volume.ts"
import { readRing } from "./headers.ts"
import { makeHandle } from "./make-handle.ts"
import { recover } from "./recovery.ts"

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
  const volume = makeVolume(device, given)
  if (SUM32 && given.checksum === "sum32") volume._checksum = 2
  const grows = given.resize === "grow"
  const isNew = given.format === "always"
  if (isNew || grows) volume._remake(given, readRing, makeVolume(device, given))
  if (!isNew && readRing(volume, grows)) {
    recover(volume)
    // A block whose header says how many there are now.
    if (volume._count < volume._blocks) openBlock(volume)
  } else if (given.format === "never") {
    refuse("EFTYPE", 'no volume here, and format: "never"')
  } else if (!isNew && !(OPAQUE_FLASH && volume._opaque)) refuseForeign(volume)
  if (given.readonly === true) volume.readonly = true
  return volume
}

/** Makes a handle for a range, with everything that can be checked without reading. */
function makeVolume(device: FlashDevice, given: FlashOpenOptions): FlashVolume {
  const status = device.status()
  const length = status.blockLength
  const pagesize = given.pagesize || 512
  const align = given.writeAlign || status.writeAlign || 1
  const first = given.firstBlock || 0
  const end = first + (given.blockCount || status.blocks - first)
  const erased = status.eraseValue === undefined ? 0xff : status.eraseValue
  const size = (end - first) * length
  const isOpaque = (given.erasedReads || status.erasedReads) === "unknown"
  if (
    !(first >= 0 && end > first + RESERVED_BLOCKS + 1 && end <= status.blocks) ||
    (first + end) % 1 !== 0 ||
    !(pagesize >= 256 && pagesize <= length / 2 && pagesize % align === 0 && pagesize <= 0x8000) ||
    [1, 4, 8, 16, 32].indexOf(align) < 0 ||
    size > VOLUME_SIZE_MAX ||
    size / pagesize > PAGES_MAX ||
    erased !== 0xff ||
    (!OPAQUE_FLASH && isOpaque) ||
    (!SUM32 && given.checksum === "sum32")
  )
    refuse(
      "EINVAL",
      `blocks ${first} to ${end} of ${status.blocks} (${length} bytes each), pagesize ${pagesize}, writeAlign ${align}, erased bytes 0x${erased.toString(16)} but expected ${RESERVED_BLOCKS + 2} blocks to 16 MiB, pages of 256 to half a block, 1, 4, 8, 16 or 32, 0xff${OPAQUE_FLASH ? "" : ", crc32"}`,
    )
  return makeHandle(device, first, end - first, length, align, pagesize, isOpaque)
}

/** Refuses content that is not ours. A header that a cut has torn, and a block that a cut left half erased, are. */
function refuseForeign(volume: FlashVolume): void {
  const length = volume._blockLength
  const headerSize = volume._headerSize
  for (let block = 0; block < volume._blocks; block++) {
    const start = block * length
    if (readsAs(volume, start, -1, length)) {
      volume._states[block] = BLANK
      continue
    }
    readFlash(volume, volume._headerView, start)
    // A program that was cut has cleared some of the bits it was to clear, and no others.
    const torn = (volume._view.getUint32(volume._header) & MAGIC) >>> 0 === MAGIC
    if (torn && readsAs(volume, start + headerSize, -1, length - headerSize)) continue
    refuse(
      "EFTYPE",
      `erase block ${volume._first + block} holds something else (first byte 0x${volume._bytes[volume._header].toString(16)}): choose another range, or format: "always"`,
    )
  }
}
