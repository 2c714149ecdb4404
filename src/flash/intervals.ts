/** Disjoint ascending byte intervals of one page, in a fixed array: what was gathered, or what newer records have covered. */
export class Intervals {
  /** Pairs (start, end), ascending, never touching. */
  declare pairs: Uint16Array
  declare count: number

  constructor(capacity: number) {
    this.pairs = new Uint16Array(capacity * 2)
    this.count = 0
  }

  clear(): void {
    this.count = 0
  }

  /** Tells whether add(start, end) still fits. */
  hasRoom(start: number, end: number): boolean {
    if (this.count * 2 < this.pairs.length) return true
    for (let i = 0; i < this.count * 2; i += 2) {
      if (start <= this.pairs[i + 1] && end >= this.pairs[i]) return true
    }
    return false
  }

  /** Adds [start, end), which becomes one with those it touches. */
  add(start: number, end: number): void {
    const pairs = this.pairs
    const top = this.count * 2
    let from = start
    let to = end
    let first = 0
    while (first < top && pairs[first + 1] < from) first += 2
    let past = first
    while (past < top && pairs[past] <= to) {
      if (pairs[past] < from) from = pairs[past]
      if (pairs[past + 1] > to) to = pairs[past + 1]
      past += 2
    }
    if (past === first) {
      for (let i = top - 1; i >= first; i--) pairs[i + 2] = pairs[i]
    } else {
      for (let i = past; i < top; i++) pairs[i - past + first + 2] = pairs[i]
    }
    pairs[first] = from
    pairs[first + 1] = to
    this.count = (top - past + first) / 2 + 1
  }

  /** Gives how many bytes from `at` on (up to `end`) are outside all intervals, or minus how many are inside. */
  runAt(at: number, end: number): number {
    const pairs = this.pairs
    const top = this.count * 2
    for (let i = 0; i < top; i += 2) {
      if (pairs[i + 1] <= at) continue
      if (pairs[i] <= at) return at - (pairs[i + 1] < end ? pairs[i + 1] : end)
      return (pairs[i] < end ? pairs[i] : end) - at
    }
    return end - at
  }
}
