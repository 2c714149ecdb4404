/**
 * What is checked of a page when it comes from the stream (spec section 11: the original checks its number and nothing else), and the
 * CRC-32 that our pages carry in their free space, where the original neither looks nor keeps it valid: the mark beside it holds for one
 * page number, and a page that is changed gets another one.
 */
import { crc32, crc32Of } from "../checksum.ts"
import { corrupt } from "../errors.ts"
import type { Frame } from "../page/pool.ts"
import {
  BIG,
  CHECK_SIZE,
  CHECKED,
  FLAGS,
  HEADER,
  INTERNAL,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_MAX,
  LEAF,
  LOWER,
  NEXT,
  OVERFLOW,
  PGNO,
  UPPER,
} from "./layout.ts"
import { pageLimit } from "./limits.ts"
import { refuseOvertaken } from "./overtaken.ts"
import { freeOf, itemAt, keySizeAt, wordAt } from "./page.ts"
import type { AppendTree } from "./tree.ts"

/** What the page cache calls: with a page just read, to have it checked, and with a dirty one before it is written. */
export function attendPage(this: AppendTree, frame: Frame): void {
  if (frame._kind === 0) frame._kind = checkPage(this, frame)
  else {
    refuseOvertaken(this, frame._pgno)
    attendSeal(this, frame, false)
  }
}

/** Checks the page in `frame`, gives its kind, and sets _count and _upper. Throws ECORRUPT. */
function checkPage(tree: AppendTree, frame: Frame): number {
  const view = frame._view
  const base = frame._base
  const pgno = frame._pgno
  const limit = pageLimit(tree)
  const own = view.getUint32(base + PGNO, true)
  const kind = view.getUint32(base + FLAGS, true)
  const next = view.getUint32(base + NEXT, true)
  const lower = view.getUint16(base + LOWER, true)
  const upper = view.getUint16(base + UPPER, true)
  if (own !== pgno || (kind !== LEAF && kind !== INTERNAL && kind !== OVERFLOW))
    corrupt(pgno, PGNO, `page number ${own}, flags ${kind}`)
  if (kind === OVERFLOW) {
    if (next !== 0) checkNumber(pgno, NEXT, next, limit)
  } else {
    const least = kind === LEAF ? HEADER : HEADER + 2
    if (lower < least || lower > upper || upper > tree._pagesize || (lower & 1) !== 0)
      corrupt(pgno, LOWER, `free space ${lower} to ${upper} of ${tree._pagesize}`)
    frame._count = (lower - HEADER) >> 1
    frame._upper = upper
    attendSeal(tree, frame, true)
    checkItems(tree, frame, limit, kind === LEAF)
  }
  return kind
}

function checkItems(tree: AppendTree, frame: Frame, limit: number, isLeaf: boolean): void {
  const base = frame._base
  const pgno = frame._pgno
  const pagesize = tree._pagesize
  let left = pagesize - frame._upper
  for (let index = 0; index < frame._count; index++) {
    const at = itemAt(frame, index)
    const offset = at - base
    if (offset < frame._upper || offset > pagesize - ITEM_HEADER)
      corrupt(pgno, HEADER + index * 2, `an item at ${offset}`)
    const word = wordAt(frame, at)
    const keySize = keySizeAt(frame, at)
    const flags = frame._bytes[at + ITEM_FLAGS]
    const body = flags === BIG ? 4 : isLeaf ? word : 0
    const size = ITEM_HEADER + keySize + body
    if (
      size > pagesize - offset ||
      // The first item of an internal page has no key, and none of them a value.
      keySize > (isLeaf || index > 0 ? KEY_MAX : 0) ||
      flags > (isLeaf ? BIG : 0) ||
      (flags === BIG && word > (limit - 1) * (pagesize - HEADER))
    )
      corrupt(pgno, offset, `an item of ${size} bytes, a key of ${keySize}, flags ${flags}, word ${word}`)
    left -= size
    const place = isLeaf ? offset + ITEM_HEADER + keySize : offset
    if (!isLeaf || flags === BIG) checkNumber(pgno, place, wordAt(frame, base + place), limit)
  }
  if (left !== 0) corrupt(pgno, UPPER, `${left} bytes that no item has`)
}

/** Checks a page number read at `offset` of page `pgno`. */
function checkNumber(pgno: number, offset: number, found: number, limit: number): void {
  if (found < 1 || found >= limit || found === pgno)
    corrupt(pgno, offset, `refers to page ${found}, not 1 to ${limit - 1}`)
}

/**
 * The check of a tree page, the CRC-32 of all but its free space: looks whether it is right where the page has one and was read, and puts it
 * in where there is room and the page is about to be written.
 */
export function attendSeal(tree: AppendTree, frame: Frame, isRead: boolean): void {
  const base = frame._base
  const bytes = frame._bytes
  if (!tree._checks || frame._kind === OVERFLOW || freeOf(frame) < CHECK_SIZE) return
  const at = base + frame._upper - CHECK_SIZE
  const pgno = wordAt(frame, base + PGNO)
  const mark = (CHECKED ^ pgno) >>> 0
  if (isRead && wordAt(frame, at + 4) !== mark) return
  const head = crc32Of(bytes, base, base + HEADER + frame._count * 2)
  const check = crc32(bytes, base + frame._upper, base + tree._pagesize, head)
  if (!isRead) {
    frame._view.setUint32(at, check, true)
    frame._view.setUint32(at + 4, mark, true)
  } else if (wordAt(frame, at) !== check) corrupt(pgno, frame._upper - CHECK_SIZE, "the check does not match")
}
