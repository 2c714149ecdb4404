/**
 * One page taken apart from its bytes, whatever they are: every field is checked before it is used, and what cannot
 * be right is noted as damage instead of thrown. The engine is not involved.
 */
import {
  FLAGS,
  HEADER,
  INTERNAL,
  LEAF,
  LOWER,
  MAGIC,
  META_FLAGS,
  META_FREE,
  META_MAGIC,
  META_PAGESIZE,
  META_RECORDS,
  META_VERSION,
  NEXT,
  NO_DUPLICATES,
  OVERFLOW,
  PGNO,
  PRESERVE,
  PREV,
  RECNO,
  TYPE_MASK,
  UPPER,
  VERSION,
} from "../../../../src/btree/layout.ts"
import { isPagesize, type RawFile } from "./raw-file.ts"
import { decodeItems, type RawItem } from "./raw-items.ts"

export type PageType = "meta" | "internal" | "leaf" | "overflow" | "free" | "damaged"

export interface Damage {
  /** Within the page. */
  offset: number
  message: string
}

/** A header field as drawn: its number and what it means. */
export interface Field {
  offset: number
  name: string
  value: number
  meaning: string
}

export interface RawPage {
  pgno: number
  type: PageType
  bytes: Uint8Array
  fields: Field[]
  items: RawItem[]
  /** Bounds of the free space; both 0 where the page has none. */
  lower: number
  upper: number
  prev: number
  next: number
  damages: Damage[]
}

/** What the bits of a page's type can say; 8 and 16 belong to recno files, 0 is a page this program freed. */
const TYPE_NAMES: Record<number, string> = {
  0: "none: a freed page",
  [INTERNAL]: "internal",
  [LEAF]: "leaf",
  [OVERFLOW]: "overflow",
  8: "recno internal",
  16: "recno leaf",
}

/** Bits 8 to 31 of a page's flags: a check of its bytes, 0 where there is none. */
const CHECK_SHIFT = 8

/** Takes page `pgno` apart. `free`: it is on the free list, where only its number and next mean anything. */
export function decodePage(file: RawFile, pgno: number, free: boolean): RawPage {
  const view = file.page(pgno)
  const page: RawPage = {
    pgno,
    type: "meta",
    bytes: new Uint8Array(view.buffer),
    fields: [],
    items: [],
    lower: 0,
    upper: 0,
    prev: 0,
    next: 0,
    damages: [],
  }
  if (pgno === 0) decodeMeta(file, view, page)
  else decodeTreePage(file, view, page, free)
  return page
}

/** Gives the number of damaged places that make the page unusable as what it says it is. */
export function isDamaged(page: RawPage): boolean {
  return page.damages.length > 0
}

function decodeMeta(file: RawFile, view: DataView, page: RawPage): void {
  const u32 = (offset: number): number => view.getUint32(offset, file.little)
  const add = (offset: number, name: string, meaning: string, wrong: boolean): void => {
    page.fields.push({ offset, name, value: u32(offset), meaning })
    if (wrong) page.damages.push({ offset, message: `${name} ${u32(offset)}: ${meaning}` })
  }
  const isMagic = u32(META_MAGIC) === MAGIC
  const order = file.little ? "little-endian" : "big-endian"
  add(META_MAGIC, "magic", isMagic ? `Berkeley DB btree, ${order}` : `expected ${MAGIC}`, !isMagic)
  const version = u32(META_VERSION)
  add(META_VERSION, "version", version === VERSION ? "" : `expected ${VERSION}`, version !== VERSION)
  const pagesize = u32(META_PAGESIZE)
  const given = pagesize === file.pagesize ? "" : `the file is read with ${file.pagesize}`
  add(META_PAGESIZE, "pagesize", isPagesize(pagesize) ? given : "not possible", !isPagesize(pagesize))
  const freeWrong = file.freeHead !== 0 && !file.isInside(file.freeHead)
  const freeMeaning = freeWrong ? `the file has pages 0 to ${file.pages - 1}` : "first free page"
  add(META_FREE, "free", file.freeHead === 0 ? "no free page" : freeMeaning, freeWrong)
  add(META_RECORDS, "nrecs", "0 in a btree", false)
  const flags = u32(META_FLAGS)
  const unknown = (flags & ~(NO_DUPLICATES | RECNO)) !== 0
  const kind =
    (flags & RECNO) !== 0 ? "a recno file" : (flags & NO_DUPLICATES) !== 0 ? "no duplicates" : "duplicates"
  add(META_FLAGS, "flags", unknown ? "unknown bits" : kind, unknown)
}

function decodeTreePage(file: RawFile, view: DataView, page: RawPage, free: boolean): void {
  const { little, pagesize } = file
  const own = view.getUint32(PGNO, little)
  page.prev = view.getUint32(PREV, little)
  page.next = view.getUint32(NEXT, little)
  const flags = view.getUint32(FLAGS, little)
  const kind = flags & TYPE_MASK
  const lower = view.getUint16(LOWER, little)
  const stored = view.getUint16(UPPER, little)
  const isTree = !free && (kind === INTERNAL || kind === LEAF)
  // 65536 does not fit the field: an empty page of that size stores 0.
  const upper = isTree && stored === 0 && pagesize === 65536 ? 65536 : stored
  page.fields.push(
    { offset: PGNO, name: "pgno", value: own, meaning: own === page.pgno ? "" : `expected ${page.pgno}` },
    { offset: PREV, name: "prev", value: page.prev, meaning: linkMeaning(page.prev) },
    { offset: NEXT, name: "next", value: page.next, meaning: linkMeaning(page.next) },
    { offset: FLAGS, name: "flags", value: flags, meaning: flagsMeaning(flags, free) },
    { offset: LOWER, name: "lower", value: lower, meaning: isTree ? "end of the index" : "" },
    { offset: UPPER, name: "upper", value: stored, meaning: isTree ? "start of the items" : "" },
  )
  if (own !== page.pgno) page.damages.push({ offset: PGNO, message: `the page says it is number ${own}` })
  for (const [offset, link] of [
    [PREV, page.prev],
    [NEXT, page.next],
  ])
    if (link >= file.pages)
      page.damages.push({
        offset,
        message: `a link to page ${link}; the file has pages 0 to ${file.pages - 1}`,
      })
  page.type = typeOf(kind, free)
  if (page.type === "damaged")
    page.damages.push({ offset: FLAGS, message: `page type ${kind} is none of a btree` })
  if (!isTree) return
  page.lower = lower
  page.upper = upper
  if (lower < HEADER || lower > upper || upper > pagesize || lower % 2 !== 0) {
    const message = `free space from ${lower} to ${upper} in a page of ${pagesize} bytes`
    page.damages.push({ offset: LOWER, message })
  }
  decodeItems(file, view, page, kind === LEAF)
}

function typeOf(kind: number, free: boolean): PageType {
  if (free || kind === 0) return "free"
  if (kind === INTERNAL) return "internal"
  if (kind === LEAF) return "leaf"
  return kind === OVERFLOW ? "overflow" : "damaged"
}

function linkMeaning(link: number): string {
  return link === 0 ? "none" : ""
}

function flagsMeaning(flags: number, free: boolean): string {
  const type = TYPE_NAMES[flags & TYPE_MASK] ?? "no known type"
  const parts = [free ? `free page, was: ${type}` : type]
  if ((flags & PRESERVE) !== 0) parts.push("preserve: an internal page uses this key too")
  const check = flags >>> CHECK_SHIFT
  if (check !== 0) parts.push(`check ${check.toString(16).padStart(6, "0")}`)
  return parts.join(", ")
}
