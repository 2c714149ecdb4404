/** What is checked of a page when it comes from the stream (spec section 13): 1.85 checks none of it (defect Q15). */
import { corruption } from "../errors.ts"
import type { Frame } from "../page/pool.ts"
import {
  aligned,
  BIG_DATA,
  BIG_KEY,
  CHILD,
  DATA_SIZE,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  LEAF,
  LOWER,
  OVERFLOW,
  PGNO,
  REFERENCE,
  TYPE_MASK,
} from "./layout.ts"
import { upperBound } from "./page.ts"
import type { BTree } from "./tree.ts"

/**
 * Checks the page in `frame` against its own number and type: header bounds, every slot and item inside the page, items not
 * overlapping, children and references in range. Sets frame.kind and frame.gaps. Throws ECORRUPT.
 */
export function checkPage(tree: BTree, frame: Frame): void {
  const view = frame.view
  const base = frame.base
  const own = view.getUint32(base + PGNO, tree._little)
  if (own !== frame.pgno) throw corruption(frame.pgno, PGNO, `the page says it is number ${own}`)
  const type = view.getUint32(base + FLAGS, tree._little) & TYPE_MASK
  if (type === INTERNAL || type === LEAF) checkItems(tree, frame, type)
  else if (type !== OVERFLOW) throw corruption(frame.pgno, FLAGS, `page type ${type} is not part of a btree`)
  if (tree._checks !== 0) tree._verifyCheck(frame)
  // Last: a page that is refused stays unchecked, and is refused again.
  frame.kind = type
}

function checkItems(tree: BTree, frame: Frame, type: number): void {
  const view = frame.view
  const base = frame.base
  const little = tree._little
  const pagesize = tree._pagesize
  const lower = view.getUint16(base + LOWER, little)
  const upper = upperBound(tree, frame)
  if (lower < HEADER || lower > upper || upper > pagesize || (lower & 1) !== 0) {
    throw corruption(frame.pgno, LOWER, `free space from ${lower} to ${upper} in a page of ${pagesize}`)
  }
  if (type === INTERNAL && lower === HEADER)
    throw corruption(frame.pgno, LOWER, "an internal page without items")
  let total = 0
  for (let slot = HEADER; slot < lower; slot += 2) {
    const offset = view.getUint16(base + slot, little)
    if (offset < upper || offset + ITEM_HEADER > pagesize) {
      throw corruption(
        frame.pgno,
        slot,
        `a slot points to ${offset}, outside the items (${upper} to ${pagesize})`,
      )
    }
    const at = base + offset
    const keySize = view.getUint32(at + KEY_SIZE, little)
    const dataSize = type === LEAF ? view.getUint32(at + DATA_SIZE, little) : 0
    const flags = frame.bytes[at + ITEM_FLAGS]
    const size = ITEM_HEADER + keySize + dataSize
    if (size > pagesize || offset + aligned(size) > pagesize || (flags & ~(BIG_DATA | BIG_KEY)) !== 0) {
      throw corruption(
        frame.pgno,
        offset,
        `an item of ${size} bytes with flags ${flags} does not fit the page`,
      )
    }
    if ((flags & BIG_KEY) !== 0) {
      if (keySize !== REFERENCE)
        throw corruption(frame.pgno, offset, `a reference to a key of ${keySize} bytes`)
      checkReference(tree, frame, offset + ITEM_HEADER)
    }
    if (type === INTERNAL) {
      const child = view.getUint32(at + CHILD, little)
      if (child < 2 || child >= tree._pages) throw badPageNumber(tree, frame.pgno, offset + CHILD, child)
    } else if ((flags & BIG_DATA) !== 0) {
      if (dataSize !== REFERENCE)
        throw corruption(frame.pgno, offset, `a reference to data of ${dataSize} bytes`)
      if ((flags & BIG_KEY) === 0 && !little && tree._mend !== undefined) tree._mend(frame, at, keySize)
      checkReference(tree, frame, offset + ITEM_HEADER + keySize)
    }
    total += aligned(size)
  }
  frame.gaps = pagesize - upper - total
  if (frame.gaps < 0)
    throw corruption(frame.pgno, upper, `items of ${total} bytes overlap in ${pagesize - upper}`)
}

/** Checks the reference at offset `at` of the page: first page in range, length possible in this file. */
function checkReference(tree: BTree, frame: Frame, at: number): void {
  const pgno = frame.view.getUint32(frame.base + at, tree._little)
  const length = frame.view.getUint32(frame.base + at + 4, tree._little)
  if (pgno < 2 || pgno >= tree._pages) throw badPageNumber(tree, frame.pgno, at, pgno)
  if (length > chainBytesMax(tree)) {
    throw corruption(frame.pgno, at + 4, `an overflow chain of ${length} bytes in ${tree._pages} pages`)
  }
}

/** Gives the longest overflow chain that the file can hold, in bytes. */
export function chainBytesMax(tree: BTree): number {
  return (tree._pages - 2) * (tree._pagesize - HEADER)
}

/** Gives the error for a page number read at `offset` of page `pgno` that is no page of the file; after it the file may not grow. */
export function badPageNumber(tree: BTree, pgno: number, offset: number, found: number): Error {
  if (found >= tree._pages) tree._cutShort = true
  return corruption(pgno, offset, `refers to page ${found}; the file has pages 2 to ${tree._pages - 1}`)
}
