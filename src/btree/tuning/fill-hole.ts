/** Closing the hole of one item at once, on pages that 1.85 may write too. */
import { markDirty } from "../../page/dirty.ts"
import type { Frame } from "../../page/pool.ts"
import { copyBytes } from "../../platform.ts"
import { HEADER } from "../layout.ts"
import { itemSize, setBounds } from "../page.ts"
import type { BTree } from "../tree.ts"

/** Gives a hole of `size` bytes, already counted as a gap, back to the free space it borders on, or fills it. */
export function leaveHole(tree: BTree, frame: Frame, offset: number, size: number): void {
  if (offset === frame._upper) {
    setBounds(tree, frame, frame._count, offset + size)
    frame._gaps -= size
  } else if (size > 0 && tree._fillHole !== undefined) {
    tree._fillHole(frame, offset, size)
  }
}

/**
 * Fills a hole that may not stay with the lowest item of the page when that has just its size, else by moving up all that is below, as
 * 1.85 does. Nothing is done with one that is free space already.
 */
export function fillHole(this: BTree, frame: Frame, offset: number, size: number): void {
  if (!this._gapless || offset < frame._upper) return
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
