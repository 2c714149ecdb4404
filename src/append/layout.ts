/**
 * The append-only tree file, byte by byte (FORMAT.md has the drawing). Little-endian; nothing is aligned. Offsets derive from one another.
 *
 * page 0          0 own number | 4 flags | 8 bounds (0) | 12 magic | 16 version | 20 flags (0) | 24 page size | 28 our mark
 * tree page       0 own number | 4 flags | 8 lower | 10 upper | 12 slots, free space, items | our check in the last of the free space
 * overflow page   0 own number | 4 flags | 8 next page, 0 for the last | 12 data
 * commit record   0 own number | 4 flags | 8 lower, upper | 12 content | 60 SHA-1 of the content | 80 our mark | our mark in the last 4 bytes
 * item            0 internal: child page, leaf: value length | 4 key length | 6 flags | 7 key | then the value, or the page where it begins
 */
export const PGNO = 0
export const FLAGS = PGNO + 4
export const LOWER = FLAGS + 4
export const UPPER = LOWER + 2
export const HEADER = UPPER + 2
/** Overflow pages: the number of the next one, in place of the bounds. */
export const NEXT = LOWER

/** Page types, in the flags word. The original calls an internal page a branch, and a commit record a meta page. */
export const INTERNAL = 1
export const LEAF = 2
export const OVERFLOW = 4
export const META = 8
export const FIRST_PAGE = 0x10

export const MAGIC = 0xb3dbb3db
export const VERSION = 4
export const FILE_MAGIC = HEADER
export const FILE_VERSION = FILE_MAGIC + 4
export const FILE_FLAGS = FILE_VERSION + 4
export const FILE_PAGESIZE = FILE_FLAGS + 4
/** Behind what the original knows: our mark, the order of keys, and the CRC-32 of what precedes. */
export const FILE_MARK = FILE_PAGESIZE + 4
export const FILE_ORDER = FILE_MARK + 4
export const FILE_CHECK = FILE_ORDER + 4
export const FILE_SIZE = FILE_CHECK + 4

/**
 * What a commit record says, kept as an array of the words of its content: two for the time and the entries, of which the second, the upper
 * half, is 0 in memory, since the first holds it all.
 */
export const TOMB = 0
export const ROOT = TOMB + 1
/** The root of the commit before, whatever the original's name for it says. */
export const PREVIOUS = ROOT + 1
export const TIME = PREVIOUS + 1
export const INTERNALS = TIME + 2
export const LEAVES = INTERNALS + 1
export const OVERFLOWS = LEAVES + 1
export const REVISIONS = OVERFLOWS + 1
export const LEVELS = REVISIONS + 1
export const ENTRIES = LEVELS + 1
export const RECORD_WORDS = ENTRIES + 2

export const META_CONTENT = HEADER
export const META_ROOT = META_CONTENT + ROOT * 4
export const META_ENTRIES = META_CONTENT + ENTRIES * 4
export const META_HASH = META_CONTENT + RECORD_WORDS * 4
export const META_END = META_HASH + 20
/** Behind what the original knows: the counters of this commit are honest. */
export const META_MARK = META_END
export const META_SIZE = META_MARK + 4
/** Flag of a commit record: the file has been replaced. */
export const TOMBSTONE = 1

export const WORD = 0
export const KEY_SIZE = WORD + 4
export const ITEM_FLAGS = KEY_SIZE + 2
export const ITEM_HEADER = ITEM_FLAGS + 1
/** Item flag: the value is on overflow pages. */
export const BIG = 1

/** No page: the root of an empty tree. */
export const NONE = 0xffffffff
/** Our marks: of a file, of honest counters, of a commit record written whole, of a page check. The last two with the page's number. */
export const OURS = 0x65727466
export const HONEST = 0x74736e68
export const WHOLE = 0x646e6574
export const CHECKED = 0x6b636863
/** Bytes of a page check: the CRC-32 and the mark. */
export const CHECK_SIZE = 8

export const PAGESIZE_MIN = 512
export const PAGESIZE_MAX = 32768
export const KEY_MAX = 255
/** Levels at most; a deeper tree is a circle. */
export const DEPTH_MAX = 40
