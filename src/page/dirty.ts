/** Dirty byte ranges of a frame, so that a flush writes what changed and nothing else. */
import type { PageCache } from "./cache.ts"
import type { Frame } from "./pool.ts"

/** Most numbers kept for one frame, two a range; the closest two ranges are joined beyond that. */
const DIRTY_END_MAX = 8

/** Notes that the bytes [start, end) of the page, at least one, have changed. Ranges that nearly touch become one. */
export function markDirty(cache: PageCache, frame: Frame, start: number, end: number): void {
  const dirty = frame._dirty
  const join = cache._join
  let top = frame._dirtyEnd
  if (top === 0) cache._dirtyPages++
  let from = start
  let to = end
  let first = 0
  while (first < top && dirty[first + 1] + join < from) first += 2
  let past = first
  while (past < top && dirty[past] <= to + join) {
    if (dirty[past] < from) from = dirty[past]
    if (dirty[past + 1] > to) to = dirty[past + 1]
    past += 2
  }
  if (past === first) {
    dirty[top] = 0 // never a hole, even for a moment: the collector of XS 13 goes astray in a sparse array
    for (let i = top - 1; i >= first; i--) dirty[i + 2] = dirty[i]
    top += 2
  } else {
    for (let i = past; i < top; i++) dirty[i - past + first + 2] = dirty[i]
    top -= past - first - 2
  }
  dirty[first] = from
  dirty[first + 1] = to
  if (top > DIRTY_END_MAX) {
    let best = 2
    for (let i = 4; i < top; i += 2) {
      if (dirty[i] - dirty[i - 1] < dirty[best] - dirty[best - 1]) best = i
    }
    for (let i = best + 1; i < top; i++) dirty[i - 2] = dirty[i]
    top -= 2
  }
  frame._dirtyEnd = top
}
