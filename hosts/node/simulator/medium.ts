/**
 * What lies on a NOR chip and outlives the power: the cells, what is known of their history, and how program
 * operations and erases change them, also when they are cut or when a block is worn out.
 *
 * Invariants
 * - `bytes` is what a read gives; with encryption, too (an erased unit then holds garbage).
 * - A unit is PROGRAMMED from the first operation that reached a byte of it to the next whole erase. Only such
 *   units, and blocks whose erase was cut, are refused a program: bits that rot or a failing erase left at 0
 *   are not the caller's fault, and are programmed over in silence.
 * - Every program operation lies in one page, and so in one block.
 */
import { FlashViolation } from "./errors.ts"
import { makeRandom } from "./random.ts"

/** The longest program operation, and the border that none crosses. */
export const PAGE_LENGTH = 256

/**
 * How an operation meets the power cut. clean: it is not done; torn: half of it is done; bits: each bit it
 * changes is changed with probability 1/2.
 */
export type CutMode = "clean" | "torn" | "bits"

/** How far an operation gets. */
export type Outcome = "whole" | CutMode

export interface Geometry {
  readonly size: number
  readonly blockLength: number
  readonly writeAlign: number
  readonly encrypted: boolean
  readonly seed: number
}

// States of a unit. A unit is STUCK when a failing erase left bits of it at 0, which with encryption shows only
// once it is programmed.
const ERASED = 0
const PROGRAMMED = 1
const STUCK = 2

// Flags of a block.
const FAILS_PROGRAM = 1
const FAILS_ERASE = 2
const ERASE_CUT = 4

export class Medium {
  readonly geometry: Geometry
  readonly bytes: Uint8Array
  readonly eraseCounts: Uint32Array
  _units: Uint8Array
  _blocks: Uint8Array
  /** Erases begun, the cut ones too: no two give the same garbage. */
  _generations: Uint32Array
  _draws = 0

  /** An erased chip, or with `image` one that holds its bytes; units of it that are not all 0xFF are PROGRAMMED. */
  constructor(geometry: Geometry, image?: Uint8Array) {
    const { size, blockLength, writeAlign, encrypted } = geometry
    this.geometry = geometry
    this.bytes = new Uint8Array(size).fill(0xff)
    this.eraseCounts = new Uint32Array(size / blockLength)
    this._units = new Uint8Array(size / writeAlign)
    this._blocks = new Uint8Array(size / blockLength)
    this._generations = new Uint32Array(size / blockLength)
    if (encrypted)
      for (let block = 0; block < this._blocks.length; block++) this._eraseEncrypted(block, "whole")
    if (image === undefined) return
    this.bytes.set(image)
    // Nothing tells garbage from data, so with encryption no unit counts as programmed.
    if (encrypted) return
    for (let at = 0; at < image.length; at++) {
      if (image[at] !== 0xff) this._units[Math.floor(at / writeAlign)] = PROGRAMMED
    }
  }

  /** Gives a copy that shares nothing with this one. */
  fork(): Medium {
    return Object.assign(Object.create(Medium.prototype), structuredClone({ ...this }))
  }

  /** Lets every later program or erase of the block go wrong in silence. */
  failBlock(block: number, how: "program" | "erase"): void {
    this._blocks[block] |= how === "program" ? FAILS_PROGRAM : FAILS_ERASE
  }

  /**
   * Checks that the unit at `byteOffset` may be programmed with `data[start, start + writeAlign)`.
   * @throws FlashViolation
   */
  checkUnit(data: Uint8Array, start: number, byteOffset: number): void {
    const { blockLength, writeAlign, encrypted } = this.geometry
    const block = Math.floor(byteOffset / blockLength)
    if (this._blocks[block] & ERASE_CUT) {
      throw new FlashViolation(byteOffset, `the erase of block ${block} was cut: erase it again first`)
    }
    if (this._units[byteOffset / writeAlign] !== PROGRAMMED) return
    for (let i = 0; i < writeAlign && !encrypted; i++) {
      const [found, given] = [this.bytes[byteOffset + i], data[start + i]]
      if ((given & ~found) === 0) continue
      throw new FlashViolation(
        byteOffset + i,
        `a program of ${hex(given)} over ${hex(found)} would set a bit`,
      )
    }
    const unit = writeAlign === 1 ? "byte" : `unit of ${writeAlign} bytes`
    throw new FlashViolation(byteOffset, `this ${unit} is programmed a second time between erases`)
  }

  /** One program operation: `data` at `byteOffset`, within one page, checked before. */
  program(data: Uint8Array, byteOffset: number, outcome: Outcome): void {
    if (outcome === "clean") return
    const reached = outcome === "torn" ? data.subarray(0, data.length >> 1) : data
    if (reached.length === 0) return
    if (this.geometry.encrypted) this._programEncrypted(reached, byteOffset, outcome)
    else this._programPlain(reached, byteOffset, outcome)
    const { writeAlign } = this.geometry
    const end = Math.ceil((byteOffset + reached.length) / writeAlign)
    this._units.fill(PROGRAMMED, byteOffset / writeAlign, end)
  }

