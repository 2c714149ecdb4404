/** What each byte of a page is used for, and the bar that shows it. */
import { HEADER, META_SIZE } from "../../../../src/btree/layout.ts"
import type { RawPage } from "./raw-page.ts"

/** Uses in the order in which they are painted; the letter is the one in the bar. */
const USES = [
  { name: "gaps", letter: "-" },
  { name: "header", letter: "h" },
  { name: "index", letter: "i" },
  { name: "free", letter: "." },
  { name: "items", letter: "#" },
  { name: "overlap", letter: "!" },
  { name: "data", letter: "#" },
  { name: "unused", letter: "." },
] as const

export type Use = (typeof USES)[number]["name"]

const BAR_WIDTH = 64

export class PageMap {
  readonly #bytes: Uint8Array

  constructor(page: RawPage) {
    const size = page.bytes.length
    this.#bytes = new Uint8Array(size)
    const paint = (use: Use, start: number, end: number): void => {
      this.#bytes.fill(codeOf(use), Math.min(start, size), Math.min(Math.max(start, end), size))
    }
    if (page.type === "leaf" || page.type === "internal") {
      paint("free", page.lower, page.upper)
      paint("index", HEADER, page.lower)
      for (const item of page.items) this.#paintItem(item.offset, item.offset + item.size)
    } else paint(page.type === "overflow" ? "data" : "unused", 0, size)
    paint("header", 0, page.type === "meta" ? META_SIZE : HEADER)
  }

  /** Gives the number of bytes of one use. */
  count(use: Use): number {
    const code = codeOf(use)
    return this.#bytes.reduce((count, byte) => (byte === code ? count + 1 : count), 0)
  }

  /** Gives one line of letters, each for the use most of its bytes have, and one that says what they mean. */
  bar(): [string, string] {
    const size = this.#bytes.length
    // Every page has a header, also where it is a small part of its cell.
    let bar: string = USES[codeOf("header")].letter
    for (let cell = 1; cell < BAR_WIDTH; cell++) {
      const start = Math.floor((cell * size) / BAR_WIDTH)
      bar += commonest(this.#bytes.subarray(start, Math.floor(((cell + 1) * size) / BAR_WIDTH)))
    }
    const present = USES.map((use) => ({ ...use, count: this.count(use.name) })).filter(
      ({ count }) => count > 0,
    )
    return [`|${bar}|`, present.map(({ letter, name, count }) => `${letter} ${name} ${count}`).join("   ")]
  }

  #paintItem(start: number, end: number): void {
    for (let at = start; at < end; at++)
      this.#bytes[at] = this.#bytes[at] === codeOf("gaps") ? codeOf("items") : codeOf("overlap")
  }
}

function codeOf(use: Use): number {
  return USES.findIndex(({ name }) => name === use)
}

function commonest(bytes: Uint8Array): string {
  const counts = USES.map(() => 0)
  for (const byte of bytes) counts[byte]++
  // Damage shows however small it is.
  if (counts[codeOf("overlap")] > 0) return USES[codeOf("overlap")].letter
  return USES[counts.indexOf(Math.max(...counts))].letter
}
