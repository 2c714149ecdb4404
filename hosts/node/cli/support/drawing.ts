/** One page as text: where it lies, its header fields, a bar of its layout, its items, its damage. */
import { BIG_DATA, BIG_KEY, HEADER } from "../../../../src/btree/layout.ts"
import { alignColumns } from "./columns.ts"
import { hexLines } from "./hex-lines.ts"
import { PageMap } from "./page-map.ts"
import type { RawItem, RawPart } from "./raw-items.ts"
import type { RawPage } from "./raw-page.ts"
import { decodeText, isPrintable, toHex } from "./text.ts"

const TEXT_PREVIEW_MAX = 32
const HEX_PREVIEW_MAX = 12
const DATA_PREVIEW_SIZE = 64

/** Gives the lines of the drawing; `pages` is the number of pages of the file. */
export function drawPage(page: RawPage, pages: number, withHex: boolean): string[] {
  const size = page.bytes.length
  const first = page.pgno * size
  const map = new PageMap(page)
  const [bar, legend] = map.bar()
  const lines = [
    `page ${page.pgno} of ${pages}: ${page.type}, bytes ${first} to ${first + size - 1} of the file`,
    "",
    ...alignColumns(
      [
        ["offset", "field", "value", ""],
        ...page.fields.map(({ offset, name, value, meaning }) => [
          offset,
          name,
          fieldValue(name, value),
          meaning,
        ]),
      ],
      "  ",
    ),
    "",
    `  0${String(size).padStart(bar.length - 1)}`,
    `  ${bar}`,
    `  ${legend}`,
  ]
  const body = page.type === "overflow" ? drawData(page) : drawItems(page)
  if (body.length > 0) lines.push("", ...body)
  if (page.damages.length > 0) {
    lines.push("", `  damage (${page.damages.length})`)
    for (const { offset, message } of page.damages) lines.push(`  ! offset ${offset}: ${message}`)
  }
  if (withHex) lines.push("", ...hexLines(page.bytes))
  return lines
}

// Sets of bits are read in hex.
function fieldValue(name: string, value: number): string | number {
  return name === "flags" || name === "magic" ? `0x${value.toString(16)}` : value
}

function drawItems(page: RawPage): string[] {
  if (page.type !== "leaf" && page.type !== "internal") return []
  if (page.items.length === 0) return ["  no items"]
  const isLeaf = page.type === "leaf"
  const head = ["", "item", "offset", "size", "flags", isLeaf ? "key" : "child", isLeaf ? "value" : "key"]
  const rows = page.items.map((item) => {
    const isUnread = page.type === "internal" && item.index === 0 && page.prev === 0
    const common = [item.damaged ? "!" : "", item.index, item.offset, item.size, flagsOf(item)]
    if (isLeaf) return [...common, show(item.key), show(item.data)]
    return [...common, childOf(item), isUnread ? `${show(item.key)}, below every key` : show(item.key)]
  })
  return alignColumns([head, ...rows])
}

function childOf(item: RawItem): string {
  return item.child === undefined ? "?" : `page ${item.child}`
}

function flagsOf(item: RawItem): string {
  const names: string[] = []
  if ((item.flags & BIG_KEY) !== 0) names.push("big key")
  if ((item.flags & BIG_DATA) !== 0) names.push("big value")
  if ((item.flags & ~(BIG_KEY | BIG_DATA)) !== 0) names.push(`0x${item.flags.toString(16)}`)
  return names.length > 0 ? names.join(", ") : "-"
}

function show(part: RawPart | undefined): string {
  if (part === undefined) return "?"
  return "page" in part ? `${part.size} bytes from page ${part.page}` : preview(part.bytes)
}

/** Gives the beginning of `bytes` as text or hex, and how many there are where that is not all. */
export function preview(bytes: Uint8Array): string {
  const text = decodeText(bytes)
  if (text !== undefined && isPrintable(text)) {
    if (text.length <= TEXT_PREVIEW_MAX) return JSON.stringify(text)
    // Not half of a surrogate pair at the end.
    const beginning = text.slice(0, TEXT_PREVIEW_MAX).replace(/[\ud800-\udbff]$/, "")
    return `${JSON.stringify(beginning)}... (${bytes.length} bytes)`
  }
  if (bytes.length <= HEX_PREVIEW_MAX) return `hex:${toHex(bytes)}`
  return `hex:${toHex(bytes.subarray(0, HEX_PREVIEW_MAX))}... (${bytes.length} bytes)`
}

function drawData(page: RawPage): string[] {
  return [
    "  first bytes of the data",
    ...hexLines(page.bytes.subarray(HEADER, HEADER + DATA_PREVIEW_SIZE), HEADER),
  ]
}
