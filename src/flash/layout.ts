/**
 * The flash volume, byte by byte (FORMAT.md has the drawing and the reasons). Numbers are little-endian.
 *
 * block header  0 magic | 4 volume id | 8 page size | 12 block length | 16 blocks | 18 this block | 20 features | 24 erase count |
 *               28 sequence | 32 checkpoint position | 36 check of bytes 0 to 35
 * record        flags | size | page, or what | link (3 bytes, page records) | body | check (4 bytes)
 */
export const MAGIC = 0x31565446 // "FTV1"
export const BLOCK_VOLUME = 4
export const BLOCK_PAGESIZE = BLOCK_VOLUME + 4
export const BLOCK_LENGTH = BLOCK_PAGESIZE + 4
export const BLOCK_COUNT = BLOCK_LENGTH + 4
export const BLOCK_INDEX = BLOCK_COUNT + 2
/** Features that an older program must know to read the volume, then those it must know to write it, then the check's kind. */
export const BLOCK_INCOMPATIBLE = BLOCK_INDEX + 2
export const BLOCK_READ_COMPATIBLE = BLOCK_INCOMPATIBLE + 1
export const BLOCK_CHECKSUM = BLOCK_READ_COMPATIBLE + 1
export const BLOCK_ALIGN = BLOCK_CHECKSUM + 1
export const BLOCK_ERASES = BLOCK_ALIGN + 1
export const BLOCK_SEQUENCE = BLOCK_ERASES + 4
export const BLOCK_CHECKPOINT = BLOCK_SEQUENCE + 4
export const BLOCK_CHECK = BLOCK_CHECKPOINT + 4
export const BLOCK_HEADER = BLOCK_CHECK + 4

/** Record flags. No combination in use is 0xff (blank) or 0. */
export const DELTA = 1
export const IMAGE = 2
export const CONTROL = 3
export const KIND = 3
/** The last record of a transaction. */
export const COMMIT = 4
/** Written by cleaning: holds without a commit, whatever becomes of the transaction around it. */
export const CLEANED = 8
/** Always 0 and always 1 in a record: what is blank, or all zeros, is none. */
export const ALWAYS_0 = 0x80
export const ALWAYS_1 = 0x40

/** What a control record says. */
export const ABORT = 1
export const COMMITTED = 2
export const STREAM_SIZE = 3
export const CHECKPOINT = 4

export const LINK_SIZE = 3
export const CHECK_SIZE = 4
/** flags, two bytes of size, three of page number, link: the most a page record has before its body. */
export const RECORD_HEAD_MAX = 1 + 2 + 3 + LINK_SIZE
/** Ranges in one record. */
export const RANGES_MAX = 8
/** Most bytes of a range's head: gap and length. */
export const RANGE_HEAD_MAX = 6
/** Records of one page from the newest to its image; the next one is an image. */
export const CHAIN_MAX = 28
/** Positions are 24 bits. */
export const SIZE_MAX = 1 << 24

/** Gives `size` rounded up to the write alignment. */
export function alignUp(size: number, align: number): number {
  return Math.ceil(size / align) * align
}
