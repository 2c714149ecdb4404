/** What a table of names adds to a database with keys of 32 bits; FORMAT.md says why. */

/** The largest key has the value that holds the order of the names, and no name has it. */
export const ORDER_KEY = 0xffffffff
/** "TBL1", and the number of names in 32 bits, before their indexes. */
export const ORDER_MAGIC = 0x314c4254
export const ORDER_HEAD = 8

/** Bytes of an index, by the number of names. */
export function orderWidth(names: number): number {
  return names <= 65536 ? 2 : 4
}
