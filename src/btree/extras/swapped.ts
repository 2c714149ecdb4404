/**
 * Big-endian files that 1.85 wrote on a little-endian machine (defect Q12): for data on overflow pages behind an inline key it
 * swapped the words at key offsets 4 and 8 instead of the reference. The header does not tell such a file from a sound one; a
 * reference that leads outside the file does.
 */
import type { Frame } from "../../page/pool.ts"
import { chainBytesMax } from "../check-page.ts"
import { ITEM_HEADER } from "../layout.ts"
import type { BTree } from "../tree.ts"

/** Puts the item at buffer offset `at` right in memory, and makes the handle read-only: what is written back would be neither. */
export function mendReference(tree: BTree, frame: Frame, at: number, keySize: number): void {
  const view = frame.view
  const body = at + ITEM_HEADER
  const reference = body + keySize
  if (isPossible(tree, view, reference, false)) return
  if (body + 12 > frame.base + tree._pagesize) return
  swapWords(view, body)
  if (!isPossible(tree, view, reference, true)) {
    swapWords(view, body)
    return
  }
  view.setUint32(reference, view.getUint32(reference, true), false)
  view.setUint32(reference + 4, view.getUint32(reference + 4, true), false)
  if (tree._readonly === "") {
    tree._readonly =
      "the file was written in swapped byte order by Berkeley DB 1.85 itself, which scrambles it: dump it and load a new one"
  }
}

function swapWords(view: DataView, body: number): void {
  view.setUint32(body + 4, view.getUint32(body + 4, true), false)
  view.setUint32(body + 8, view.getUint32(body + 8, true), false)
}

function isPossible(tree: BTree, view: DataView, at: number, little: boolean): boolean {
  const pgno = view.getUint32(at, little)
  return pgno >= 2 && pgno < tree._pages && view.getUint32(at + 4, little) <= chainBytesMax(tree)
}
