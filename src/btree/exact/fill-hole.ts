/** Closing the hole of one item at once, on pages that 1.85 may write too. */
import { markDirty } from "../../page/dirty.ts"
import type { Frame } from "../../page/pool.ts"
import { copyBytes } from "../../platform.ts"
import { HEADER } from "../layout.ts"
import { itemSize, setBounds } from "../page.ts"
import type { BTree } from "../tree.ts"

/** Fills a hole with the lowest item of the page when that has just its size, else by moving up all that is below, as 1.85 does. */
export function fillHole(this: BTree, frame: Frame, offset: number, size: number): void {
  const cache = this._cache
  const view = frame._view
  const bytes = frame._bytes
  const base = frame._base
  const upper = frame._upper
  const lower = HEADER + frame._count * 2
  let lowest = HEADER
  while (lowest < lower && view.getUint16(base + lowest, true) !== upper) lowest += 2
  if (lowest < lower && itemSize(this, frame, base + upper) === size) {
    copyBytes(bytes, base + upper, bytes, base + offset, size)
    view.setUint16(base + lowest, offset, true)
    markDirty(cache, frame, lowest, lowest + 2)
    markDirty(cache, frame, offset, offset + size)
  } else {
    copyBytes(bytes, base + upper, bytes, base + upper + size, offset - upper)
    for (let slot = HEADER; slot < lower; slot += 2) {
      const item = view.getUint16(base + slot, true)
      if (item < offset) view.setUint16(base + slot, item + size, true)
    }
    markDirty(cache, frame, HEADER, lower)
    markDirty(cache, frame, upper + size, offset + size)
  }
  setBounds(this, frame, frame._count, upper + size)
  frame._gaps -= size
}
