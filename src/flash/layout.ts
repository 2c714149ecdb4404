/**
 * The flash volume, byte by byte (FORMAT.md has the drawing and the reasons). Numbers are big-endian.
 *
 * block header  0 magic | 4 volume id | 8 sequence | 12 block length | 16 page size | 18 blocks | 20 this block | 22 features (2) |
 *               24 kind of check | 25 write alignment | 26 weight of the block before | 27 the oldest block | 28 erase count |
 *               32 end of the block before | 36 checkpoint | 40 stream size | 44 CRC-32 of bytes 0 to 43
 * record        flags | body size (1, 2) | page, or what (1, 2) | link (2, 3; deltas only) | body | check (4)
 */

export const MAGIC = 0x46545631
export const BLOCK_VOLUME = 4
export const BLOCK_SEQUENCE = BLOCK_VOLUME + 4
export const BLOCK_LENGTH = BLOCK_SEQUENCE + 4
export const BLOCK_PAGESIZE = BLOCK_LENGTH + 4
export const BLOCK_COUNT = BLOCK_PAGESIZE + 2
export const BLOCK_INDEX = BLOCK_COUNT + 2
/** Features that a program must know to read the volume; to write it. */
export const BLOCK_INCOMPATIBLE = BLOCK_INDEX + 2
export const BLOCK_READ_COMPATIBLE = BLOCK_INCOMPATIBLE + 1
export const BLOCK_CHECKSUM = BLOCK_READ_COMPATIBLE + 1
export const BLOCK_ALIGN = BLOCK_CHECKSUM + 1
export const BLOCK_PREVIOUS_WEIGHT = BLOCK_ALIGN + 1
/** Low byte of the oldest block's sequence when this one was opened. */
export const BLOCK_TAIL = BLOCK_PREVIOUS_WEIGHT + 1
export const BLOCK_ERASES = BLOCK_TAIL + 1
export const BLOCK_PREVIOUS_END = BLOCK_ERASES + 4
export const BLOCK_CHECKPOINT = BLOCK_PREVIOUS_END + 4
export const BLOCK_STREAM_SIZE = BLOCK_CHECKPOINT + 4
export const BLOCK_CHECK = BLOCK_STREAM_SIZE + 4
export const BLOCK_HEADER = BLOCK_CHECK + 4

/** Record flags. Bits 6 and 7 are 01: neither what is blank nor all zeros is a record. */
export const DELTA = 1
export const IMAGE = 2
export const CONTROL = 3
export const KIND = 3
/** The last record of a transaction. */
export const COMMIT = 4
/** Written by cleaning: holds without a commit, whatever becomes of the transaction around it. */
export const CLEANED = 8
/** The link takes three bytes. */
export const FAR = 16
/** The image of a page that was written whole with next to nothing in it: one that the tree has freed. It takes no capacity. */
export const SPARSE = 32
/** A delta of one range, which says no length: it goes on to the end of the body. */
export const SINGLE = 32
export const FLAGS_MASK = 0xc0
export const FLAGS_MARK = 0x40

/** What a control record says. */
export const ABORT = 1
export const COMMITTED = 2
export const STREAM_SIZE = 3
export const CHECKPOINT = 4

/** Most bytes of a record's head. */
export const HEAD_MAX = 8
/** The volume id and the block's sequence: the check covers them, though they stand in no record. */
export const SEED_SIZE = 8
export const CHECK_SIZE = 4
/** Bytes of the first read of a record, which mostly is all of it. */
export const SHORT_READ = 96
/** Zero bytes in an image that are cheaper to leave out than to say, with the range's head that follows. */
export const ZERO_RUN_MIN = 8
/** A range's gap that no page has: the image of a page whose content was lost. */
export const LOST_GAP = 0x7fff
/** Disjoint ranges gathered for one delta; said in one delta that stands for all since the image. */
export const RANGES_MAX = 4
export const MERGED_RANGES_MAX = 24
/** What the records above a page's image may cost: half a range each, rounded up. Beyond it they are merged. */
export const CHAIN_MAX = 44
/** Ranges that the records above an image can have together. */
export const CHAIN_RANGES_MAX = 2 * CHAIN_MAX + RANGES_MAX

/** Room before the body of a record in the work area, for seed and head. */
export const BODY_ROOM = SEED_SIZE + HEAD_MAX
/** Room before a page's content there: a body made of it in place never overtakes what is still to be read. */
export const CONTENT_ROOM = 4 * MERGED_RANGES_MAX

/** Positions have 24 bits, page numbers 15. */
export const VOLUME_SIZE_MAX = 1 << 24
export const POSITION_MASK = VOLUME_SIZE_MAX - 1
export const PAGES_MAX = 0x7fff
/**
 * A page's entry in the map: position, cost of its chain << 24, and bit 31 for a sparse image, which takes no capacity: so `(entry | 0) > 0`
 * tells whether the page does.
 */
export const CHAIN_SHIFT = 24
export const CHAIN_MASK = 0x7f
export const ENTRY_SPARSE = 0x80
/** Bytes of body up to which an image is sparse. */
export const SPARSE_MAX = 32

/** What it costs to move a full image, and a sparse one; a block's weight is what it costs at most to move all of it. */
export const IMAGE_WEIGHT = 16
export const SPARSE_WEIGHT = 2
export const WEIGHT_MAX = 255

/** Blocks that pages may not fill: the head, one for what is moved, one for a cut, two for an open transaction. */
export const RESERVED_BLOCKS = 5
/** Pages that a transaction may change in a full volume. */
export const TRANSACTION_PAGES = 8

/** Chips program up to a multiple of this at a time; so few bytes of a program that was cut may show nothing. */
export const PROGRAM_PAGE = 256
export const SHORT_PROGRAM = 4

/** Bytes behind the head that tell whether somebody else has written. */
export const MARK_SIZE = 8

/** States of an erase block. Free ones have to be erased before use, blank ones not. */
export const FREE = 0
export const BLANK = 1
export const IN_LOG = 2
/** In the log, but not to be used again. */
export const FAILING = 3
export const RETIRED = 4
