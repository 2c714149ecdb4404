/** The items of a leaf or internal page, taken apart with every bound checked. */
import {
  aligned,
  BIG_DATA,
  BIG_KEY,
  CHILD,
  DATA_SIZE,
  HEADER,
  ITEM_FLAGS,
  ITEM_HEADER,
  KEY_SIZE,
  REFERENCE,
} from "../../../../src/btree/layout.ts"
import type { RawFile } from "./raw-file.ts"
import type { RawPage } from "./raw-page.ts"

/** A key or value: its bytes, or where its overflow chain begins. */
export type RawPart =
  | { readonly size: number; readonly bytes: Uint8Array }
  | { readonly size: number; readonly page: number }

export interface RawItem {
  index: number
  offset: number
  /** Bytes it takes, padding included; 0 where that cannot be told. */
  size: number
  flags: number
  key?: RawPart
  /** Of a leaf. */
  data?: RawPart
  /** Of an internal page. */
  child?: number
  damaged: boolean
}

/** Fills `page.items`, and `page.damages` with what is wrong. */
export function decodeItems(file: RawFile, view: DataView, page: RawPage, isLeaf: boolean): void {
  const { pagesize, little } = file
  const slotsEnd = Math.min(page.lower, pagesize - 1)
  for (let slot = HEADER; slot + 1 < slotsEnd; slot += 2) {
    const offset = view.getUint16(slot, little)
    const item: RawItem = { index: page.items.length, offset, size: 0, flags: 0, damaged: false }
    page.items.push(item)
    const damage = (at: number, message: string): void => {
      item.damaged = true
      page.damages.push({ offset: at, message: `item ${item.index}: ${message}` })
    }
    if (offset < page.upper || offset + ITEM_HEADER > pagesize)
      damage(slot, `its slot says ${offset}, outside the items (${page.upper} to ${pagesize})`)
    if (offset + ITEM_HEADER > pagesize) continue
    if (isLeaf) decodeLeafItem(file, view, item, damage)
    else decodeInternalItem(file, view, item, damage)
  }
  findOverlaps(page)
}

type Mark = (at: number, message: string) => void

function decodeLeafItem(file: RawFile, view: DataView, item: RawItem, damage: Mark): void {
  const { offset } = item
  const keySize = view.getUint32(offset + KEY_SIZE, file.little)
  const dataSize = view.getUint32(offset + DATA_SIZE, file.little)
  item.flags = view.getUint8(offset + ITEM_FLAGS)
  if ((item.flags & ~(BIG_DATA | BIG_KEY)) !== 0) damage(offset + ITEM_FLAGS, `unknown flags ${item.flags}`)
  const size = ITEM_HEADER + keySize + dataSize
  if (offset + size > file.pagesize) {
    damage(offset, `key ${keySize} and value ${dataSize} bytes run out of the page`)
    return
  }
  item.size = Math.min(aligned(size), file.pagesize - offset)
  const keyAt = offset + ITEM_HEADER
  item.key = decodePart(file, view, keyAt, keySize, (item.flags & BIG_KEY) !== 0, damage)
  item.data = decodePart(file, view, keyAt + keySize, dataSize, (item.flags & BIG_DATA) !== 0, damage)
}

function decodeInternalItem(file: RawFile, view: DataView, item: RawItem, damage: Mark): void {
  const { offset } = item
  const keySize = view.getUint32(offset + KEY_SIZE, file.little)
  item.child = view.getUint32(offset + CHILD, file.little)
  item.flags = view.getUint8(offset + ITEM_FLAGS)
  if ((item.flags & ~BIG_KEY) !== 0) damage(offset + ITEM_FLAGS, `unknown flags ${item.flags}`)
  if (!file.isInside(item.child))
    damage(offset + CHILD, `child ${item.child}; the file has pages 2 to ${file.pages - 1}`)
  const size = ITEM_HEADER + keySize
  if (offset + size > file.pagesize) {
    damage(offset, `a key of ${keySize} bytes runs out of the page`)
    return
  }
  item.size = Math.min(aligned(size), file.pagesize - offset)
  item.key = decodePart(file, view, offset + ITEM_HEADER, keySize, (item.flags & BIG_KEY) !== 0, damage)
}

function decodePart(
  file: RawFile,
  view: DataView,
  at: number,
  size: number,
  isBig: boolean,
  damage: Mark,
): RawPart {
  const bytes = new Uint8Array(view.buffer, at, size)
  if (!isBig) return { size, bytes }
  if (size !== REFERENCE) {
    damage(at, `a reference of ${size} bytes instead of ${REFERENCE}`)
    return { size, bytes }
  }
  // 1.85 left references to data unswapped in files of the other byte order (spec section 9): then try its own order.
  const isSwapped =
    !file.isInside(view.getUint32(at, file.little)) && file.isInside(view.getUint32(at, !file.little))
  const little = isSwapped ? !file.little : file.little
  const page = view.getUint32(at, little)
  const length = view.getUint32(at + 4, little)
  if (!file.isInside(page)) damage(at, `overflow page ${page}; the file has pages 2 to ${file.pages - 1}`)
  else if (length > file.size) damage(at + 4, `${length} bytes on overflow pages, more than the file has`)
  return { size: length, page }
}

function findOverlaps(page: RawPage): void {
  const placed = page.items.filter((item) => item.size > 0).sort((a, b) => a.offset - b.offset)
  for (let rank = 1; rank < placed.length; rank++) {
    const before = placed[rank - 1]
    const item = placed[rank]
    if (before.offset + before.size <= item.offset) continue
    item.damaged = true
    page.damages.push({ offset: item.offset, message: `item ${item.index} overlaps item ${before.index}` })
  }
}
