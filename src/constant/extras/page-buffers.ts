/** One or two pages of a reader's own: the root stays in the second, since every search begins there. */
import type { Region } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { readInto } from "../access.ts"
import type { AnyReader, Pages } from "../types.ts"
import { makePage } from "./page.ts"

const ROOT = 1

export class PageBuffers implements Pages {
  declare _bytes: Uint8Array
  declare _view: DataView
  declare _buffers: Region[]
  declare _pgnos: number[]

  /** @throws EINVAL neither one nor two, ENOMEM */
  constructor(pagesize: number, count: number) {
    if (count !== 1 && count !== 2) refuse("EINVAL", `pageBuffers is ${count}, expected 0, 1 or 2`)
    this._buffers = []
    this._pgnos = []
    for (let i = 0; i < count; i++) {
      this._buffers.push(makePage(pagesize))
      this._pgnos.push(0)
    }
    this._bytes = this._buffers[0]._bytes
    this._view = this._buffers[0]._view
  }

  _page(reader: AnyReader, pgno: number): void {
    const slot = pgno === ROOT ? this._pgnos.length - 1 : 0
    const buffer = this._buffers[slot]
    if (this._pgnos[slot] !== pgno) {
      this._pgnos[slot] = 0
      readInto(reader, pgno * reader._pagesize, buffer._bytes, 0, reader._pagesize)
      this._pgnos[slot] = pgno
    }
    this._bytes = buffer._bytes
    this._view = buffer._view
  }

  _drop(): void {
    for (let i = 0; i < this._pgnos.length; i++) this._pgnos[i] = 0
  }
}

/** What a reader asks that was opened with pageBuffers. */
export function makePages(pagesize: number, count: number): Pages {
  return new PageBuffers(pagesize, count)
}
