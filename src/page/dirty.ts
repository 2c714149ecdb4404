/** Dirty byte ranges of a frame, so that a flush writes what changed and nothing else. */
import type { PageCache } from "./cache.ts"
import type { Frame } from "./pool.ts"

/** Most numbers kept for one frame, two a range; a new range is joined with the closest ones beyond that. */
const DIRTY_END_MAX = 8

/** Notes that the bytes [start, end) of the page, at least one, have changed. Ranges that nearly touch become one. */
export function markDirty(cache: PageCache, frame: Frame, start: number, end: number): void {
  const dirty = frame._dirty
  let join = cache._join
  let top = frame._dirtyEnd
  let from = start
  let to = end
  let i = 0
  if (top === 0) cache._dirtyPages++
  for (;;) {
    if (i === top) {
      if (top < DIRTY_END_MAX) break
      join = join * 2 + 1
      i = 0
    }
    if (dirty[i] <= to + join && dirty[i + 1] + join >= from) {
      if (dirty[i] < from) from = dirty[i]
      if (dirty[i + 1] > to) to = dirty[i + 1]
      // The last one takes its place; the larger range may touch those before.
      top -= 2
      dirty[i] = dirty[top]
      dirty[i + 1] = dirty[top + 1]
      i = 0
    } else {
      i += 2
    }
  }
  dirty[top] = from
  dirty[top + 1] = to
  frame._dirtyEnd = top + 2
}
