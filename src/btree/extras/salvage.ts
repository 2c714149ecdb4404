/**
 * Reading what can still be read of a damaged file, whatever the order of its keys: big-key files that 1.85 itself wrote have
 * their records in wrong places (defect Q1), where neither get() nor a scan may go.
 */

import { copyOut } from "../../bytes.ts"
import { corruption } from "../../errors.ts"
import { fetchPage, pin, unpin } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { enter } from "../handle.ts"
import { INTERNAL, LEAF, ROOT } from "../layout.ts"
import { itemCount } from "../page.ts"
import { copyValue, type Shown, showRecord } from "../record.ts"
import { childAt, DEPTH_MAX } from "../search.ts"
import type { BTree } from "../tree.ts"
import type { Finding } from "../types.ts"
import { toFinding } from "./findings.ts"

type Visit = (key: Uint8Array, value: Uint8Array) => boolean | undefined | void

/**
 * Calls `visit` with copies of every record that the root leads to, in the order of the pages, until it gives false. Gives what was
 * in the way: damaged pages are left out with all below them, damaged records one by one. Each page is read once; allocates a
 * byte a page.
 */
export function salvage(tree: BTree, visit: Visit): Finding[] {
  enter(tree)
  const findings: Finding[] = []
  const seen = new Uint8Array(tree._pages)
  const pages: number[] = [ROOT]
  const slots: number[] = [0]
  seen[ROOT] = 1
  while (pages.length > 0) {
    const level = pages.length - 1
    const before = slots[level]
    try {
      const frame = fetchPage(tree._cache, pages[level], INTERNAL | LEAF)
      const index = slots[level]++
      if (index >= itemCount(tree, frame)) {
        pages.pop()
        slots.pop()
      } else if (frame.kind === LEAF) {
        if (!visitRecord(tree, frame, index, visit)) return findings
      } else {
        const child = childAt(tree, frame, index)
        if (seen[child] !== 0 || pages.length > DEPTH_MAX)
          throw corruption(frame.pgno, 0, `page ${child} is used twice`)
        seen[child] = 1
        pages.push(child)
        slots.push(0)
      }
    } catch (error) {
      findings.push(toFinding(error))
      // A page that cannot be read at all is left; after a bad record or child the next one is tried.
      if (slots[level] === before) {
        pages.pop()
        slots.pop()
      }
    }
    enter(tree)
  }
  return findings
}

function visitRecord(tree: BTree, leaf: Frame, index: number, visit: Visit): boolean {
  const shown = {} as Shown
  pin(tree._cache, leaf)
  showRecord(tree, shown, leaf, index)
  const key = copyOut(shown.bytes, shown.keyOffset, shown.keyLength)
  const value = copyValue(tree, leaf, index)
  unpin(tree._cache, leaf)
  return visit(key, value) !== false
}
