/** Database files put together byte by byte from the format (page size 512), so that no engine is needed and any byte can be wrong. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { latin1 } from "./input.ts"

export const PAGESIZE = 512

export interface Item {
  key: string
  value?: string
  child?: number
  flags?: number
}

interface Header {
  prev?: number
  next?: number
  flags: number
  lower?: number
  upper?: number
}

/** Makes pages and files in one byte order. */
export class Maker {
  readonly little: boolean

  constructor(little = true) {
    this.little = little
  }

  meta(free = 0, flags = 0x20): Uint8Array {
    return this.#words([0x53162, 3, PAGESIZE, free, 0, flags])
  }

  /** A leaf, or an internal page where the items have children; items go down from the end in their order. */
  tree(pgno: number, items: Item[], links: { prev?: number; next?: number } = {}): Uint8Array {
    const isLeaf = items.every(({ child }) => child === undefined)
    let upper = PAGESIZE
    const placed = items.map((item) => {
      const body = latin1(item.key + (item.value ?? ""))
      upper -= (9 + body.length + 3) & ~3
      return { item, body, offset: upper }
    })
    const header = { ...links, flags: isLeaf ? 2 : 1, lower: 20 + items.length * 2, upper }
    const page = this.page(pgno, header)
    const view = new DataView(page.buffer)
    for (const [index, { item, body, offset }] of placed.entries()) {
      view.setUint16(20 + index * 2, offset, this.little)
      view.setUint32(offset, item.key.length, this.little)
      view.setUint32(offset + 4, item.child ?? (item.value ?? "").length, this.little)
      view.setUint8(offset + 8, item.flags ?? 0)
      page.set(body, offset + 9)
    }
    return page
  }

  overflow(pgno: number, data: string, next = 0): Uint8Array {
    const page = this.page(pgno, { next, flags: 4 })
    page.set(latin1(data), 20)
    return page
  }

  page(pgno: number, { prev = 0, next = 0, flags, lower = 0, upper = 0 }: Header): Uint8Array {
    const page = this.#words([pgno, prev, next, flags])
    const view = new DataView(page.buffer)
    view.setUint16(16, lower, this.little)
    view.setUint16(18, upper, this.little)
    return page
  }

  /** The eight bytes that stand for a key or value on overflow pages. */
  reference(pgno: number, length: number): string {
    return Buffer.from(this.#words([pgno, length]).subarray(0, 8)).toString("latin1")
  }

  #words(words: number[]): Uint8Array {
    const page = new Uint8Array(PAGESIZE)
    const view = new DataView(page.buffer)
    for (const [index, word] of words.entries()) view.setUint32(index * 4, word, this.little)
    return page
  }
}

/** Gives a page with some bytes replaced. */
export function spoil(page: Uint8Array, offset: number, ...bytes: number[]): Uint8Array {
  const spoilt = page.slice()
  spoilt.set(bytes, offset)
  return spoilt
}

/** A folder of its own for the files of one test file. */
export class Folder {
  readonly path: string = mkdtempSync(join(tmpdir(), "flashtree-cli-"))

  file(name: string, contents: string | Uint8Array | Uint8Array[] = []): string {
    const path = join(this.path, name)
    const bytes = Array.isArray(contents) ? Buffer.concat(contents) : contents
    writeFileSync(path, bytes)
    return path
  }

  /** A path at which there is nothing yet. */
  at(name: string): string {
    return join(this.path, name)
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
