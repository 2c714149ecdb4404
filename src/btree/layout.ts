/**
 * The Berkeley DB 1.85 btree file, byte by byte (FORMAT.md has the drawing). Offsets derive from one another.
 *
 * meta page   0 magic | 4 version | 8 page size | 12 free list head | 16 nrecs (0) | 20 flags
 * tree page   0 own number | 4 left neighbour | 8 right neighbour | 12 type and flags | 16 lower | 18 upper | 20 index slots
 * leaf item       0 key size | 4 data size | 8 flags | 9 key, then data
 * internal item   0 key size | 4 child page | 8 flags | 9 key
 * reference (for what is on overflow pages)   0 first page | 4 length
 */
export const MAGIC = 0x00053162
export const VERSION = 3
export const META_MAGIC = 0
export const META_VERSION = META_MAGIC + 4
export const META_PAGESIZE = META_VERSION + 4
export const META_FREE = META_PAGESIZE + 4
export const META_RECORDS = META_FREE + 4
export const META_FLAGS = META_RECORDS + 4
export const META_SIZE = META_FLAGS + 4
/** Check of what never changes in the meta page; behind what 1.85 knows of it. 0: none. */
export const META_CHECK = META_SIZE
export const META_ROOM = META_CHECK + 4
/** Meta flag: no duplicates. */
export const NO_DUPLICATES = 0x20
/** Meta flag: a recno file. */
export const RECNO = 0x80

export const PAGESIZE_MIN = 512
export const PAGESIZE_MAX = 65536
/** The root never moves. */
export const ROOT = 1

export const PGNO = 0
export const PREV = PGNO + 4
export const NEXT = PREV + 4
export const FLAGS = NEXT + 4
export const LOWER = FLAGS + 4
export const UPPER = LOWER + 2
export const HEADER = UPPER + 2

/** Page types, the low five bits of the flags word; 0 is what our freed pages have. */
export const INTERNAL = 1
export const LEAF = 2
export const OVERFLOW = 4
export const TYPE_MASK = 0x1f
/** Page flag of 1.85: the first page of a key chain that an internal page refers to as well. We read it and never set it. */
export const PRESERVE = 0x20

export const KEY_SIZE = 0
export const DATA_SIZE = KEY_SIZE + 4
export const CHILD = DATA_SIZE
export const ITEM_FLAGS = DATA_SIZE + 4
export const ITEM_HEADER = ITEM_FLAGS + 1
/** Item flags. */
export const BIG_DATA = 1
export const BIG_KEY = 2
/** Bytes of a reference to an overflow chain. */
export const REFERENCE = 8

/** Gives `size` rounded up to a multiple of 4: what an item of that many bytes takes. */
export function aligned(size: number): number {
  return (size + 3) & ~3
}
