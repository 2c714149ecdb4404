/** What is checked of a page when it comes from the stream (spec section 13): 1.85 checks none of it (defect Q15). */
import { corruption } from "../errors.ts"
import { markDirty } from "../page/dirty.ts"
import type { Frame } from "../page/pool.ts"
import {
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
  UPPER,
} from "./layout.ts"
import { refill } from "./page.ts"
import type { BTree } from "./tree.ts"

/**
 * Checks the page in `frame` against its own number and type: header bounds, every slot and item inside the page, items not
 * overlapping, children and references in range. Sets its _kind, _count, _upper and _gaps. Throws ECORRUPT.
 */
export function checkPage(this: BTree, frame: Frame): void {
  const view = frame._view
  const base = frame._base
  const pgno = frame._pgno
  const pagesize = this._pagesize
  const own = view.getUint32(base + PGNO, true)
  const type = view.getUint32(base + FLAGS, true) & TYPE_MASK
  const leaf = type === LEAF
  if (own !== pgno || !(leaf || type === INTERNAL || type === OVERFLOW)) {
    throw corruption(pgno, PGNO, `page number ${own}, type ${type}: not of this tree`)
  }
  if (type !== OVERFLOW) {
    const lower = view.getUint16(base + LOWER, true)
    // An empty 64 KiB page stores 0 for 65536.
    const upper = view.getUint16(base + UPPER, true) || 65536
    let gaps = pagesize - upper
    if (lower < (leaf ? HEADER : HEADER + 2) || lower > upper || upper > pagesize || (lower & 1) !== 0) {
      throw corruption(pgno, LOWER, `free space ${lower} to ${upper} of ${pagesize}`)
    }
    for (let slot = base + HEADER; slot < base + lower; slot += 2) {
      const offset = view.getUint16(slot, true)
      const at = base + offset
      let size = pagesize
      let flags = 0
      let keySize = 0
      let second = 0
      if (offset >= upper && offset + ITEM_HEADER <= pagesize) {
        keySize = view.getUint32(at, true)
        second = view.getUint32(at + DATA_SIZE, true)
        flags = frame._bytes[at + ITEM_FLAGS]
        size = ITEM_HEADER + 3 + keySize + (leaf ? second : 0)
        // What is far too large stays so without the sum's bits above 31.
        if (size < 0x40000) size &= ~3
      }
      if (offset + size > pagesize || flags > 3) {
        throw corruption(pgno, offset, `no item: ${size} bytes, flags ${flags} in ${upper} to ${pagesize}`)
      }
      gaps -= size
      if (!leaf) checkPageNumber(this, pgno, offset + CHILD, second)
      if (flags !== 0) {
        const data = offset + ITEM_HEADER + keySize
        if ((flags & BIG_KEY) !== 0) checkReference(this, frame, offset + ITEM_HEADER, keySize)
        if (leaf && (flags & 1) !== 0) checkReference(this, frame, data, second)
      }
    }
    if (gaps < 0) throw corruption(pgno, UPPER, `items overlap by ${-gaps} bytes`)
    frame._count = (lower - HEADER) >> 1
    frame._upper = upper
    frame._gaps = gaps
  }
  if (this._checks !== 0) this._verifyCheck(frame)
  // Last: a page that is refused stays unchecked, and is refused again.
  frame._kind = type
}

/** Checks the reference of `size` bytes at `offset` of the page: its size, first page in range, length possible in this file. */
function checkReference(tree: BTree, frame: Frame, offset: number, size: number): void {
  const at = frame._base + offset
  const length = size === REFERENCE ? frame._view.getUint32(at + 4, true) : 0xffffffff
  if (length > (tree._pages - 2) * (tree._pagesize - HEADER)) {
    throw corruption(frame._pgno, offset, `a reference of ${size} bytes to ${length} bytes`)
  }
  checkPageNumber(tree, frame._pgno, offset, frame._view.getUint32(at, true))
}

/** Checks the page number read at `offset` of page `pgno`: ECORRUPT when it is no page of the file, which then may not grow. */
export function checkPageNumber(tree: BTree, pgno: number, offset: number, found: number): void {
  if (found >= 2 && found < tree._pages) return
  if (found >= tree._pages) tree._cutShort = true
  throw corruption(pgno, offset, `refers to page ${found}, not 2 to ${tree._pages - 1}`)
}

/** Finishes a dirty page before it is written. A page check that we do not keep up must not stay behind. */
export function sealPage(this: BTree, frame: Frame): void {
  const at = frame._base + FLAGS
  const flags = frame._view.getUint32(at, true)
  if (frame._kind === 0) return
  if (this._gapless && frame._gaps > 0) refill(this, frame, frame, 0, frame._count)
  if (this._checks !== 0) {
    this._storeCheck(frame)
  } else if (flags > (TYPE_MASK | PRESERVE)) {
    frame._view.setUint32(at, flags & (TYPE_MASK | PRESERVE), true)
    markDirty(this._cache, frame, FLAGS, LOWER)
  }
}
