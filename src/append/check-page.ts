/**
 * What is checked of a page when it comes from the stream (spec section 11: the original checks its number and nothing else), and the
 * CRC-32 that our pages carry in their free space, where the original neither looks nor keeps it valid: the mark beside it holds for one
 * page number, and a page that is changed gets another one.
 */
import { crc32 } from "../checksum.ts"
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
import { refuseOvertaken } from "./overtaken.ts"
import { freeOf, itemAt, keySizeAt, wordAt } from "./page.ts"
import type { AppendTree } from "./tree.ts"

/** What the page cache calls: with a page just read, to have it checked, and with a dirty one before it is written. */
export function attendPage(this: AppendTree, frame: Frame): void {
  if (frame._kind === 0) frame._kind = checkPage(this, frame)
  else {
    refuseOvertaken(this, frame._pgno)
    sealPage(this, frame)
  }
}

/** Checks the page in `frame`, gives its kind, and sets _count and _upper. Throws ECORRUPT. */
function checkPage(tree: AppendTree, frame: Frame): number {
  const view = frame._view
  const base = frame._base
  const pgno = frame._pgno
  const pagesize = tree._pagesize
  const own = view.getUint32(base + PGNO, true)
  const type = view.getUint32(base + FLAGS, true)
  const lower = view.getUint16(base + LOWER, true)
  const upper = view.getUint16(base + UPPER, true)
  if (own !== pgno || (type !== LEAF && type !== INTERNAL && type !== OVERFLOW))
    corrupt(pgno, PGNO, `page number ${own}, flags ${type}`)
  if (type === OVERFLOW) {
    const next = view.getUint32(base + NEXT, true)
    if (next !== 0) checkNumber(tree, pgno, NEXT, next)
    return type
  }
  if (lower < (type === LEAF ? HEADER : HEADER + 2) || lower > upper || upper > pagesize || (lower & 1) !== 0)
    corrupt(pgno, LOWER, `free space ${lower} to ${upper} of ${pagesize}`)
  frame._count = (lower - HEADER) >> 1
  frame._upper = upper
  if (tree._checks && upper - lower >= CHECK_SIZE) {
    const at = base + upper - CHECK_SIZE
    if (wordAt(frame, at + 4) === (CHECKED ^ pgno) >>> 0 && wordAt(frame, at) !== checkOf(tree, frame))
      corrupt(pgno, upper - CHECK_SIZE, "the check does not match")
  }
  checkItems(tree, frame, type === LEAF)
  return type
}

function checkItems(tree: AppendTree, frame: Frame, isLeaf: boolean): void {
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
    if (size > pagesize - offset || keySize > KEY_MAX || flags > (isLeaf ? BIG : 0))
      corrupt(pgno, offset, `an item of ${size} bytes, a key of ${keySize}, flags ${flags}`)
    left -= size
    if (!isLeaf) {
      checkNumber(tree, pgno, offset, word)
      if (index === 0 && keySize !== 0) corrupt(pgno, offset, "the first item has a key")
    } else if (flags === BIG) {
      const first = at + ITEM_HEADER + keySize
      checkNumber(tree, pgno, first - base, wordAt(frame, first))
      if (word > (tree._limit() - 1) * (pagesize - HEADER)) corrupt(pgno, offset, `a value of ${word} bytes`)
    }
  }
  if (left !== 0) corrupt(pgno, UPPER, `${left} bytes that no item has`)
}

/** Checks a page number read at `offset` of page `pgno`. */
function checkNumber(tree: AppendTree, pgno: number, offset: number, found: number): void {
  if (found < 1 || found >= tree._limit() || found === pgno)
    corrupt(pgno, offset, `refers to page ${found}, not 1 to ${tree._limit() - 1}`)
}

/** Gives the CRC-32 of the page but for its free space. */
function checkOf(tree: AppendTree, frame: Frame): number {
  const base = frame._base
  const head = crc32(frame._bytes, base, base + HEADER + frame._count * 2, 0)
  return crc32(frame._bytes, base + frame._upper, base + tree._pagesize, head)
}

/** Puts the check into a tree page that is about to be written, where there is room. */
export function sealPage(tree: AppendTree, frame: Frame): void {
  if (!tree._checks || frame._kind === OVERFLOW || freeOf(frame) < CHECK_SIZE) return
  const at = frame._base + frame._upper - CHECK_SIZE
  const pgno = wordAt(frame, frame._base + PGNO)
  frame._view.setUint32(at, checkOf(tree, frame), true)
  frame._view.setUint32(at + 4, (CHECKED ^ pgno) >>> 0, true)
}
