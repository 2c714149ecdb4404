/** What is checked of a page when it comes from the stream (spec section 13): 1.85 checks none of it (defect Q15). */
import { corruption } from "../errors.ts"
import { markDirty } from "../page/dirty.ts"
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
  LEAF,
  LOWER,
  OVERFLOW,
  PGNO,
  PRESERVE,
  REFERENCE,
  TYPE_MASK,
} from "./layout.ts"
import { itemCount, refill, upperBound } from "./page.ts"
import type { BTree } from "./tree.ts"

/**
 * Checks the page in `frame` against its own number and type: header bounds, every slot and item inside the page, items not
 * overlapping, children and references in range. Sets its _kind and _gaps. Throws ECORRUPT.
 */
export function checkPage(this: BTree, frame: Frame): void {
  const view = frame._view
  const base = frame._base
  const pgno = frame._pgno
  const pagesize = this._pagesize
  const pages = this._pages
  const own = view.getUint32(base + PGNO, true)
  if (own !== pgno) throw corruption(pgno, PGNO, `the page says it is number ${own}`)
  const type = view.getUint32(base + FLAGS, true) & TYPE_MASK
  const leaf = type === LEAF
  if (leaf || type === INTERNAL) {
    const lower = view.getUint16(base + LOWER, true)
    const upper = upperBound(frame)
    if (lower < (leaf ? HEADER : HEADER + 2) || lower > upper || upper > pagesize || (lower & 1) !== 0) {
      throw corruption(pgno, LOWER, `free space from ${lower} to ${upper} in a page of ${pagesize}`)
    }
    let total = 0
    for (let slot = base + HEADER; slot < base + lower; slot += 2) {
      const offset = view.getUint16(slot, true)
      const at = base + offset
      if (offset < upper || offset + ITEM_HEADER > pagesize) {
        throw corruption(pgno, slot - base, `an item at ${offset}, not in ${upper} to ${pagesize}`)
      }
      const keySize = view.getUint32(at, true)
      const second = view.getUint32(at + DATA_SIZE, true)
      const flags = frame._bytes[at + ITEM_FLAGS]
      const size = aligned(ITEM_HEADER + keySize + (leaf ? second : 0))
      // A key or value that is alone too long for the page would make the sum overflow 32 bits.
      if (keySize > pagesize || (leaf && second > pagesize) || offset + size > pagesize || flags > 3) {
        throw corruption(pgno, offset, `an item of ${size} bytes with flags ${flags} in ${pagesize}`)
      }
      total += size
      if (!leaf && (second < 2 || second >= pages)) throw badPageNumber(this, pgno, offset + CHILD, second)
      if (flags !== 0) {
        if ((flags & BIG_KEY) !== 0) checkReference(this, frame, offset + ITEM_HEADER, keySize)
        if (leaf && (flags & BIG_DATA) !== 0) {
          checkReference(this, frame, offset + ITEM_HEADER + keySize, second)
        }
      }
    }
    frame._gaps = pagesize - upper - total
    if (frame._gaps < 0) throw corruption(pgno, upper, `items of ${total} bytes overlap`)
  } else if (type !== OVERFLOW) {
    throw corruption(pgno, FLAGS, `page type ${type} is not part of a btree`)
  }
  if (this._checks !== 0) this._verifyCheck(frame)
  // Last: a page that is refused stays unchecked, and is refused again.
  frame._kind = type
}

/** Checks the reference at `offset` of the page: its size, first page in range, length possible in this file. */
function checkReference(tree: BTree, frame: Frame, offset: number, size: number): void {
  if (size !== REFERENCE) throw corruption(frame._pgno, offset, `a reference of ${size} bytes`)
  const at = frame._base + offset
  const pgno = frame._view.getUint32(at, true)
  const length = frame._view.getUint32(at + 4, true)
  if (pgno < 2 || pgno >= tree._pages) throw badPageNumber(tree, frame._pgno, offset, pgno)
  if (length > (tree._pages - 2) * (tree._pagesize - HEADER)) {
    throw corruption(frame._pgno, offset + 4, `an overflow chain of ${length} bytes in ${tree._pages} pages`)
  }
}

/** Gives the error for a page number read at `offset` of page `pgno` that is no page of the file; after it the file may not grow. */
export function badPageNumber(tree: BTree, pgno: number, offset: number, found: number): Error {
  if (found >= tree._pages) tree._cutShort = true
  return corruption(pgno, offset, `refers to page ${found}; the file has pages 2 to ${tree._pages - 1}`)
}

/** Finishes a dirty page before it is written. A page check that we do not keep up must not stay behind. */
export function sealPage(this: BTree, frame: Frame): void {
  if (frame._kind === 0) return
  if (this._gapless && frame._gaps > 0) refill(this, frame, frame, 0, itemCount(frame))
  const at = frame._base + FLAGS
  const flags = frame._view.getUint32(at, true)
  if (this._checks !== 0) {
    this._storeCheck(frame)
  } else if (flags > (TYPE_MASK | PRESERVE)) {
    frame._view.setUint32(at, flags & (TYPE_MASK | PRESERVE), true)
    markDirty(this._cache, frame, FLAGS, FLAGS + 4)
  }
}
