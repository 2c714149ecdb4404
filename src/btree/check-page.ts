/** What is checked of a page when it comes from the stream (spec section 13): 1.85 checks none of it (defect Q15). */
import { corrupt } from "../errors.ts"
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
import { refill, setWord, wordAt } from "./page.ts"
import type { BTree } from "./tree.ts"

/** What the page cache calls: with a page just read, to have it checked, and with a dirty one, to have it finished. */
export function attendPage(this: BTree, frame: Frame): void {
  if (frame._kind === 0) checkPage(this, frame)
  else sealPage(this, frame)
}

/**
 * Checks the page in `frame` against its own number and type: header bounds, every slot and item inside the page, items not
 * overlapping, children and references in range. Sets its _kind, _count, _upper and _gaps. Throws ECORRUPT.
 */
function checkPage(tree: BTree, frame: Frame): void {
  const view = frame._view
  const base = frame._base
  const pgno = frame._pgno
  const pagesize = tree._pagesize
  const own = wordAt(frame, base + PGNO)
  const type = wordAt(frame, base + FLAGS) & TYPE_MASK
  const leaf = type === LEAF
  if (own !== pgno || !(leaf || type === INTERNAL || type === OVERFLOW)) {
    corrupt(pgno, PGNO, `page number ${own}, type ${type}`)
  }
  if (type !== OVERFLOW) {
    const lower = view.getUint16(base + LOWER, true)
    // An empty 64 KiB page stores 0 for 65536.
    const upper = view.getUint16(base + UPPER, true) || 65536
    let gaps = pagesize - upper
    if (lower < (leaf ? HEADER : HEADER + 2) || lower > upper || upper > pagesize || (lower & 1) !== 0) {
      corrupt(pgno, LOWER, `free space ${lower} to ${upper} of ${pagesize}`)
    }
    const end = base + lower
    const last = pagesize - ITEM_HEADER
    for (let slot = base + HEADER; slot < end; slot += 2) {
      const offset = view.getUint16(slot, true)
      if (offset < upper || offset > last) corrupt(pgno, slot - base, `an item at ${offset}`)
      const at = base + offset
      const keySize = view.getUint32(at, true)
      const second = view.getUint32(at + DATA_SIZE, true)
      const flags = frame._bytes[at + ITEM_FLAGS]
      const size = ITEM_HEADER + keySize + (leaf ? second : 0)
      if (offset + size > pagesize || flags > 3)
        corrupt(pgno, offset, `an item of ${size} bytes, flags ${flags}`)
      gaps -= (size + 3) & ~3
      if (!leaf) checkPageNumber(tree, pgno, offset + CHILD, second)
      for (let part = flags & BIG_KEY || flags; part > 0; part--) {
        const isKey = part === BIG_KEY
        if ((flags & part) === 0 || !(isKey || leaf)) continue
        const reference = isKey ? offset + ITEM_HEADER : offset + ITEM_HEADER + keySize
        const bytes = (isKey ? keySize : second) === REFERENCE ? wordAt(frame, base + reference + 4) : 1e15
        if (bytes > (tree._pages - 2) * (pagesize - HEADER)) {
          corrupt(pgno, reference, `a reference to ${bytes} bytes`)
        }
        checkPageNumber(tree, pgno, reference, wordAt(frame, base + reference))
      }
    }
    if (gaps < 0) corrupt(pgno, UPPER, "items overlap")
    frame._count = (lower - HEADER) >> 1
    frame._upper = upper
    frame._gaps = gaps
  }
  if (tree._checks !== 0) tree._pageCheck(frame, false)
  // Last: a page that is refused stays unchecked, and is refused again.
  frame._kind = type
}

/** Checks the page number read at `offset` of page `pgno`: ECORRUPT when it is no page of the file, which then may not grow. */
export function checkPageNumber(tree: BTree, pgno: number, offset: number, found: number): void {
  if (found >= 2 && found < tree._pages) return
  if (found >= tree._pages) tree._cutShort = true
  corrupt(pgno, offset, `refers to page ${found}, not 2 to ${tree._pages - 1}`)
}

/** Finishes a dirty page before it is written. A page check that we do not keep up must not stay behind. */
function sealPage(tree: BTree, frame: Frame): void {
  const at = frame._base + FLAGS
  const flags = wordAt(frame, at)
  if (tree._gapless && frame._gaps > 0) refill(tree, frame, frame, 0, frame._count)
  if (tree._checks !== 0) {
    tree._pageCheck(frame, true)
  } else if (flags > (TYPE_MASK | PRESERVE)) {
    setWord(frame, at, flags & (TYPE_MASK | PRESERVE))
    markDirty(tree._cache, frame, FLAGS, LOWER)
  }
}