  /** The erase of one block; counted as wear when it is whole. */
  erase(block: number, outcome: Outcome): void {
    if (outcome === "clean") return
    if (this.geometry.encrypted) this._eraseEncrypted(block, outcome)
    else this._erasePlain(block, outcome)
    if (outcome === "whole") this.eraseCounts[block]++
  }

  _programPlain(data: Uint8Array, byteOffset: number, outcome: Outcome): void {
    const failing = this._fails(byteOffset, FAILS_PROGRAM)
    if (outcome !== "bits" && !failing) {
      for (let i = 0; i < data.length; i++) this.bytes[byteOffset + i] &= data[i]
      return
    }
    const random = this._random()
    let missed = false
    let lastAt = byteOffset
    let lastCleared = 0
    for (let i = 0; i < data.length; i++) {
      const wanted = this.bytes[byteOffset + i] & ~data[i]
      let cleared = outcome === "bits" ? wanted & random() : wanted
      if (failing) cleared &= ~(random() & random() & random())
      this.bytes[byteOffset + i] &= ~cleared
      missed ||= cleared !== wanted
      if (cleared !== 0) [lastAt, lastCleared] = [byteOffset + i, cleared]
    }
    // A failing block never programs right by chance.
    if (failing && !missed) this.bytes[lastAt] |= lastCleared & -lastCleared
  }

  _programEncrypted(data: Uint8Array, byteOffset: number, outcome: Outcome): void {
    const { writeAlign } = this.geometry
    const failing = this._fails(byteOffset, FAILS_PROGRAM)
    const random = this._random()
    for (let start = 0; start < data.length; start += writeAlign) {
      const at = byteOffset + start
      const whole = start + writeAlign <= data.length && outcome !== "bits"
      const stuck = this._units[at / writeAlign] === STUCK
      // A failing block spoils its first unit, and others by chance.
      const fails = failing && (start === 0 || random() % 2 === 0)
      if (whole && !stuck && !fails) this.bytes.set(data.subarray(start, start + writeAlign), at)
      else this._fillGarbage(at, at + writeAlign, random)
    }
  }

  _erasePlain(block: number, outcome: Outcome): void {
    const { blockLength, writeAlign } = this.geometry
    const start = block * blockLength
    const end = start + (outcome === "torn" ? blockLength >> 1 : blockLength)
    const failing = this._fails(start, FAILS_ERASE)
    const random = this._random()
    if (outcome !== "bits" && !failing) this.bytes.fill(0xff, start, end)
    else {
      for (let at = start; at < end; at++) {
        const kept = failing ? random() & random() & random() : random()
        this.bytes[at] |= ~kept
      }
    }
    if (failing) this.bytes[start + (random() % (end - start))] &= ~(1 << (random() % 8))
    this._generations[block]++
    const all = this.bytes.subarray(start, start + blockLength)
    // A block that reads as blank can be told from an erased one by nobody, so it counts as erased.
    if (outcome === "whole" || all.every((byte) => byte === 0xff)) {
      this._blocks[block] &= ~ERASE_CUT
      this._units.fill(ERASED, start / writeAlign, (start + blockLength) / writeAlign)
    } else this._blocks[block] |= ERASE_CUT
  }

  _eraseEncrypted(block: number, outcome: Outcome): void {
    const { blockLength, writeAlign, seed } = this.geometry
    const start = block * blockLength
    const end = start + (outcome === "torn" ? blockLength >> 1 : blockLength)
    this._fillGarbage(start, end, makeRandom(seed, block, this._generations[block]++))
    if (outcome !== "whole") {
      this._blocks[block] |= ERASE_CUT
      return
    }
    this._blocks[block] &= ~ERASE_CUT
    const [first, last] = [start / writeAlign, (start + blockLength) / writeAlign]
    this._units.fill(ERASED, first, last)
    if (!this._fails(start, FAILS_ERASE)) return
    const random = this._random()
    for (let unit = first; unit < last; unit++) {
      if (unit === first || random() % 8 === 0) this._units[unit] = STUCK
    }
  }

  _fails(byteOffset: number, how: number): boolean {
    return (this._blocks[Math.floor(byteOffset / this.geometry.blockLength)] & how) !== 0
  }

  _fillGarbage(start: number, end: number, random: () => number): void {
    for (let at = start; at < end; at++) this.bytes[at] = random()
  }

  _random(): () => number {
    return makeRandom(this.geometry.seed, ++this._draws)
  }
}

function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, "0")}`
}
