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
  while (past < top && list[past] <= to) {
    if (list[past] < from) from = list[past]
    if (list[past + 1] > to) to = list[past + 1]
    past += 2
  }
  if (past === first) {
    if (top === list.length) return false
    for (let i = top - 1; i >= first; i--) list[i + 2] = list[i]
  } else if (past > first + 2) {
    for (let i = past; i < top; i++) list[i - past + first + 2] = list[i]
  }
  list[first] = from
  list[first + 1] = to
  list[0] += (first + 2 - past) / 2
  return true
}

/** Gives how many bytes from `at` on (up to `end`) are outside all intervals, or minus how many are inside. */
export function runAt(list: Uint16Array, at: number, end: number): number {
  const top = 1 + list[0] * 2
  for (let i = 1; i < top; i += 2) {
    if (list[i + 1] <= at) continue
    if (list[i] <= at) return at - (list[i + 1] < end ? list[i + 1] : end)
    return (list[i] < end ? list[i] : end) - at
  }
  return end - at
}
