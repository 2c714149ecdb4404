/** Cutting a full page where 1.85 cuts it, so that both make the same tree of the same keys. */
import type { Frame } from "../../page/pool.ts"
import { BIG_KEY, HEADER, ITEM_FLAGS, LEAF } from "../layout.ts"
import { itemAt, itemSize } from "../page.ts"
import type { BTree } from "../tree.ts"

/**
 * Gives how many of the page's items and the new one (of `size` bytes, at `skip`) go to the left page: as many as 1.85 would put
 * there (spec section 5.2), unless they do not fit, or an internal page would be much less even than `even`, which is what the core
 * would give: with long separators 1.85 makes trees as deep as they are long (defect Q9).
 */
export function chooseCut(
  this: BTree,
  page: Frame,
  skip: number,
  size: number,
  big: boolean,
  even: number,
): number {
  const full = this._pagesize - HEADER
  const count = page._count
  const total = this._pagesize - page._upper - page._gaps + count * 2 + size + 2
  let used = 0
  let cut = 0
  let cutUsed = 0
  let evenUsed = 0
  let decided = false
  let bigs = 0
  for (let position = 0; position < count; position++) {
    const isNew = position === skip
    const old = position > skip ? position - 1 : position
    const at = itemAt(page, old)
    const bytes = (isNew ? size : itemSize(this, page, at)) + 2
    if ((skip <= position && used + bytes >= full) || old === count - 1) decided = true
    used += bytes
    if (position === even - 1) evenUsed = used
    if (decided) continue
    cut = position + 1
    cutUsed = used
    // 1.85 prefers not to cut right after a big key, three times at most.
    if (used >= full >> 1) {
      decided = bigs === 3 || !(isNew ? big : (page._bytes[at + ITEM_FLAGS] & BIG_KEY) !== 0)
      bigs++
    }
  }
  const larger = cutUsed > total - cutUsed ? cutUsed : total - cutUsed
  const smallest = evenUsed > total - evenUsed ? evenUsed : total - evenUsed
  // Items longer than the inline limit, of other writers, may not fit that way.
  const fits = cut > 0 && larger <= full
  return fits && (page._kind === LEAF || larger - smallest <= full >> 3) ? cut : even
}
