/** Keys and value sizes that a writer was told of, in blocks, so that adding one moves none. */
import { allocate } from "../../platform.ts"

const BLOCK = 256

export class Declared {
  declare _keySize: number
  declare _count: number
  /** Blocks of BLOCK records: the key, then the value's size in four bytes. */
  declare _views: DataView[]
  /** A key that is not declared yet. */
  declare _scratch: DataView
  /** Where in its block the record is that _viewOf() was asked for last. */
  declare _at: number
  /** Bytes of the values of the leaves that have been built. */
  declare _base: number

  constructor(keySize: number) {
    this._keySize = keySize
    this._count = this._at = this._base = 0
    this._views = []
    this._scratch = new DataView(allocate(keySize).buffer)
  }

  /** Gives the block of a key, and notes at _at where in it the key is. */
  _viewOf(index: number): DataView {
    this._at = (index % BLOCK) * (this._keySize + 4)
    return this._views[Math.floor(index / BLOCK)]
  }

  _sizeOf(index: number): number {
    return this._viewOf(index).getUint32(this._at + this._keySize, true)
  }

  /** Adds the key in _scratch. */
  _add(valueSize: number): void {
    const index = this._count
    if (index % BLOCK === 0) this._views.push(new DataView(allocate(BLOCK * (this._keySize + 4)).buffer))
    const view = this._viewOf(index)
    this._copyKey(this._scratch, 0, view, this._at)
    view.setUint32(this._at + this._keySize, valueSize, true)
    this._count++
  }

  /** Copies a key from one view to another. */
  _copyKey(source: DataView, from: number, target: DataView, to: number): void {
    for (let i = 0; i < this._keySize; i++) target.setUint8(to + i, source.getUint8(from + i))
  }
}
