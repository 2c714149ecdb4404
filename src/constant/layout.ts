/** Where things lie in a constant database, and what follows from its number of items; FORMAT.md has the drawing. */

/** The signature page: offset, size, field. What is behind the last field is zero. */
export const CHECK = 8 //          4  CRC-32 of bytes 16 to 143
export const VERSION_AT = 12 //    4
export const APP_VERSION = 16 //   4
export const ITEMS = 20 //         4
export const KEY_SIZE = 24 //      4
export const TREE_AT = 28 //       8  always the page size
export const TREE_SIZE = 36 //     8
export const FIRST_LEAF = 44 //    8  from the beginning of the tree
export const PAGESIZE = 52 //      4
export const LEVELS = 56 //        4
export const LEAVES = 60 //        4
export const TREE_DIGEST = 64 //  32
export const VALUES_AT = 96 //     8
export const VALUES_SIZE = 104 //  8
export const VALUES_DIGEST = 112 // 32
export const HEADER = 144

export const VERSION = 0x00010000
export const SIGNATURE_LENGTH = 8
export const DEFAULT_SIGNATURE = "cbtreedb"
export const DEFAULT_CONSTANT_PAGESIZE = 1024

/** Every node: level (0: leaf) and number of slots, 16 bits each. Inner node: where its children begin. Leaf: its values' place. */
export const COUNT = 2
export const CHILDREN = 4
export const INNER_KEYS = 8
export const BASE = 4
export const LEAF_KEYS = 12

export const PAGESIZE_MAX = 65536
export const U32 = 4294967296

/** A reader's memory (access.ts). Behind the window, 64-bit floats: what a search knows of the keys on either side, and where a value lies. */
export const LOW = 0
export const HIGH = 8
export const PLACE = 16
/** Behind them, the key that is searched for. */
export const WANTED = 24

/** Gives the keys that a leaf has room for. */
export function leafSlots(pagesize: number, keySize: number): number {
  return Math.floor((pagesize - 16) / (keySize + 4))
}

/** Gives the keys that an inner node has room for; it has a child more. */
export function innerSlots(pagesize: number, keySize: number): number {
  return Math.floor((pagesize - 8) / keySize)
}

/** Gives the number of leaves. */
export function leavesOf(items: number, pagesize: number, keySize: number): number {
  return Math.ceil(items / leafSlots(pagesize, keySize))
}

/** Gives a 64-bit number, exact up to 2^53. */
export function getUint64(view: DataView, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * U32
}

/** Stores a whole number of up to 2^53 in 64 bits. */
export function setUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % U32, true)
  view.setUint32(at + 4, Math.floor(value / U32), true)
}
