/** One or two pages of a reader's own: the root stays in the second, since every search begins there. */
import { type Kept, keep, type Region } from "../bytes.ts"
import { readInto } from "./access.ts"
import type { AnyReader, Pages } from "./types.ts"

const ROOT = 1

export class PageBuffers implements Pages {
  declare _buffers: Kept[]
  declare _pgnos: number[]

  constructor(pagesize: number, count: number) {
    this._buffers = []
    this._pgnos = []
    for (let i = 0; i < count; i++) {
      this._buffers.push(keep(null, null, 0, pagesize))
      this._pgnos.push(0)
    }
  }

  _page(reader: AnyReader, pgno: number): Region {
    const slot = pgno === ROOT ? this._pgnos.length - 1 : 0
    const buffer = this._buffers[slot]
    if (this._pgnos[slot] !== pgno) {
      this._pgnos[slot] = 0
      readInto(reader, pgno * reader._pagesize, buffer._bytes, 0, reader._pagesize)
      this._pgnos[slot] = pgno
    }
    return buffer
  }

  _drop(): void {
    for (let i = 0; i < this._pgnos.length; i++) this._pgnos[i] = 0
  }
}
