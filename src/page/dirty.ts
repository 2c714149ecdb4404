/** Dirty byte ranges of a frame, so that a flush writes what changed and nothing else. */
import { assert } from "../assert.ts"
import type { Frame } from "./pool.ts"
import { DIRTY_RANGES_MAX } from "./pool.ts"

/**
 * Adds the bytes [start, end) of the page to the frame's dirty ranges; ranges at most `join` bytes apart become one.
 * Allocates nothing.
 */
export function addDirtyRange(frame: Frame, start: number, end: number, join: number): void {
  assert(start < end, "a dirty range is not empty")
  const dirty = frame.dirty
  const top = frame.dirtyCount * 2
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
    for (let i = top - 1; i >= first; i--) dirty[i + 2] = dirty[i]
  } else {
    for (let i = past; i < top; i++) dirty[i - past + first + 2] = dirty[i]
  }
  dirty[first] = from
  dirty[first + 1] = to
  frame.dirtyCount = (top - past + first) / 2 + 1
  if (frame.dirtyCount > DIRTY_RANGES_MAX) joinClosest(frame)
}

function joinClosest(frame: Frame): void {
  const dirty = frame.dirty
  const top = frame.dirtyCount * 2
  let best = 2
  for (let i = 4; i < top; i += 2) {
    if (dirty[i] - dirty[i - 1] < dirty[best] - dirty[best - 1]) best = i
  }
  for (let i = best - 1; i + 2 < top; i++) dirty[i] = dirty[i + 2]
  frame.dirtyCount--
}
