/**
 * Disjoint ascending byte intervals of one page, in a fixed Uint16Array: what was gathered, or what newer records have covered.
 * Element 0 is their number, then come pairs (start, end) that never touch.
 */

/** Gives an empty list with room for `capacity` intervals. */
export function makeIntervals(capacity: number): Uint16Array {
  return new Uint16Array(1 + capacity * 2)
}

/** Adds [start, end), which becomes one with those it touches; false, and nothing done, when there is no room for one more. */
export function addInterval(list: Uint16Array, start: number, end: number): boolean {
  const top = 1 + list[0] * 2
  let from = start
  let to = end
  let first = 1
  while (first < top && list[first + 1] < from) first += 2
  let past = first
  for (; past < top && list[past] <= to; past += 2) {
    if (list[past] < from) from = list[past]
    if (list[past + 1] > to) to = list[past + 1]
  }
  const moved = first + 2 - past
  if (top + moved > list.length) return false
  for (let i = top - 1; past === first && i >= first; i--) list[i + 2] = list[i]
  for (let i = past; past > first && i < top; i++) list[i + moved] = list[i]
  list[first] = from
  list[first + 1] = to
  list[0] += moved / 2
  return true
}
