/**
 * The flash volume, byte by byte (FORMAT.md has the drawing and the reasons). Numbers are little-endian.
 *
 * block header  0 magic | 4 volume id | 8 page size | 12 block length | 16 blocks | 18 this block | 20 features | 24 erase count |
 *               28 sequence | 32 checkpoint | 36 end of the block before | 40 stream size | 44 check of bytes 0 to 43
 * record        flags | body size (2) | page, or what (2) | link (3, page records) | body | check (4)
 */
export const MAGIC = 0x31565446
export const BLOCK_VOLUME = 4
export const BLOCK_PAGESIZE = BLOCK_VOLUME + 4
export const BLOCK_LENGTH = BLOCK_PAGESIZE + 4
export const BLOCK_COUNT = BLOCK_LENGTH + 4
export const BLOCK_INDEX = BLOCK_COUNT + 2
/** Features that a program must know to read the volume; to write it; the kind of its checks; its write alignment. */
export const BLOCK_INCOMPATIBLE = BLOCK_INDEX + 2
export const BLOCK_READ_COMPATIBLE = BLOCK_INCOMPATIBLE + 1
export const BLOCK_CHECKSUM = BLOCK_READ_COMPATIBLE + 1
export const BLOCK_ALIGN = BLOCK_CHECKSUM + 1
export const BLOCK_ERASES = BLOCK_ALIGN + 1
export const BLOCK_SEQUENCE = BLOCK_ERASES + 4
export const BLOCK_CHECKPOINT = BLOCK_SEQUENCE + 4
export const BLOCK_PREVIOUS_END = BLOCK_CHECKPOINT + 4
export const BLOCK_STREAM_SIZE = BLOCK_PREVIOUS_END + 4
export const BLOCK_CHECK = BLOCK_STREAM_SIZE + 4
export const BLOCK_HEADER = BLOCK_CHECK + 4

/** Record flags. Bits 4 to 7 are 0100: neither what is blank nor all zeros is a record. */
export const DELTA = 1
export const IMAGE = 2
export const CONTROL = 3
export const KIND = 3
/** The last record of a transaction. */
export const COMMIT = 4
/** Written by cleaning: holds without a commit, whatever becomes of the transaction around it. */
export const CLEANED = 8
export const FLAGS_MASK = 0xf0
export const FLAGS_MARK = 0x40

/** What a control record says. */
export const ABORT = 1
export const COMMITTED = 2
export const STREAM_SIZE = 3
export const CHECKPOINT = 4

export const RECORD_SIZE = 1
export const RECORD_PAGE = RECORD_SIZE + 2
export const RECORD_LINK = RECORD_PAGE + 2
export const PAGE_RECORD_HEAD = RECORD_LINK + 3
export const CONTROL_RECORD_HEAD = RECORD_LINK
export const CHECK_SIZE = 4
/** Most bytes of a range's head: gap and length, one or two bytes each. */
export const RANGE_HEAD_MAX = 4
/** Zero bytes in an image that are cheaper to leave out. */
export const ZERO_RUN_MIN = RANGE_HEAD_MAX + 4
/** Disjoint ranges in one delta. */
export const RANGES_MAX = 4
/** Records of one page from the newest to its image; beyond it the next one is an image. */
export const CHAIN_MAX = 28

/** Positions are 24 bits. */
export const VOLUME_SIZE_MAX = 1 << 24
export const POSITION_MASK = VOLUME_SIZE_MAX - 1
/** A page's entry in the map: position, chain length << 24, and whether its image is tiny: that costs no capacity. */
export const TINY = 0x80
export const CHAIN_MASK = 0x7f
/** Bytes of body up to which an image is tiny. */
export const TINY_MAX = 32

/** Gives `size` rounded up to the write alignment. */
export function alignUp(size: number, align: number): number {
  return Math.ceil(size / align) * align
}

/** Blocks that pages may not fill: the head, three for cleaning and a cut in it, one for the copies of an open transaction. */
export const RESERVED_BLOCKS = 5
/** No page is cut off. */
export const NOT_TRIMMED = 0xffffffff
