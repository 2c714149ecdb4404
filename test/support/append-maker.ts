/** Append-only tree files made by hand, page by page. */
import * as append from "../../src/append/index.ts"
import { MemoryStream } from "../../src/index.ts"

/** A file of 512-byte pages made by hand; the last page is a commit record taken from a real file, with another root. */
export class Maker {
  readonly pages: Uint8Array[]

  constructor(count: number) {
    this.pages = Array.from({ length: count }, (_, number) => {
      const page = new Uint8Array(512)
      new DataView(page.buffer).setUint32(0, number, true)
      return page
    })
  }

  /** Items are [key, word, value]: of an internal page the word is the child. */
  page(number: number, kind: 1 | 2, items: [string, number, string?][]): this {
    const page = this.pages[number] as Uint8Array
    const view = new DataView(page.buffer)
    let upper = 512
    view.setUint32(4, kind, true)
    for (const [i, [key, word, value = ""]] of items.entries()) {
      upper -= 7 + key.length + value.length
      view.setUint16(12 + 2 * i, upper, true)
      view.setUint32(upper, kind === 1 ? word : value.length, true)
      view.setUint16(upper + 4, key.length, true)
      page.set(new TextEncoder().encode(key + value), upper + 7)
    }
    view.setUint16(8, 12 + 2 * items.length, true)
    view.setUint16(10, upper, true)
    return this
  }

  /** Gives the file with the root on page 1: a header and a commit record of our own making around the pages. */
  file(): Uint8Array {
    // A real file of as many pages, so that the commit record is right; its root is on page 1 where one page was written.
    const stream = new MemoryStream()
    const tree = append.open(stream, { pagesize: 512, clock: () => 1_700_000_000, checksums: false })
    tree.put("a", "b")
    const image = stream.bytes()
    const record = image.slice(1024, 1536)
    const last = this.pages.length
    const view = new DataView(record.buffer)
    view.setUint32(0, last, true)
    view.setUint32(508, (0x646e6574 ^ last) >>> 0, true)
    const result = new Uint8Array((last + 1) * 512)
    for (const [number, page] of this.pages.entries()) result.set(page, number * 512)
    result.set(image.subarray(0, 512), 0)
    result.set(record, last * 512)
    return result
  }
}
