/**
 * The bytes of a heap file and of what lies in it (FORMAT.md has the drawings). All numbers are big-endian.
 *
 * heap node     0 magic (4) | 4 aloc: bytes of the data area (6) | 10 used: bytes in use, 0 for a free node (6) | 16 data area
 * element       0 link of the previous element | link size: link of the next one | twice that: data; in the data area of a heap node
 * node list     0 link of the parent (8) | 8 nodes, back to back; in the data of an element
 * node          flags (1) | high bits of the lengths (1) | key length (1) | data length (1) | key | data | left (8) | right (8), each but
 *               the flags only where the flags say so
 */
export const MAGIC = 0x2baddead
/** What becomes of the magic of a node that its neighbour has taken in. */
export const SWALLOWED = 0xaaaaaaaa
export const ALOC = 4
export const USED = 10
export const HEADER = 16
/** Most bytes of a data area: 48 bits. */
export const ALOC_MAX = 281474976710655
/** The last byte of a new data area that its data does not fill. */
export const END_MARK = 0x55
/** The smallest rest that split() makes a node of is one byte larger. */
export const SPLIT_MIN = 16

/** Bytes of a link inside node lists, and of those of elements unless a file says another number. */
export const LINK = 8

export const F_LEAF = 1
export const F_KEY = 2
export const F_DATA = 4
export const F_LEFT = 8
export const F_RIGHT = 16
/** The three sets of flags that have a name. */
export const F_INNER = 0x0a
export const F_INNER_RIGHTMOST = 0x1a
export const F_LEAF_SET = 0x07

/** Most bytes of a key, and of data: 12 bits. */
export const ITEM_MAX = 4095
/** Most nodes of a list. */
export const NODES_MAX = 255
