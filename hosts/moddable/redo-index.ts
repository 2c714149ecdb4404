/** What a redo log holds, in order: one position and one length an entry. Six bytes each, in arrays that only grow. */

/** Lengths that stand for something else: a commit, and the end of the stream having been cut off at the position. */
export const COMMIT = 0xfffe
export const TRIM = 0xffff
/** Most bytes of one entry. */
export const BYTES_MAX = 0xfff0

export class RedoIndex {
  positions = new Uint32Array(64)
  lengths = new Uint16Array(64)
  count = 0

  add(position: number, length: number): void {
    const count = this.count
    if (count === this.positions.length) {
      const positions = new Uint32Array(count * 2)
      const lengths = new Uint16Array(count * 2)
      positions.set(this.positions)
      lengths.set(this.lengths)
      this.positions = positions
      this.lengths = lengths
    }
    this.positions[count] = position
    this.lengths[count] = length
    this.count = count + 1
  }

  /** Gives the first byte at or after `from` that an entry changes, Infinity when there is none. */
  nextChange(from: number): number {
    let next = Number.POSITIVE_INFINITY
    for (let i = 0; i < this.count; i++) {
      const length = this.lengths[i]
      if (length === COMMIT) continue
      const position = this.positions[i]
      const end = length === TRIM ? Number.POSITIVE_INFINITY : position + length
      if (end > from && position < next) next = Math.max(position, from)
    }
    return next
  }

  /** Gives the end of the last change between `from` and `to`; `from` when there is none. */
  lastChange(from: number, to: number): number {
    let last = from
    for (let i = 0; i < this.count; i++) {
      const length = this.lengths[i]
      if (length === COMMIT || this.positions[i] >= to) continue
      const end = length === TRIM ? to : Math.min(this.positions[i] + length, to)
      if (end > last) last = end
    }
    return last
  }
}
