/**
 * A NOR flash chip in memory for tests and for the desk: it enforces the rules that real chips leave to luck,
 * counts, models time, wears out, and loses its power where it is told to. What outlives the power is in
 * medium.ts; a SimulatedFlash is one run of a program on it.
 */
import { failure } from "../../../src/errors.ts"
import type { FlashDevice, FlashStatus } from "../../../src/flash/device.ts"
import { FlashCounters } from "./counters.ts"
import { FlashViolation, PowerCut } from "./errors.ts"
import { type CutMode, type Geometry, Medium, type Outcome, PAGE_LENGTH } from "./medium.ts"
import { type ChipTiming, W25Q32JV } from "./timing.ts"

export interface SimulatedFlashOptions {
  /** The length of the chip in bytes, a multiple of `blockLength`. */
  size: number
  /** The length of an erase block in bytes, a multiple of 256. Default: 4096. */
  blockLength?: number
  /** The program unit in bytes: a power of two to 256. Default: 1; with `encrypted` 16, which is the least there. */
  writeAlign?: number
  /**
   * Behaves as a partition under ESP32 flash encryption: what is erased, or half programmed, reads as garbage.
   */
  encrypted?: boolean
  /** What the chip holds at first; may be shorter than the chip. Default: nothing, it is erased. */
  image?: Uint8Array
  /** How long operations take. "W25Q32JV" is model A. */
  chip?: "W25Q32JV" | ChipTiming
  /** What status() says about reads of erased blocks. Default: "unknown" with `encrypted`, else "ff". */
  erasedReads?: "ff" | "unknown"
  /** Decides everything random: garbage, cuts by bits, failing blocks. Default: 1. */
  seed?: number
}

// What all runs on one chip share.
interface Chip {
  medium: Medium
  timing: ChipTiming
  erasedReads: "ff" | "unknown"
  counters: FlashCounters
  operations: number
}

/**
 * A chip as a FlashDevice. A call that breaks a rule throws FlashViolation and does nothing: a program that
 * does not start and end on writeAlign, that would set a bit, or that programs a unit a second time between
 * erases (units of 0xFF too); anything beyond the chip; a program to a block whose erase was cut.
 *
 * @example
 * const flash = new SimulatedFlash({ size: 65536 })
 * flash.cutAfter(10, "torn")
 * try { run(flash) } catch (error) { if (!(error instanceof PowerCut)) throw error }
 * check(flash.reboot())
 */
export class SimulatedFlash implements FlashDevice {
  _chip: Chip
  _closed = false
  _powered = true
  _left = Number.POSITIVE_INFINITY
  _mode: CutMode = "clean"

  /**
   * A new chip; `chip` is for reboot() and fork(), which have one already.
   * @throws EINVAL when the geometry is impossible
   */
  constructor(options: SimulatedFlashOptions, chip?: Chip) {
    this._chip = chip ?? makeChip(options)
  }

  /** What was done since `counters.reset()`, by all runs on this chip. An operation that is cut is not counted. */
  get counters(): FlashCounters {
    return this._chip.counters
  }

  /** How often each block was erased in the life of this chip; a live array. Cut erases are not counted. */
  get eraseCounts(): Uint32Array {
    return this._chip.medium.eraseCounts
  }

  /** Program operations and erases done whole in the life of this chip; never reset. */
  get operations(): number {
    return this._chip.operations
  }

  /** Fills `buffer` from `byteOffset` and gives its length. @throws FlashViolation, PowerCut, ECLOSED */
  read(buffer: Uint8Array, byteOffset: number): number {
    this._check()
    this._checkRange("read", byteOffset, buffer.length)
    buffer.set(this._chip.medium.bytes.subarray(byteOffset, byteOffset + buffer.length))
    const { counters, timing } = this._chip
    counters.readCalls++
    counters.readBytes += buffer.length
    counters.microseconds += timing.read(buffer.length)
    return buffer.length
  }

  /**
   * Programs `buffer` at `byteOffset`, in one program operation for each 256-byte page it touches.
   * @throws FlashViolation, PowerCut, ECLOSED
   */
  write(buffer: Uint8Array, byteOffset: number): void {
    this._check()
    this._checkProgram(buffer, byteOffset)
    const { counters, medium, timing } = this._chip
    for (let start = 0; start < buffer.length; ) {
      const at = byteOffset + start
      const length = Math.min(buffer.length - start, PAGE_LENGTH - (at % PAGE_LENGTH))
      const outcome = this._begin()
      medium.program(buffer.subarray(start, start + length), at, outcome)
      this._end(outcome, `the program of ${length} bytes at byte ${at}`)
      counters.programCalls++
      counters.programBytes += length
      counters.microseconds += timing.program(length)
      start += length
    }
  }

  /** Erases the blocks [start, end), each an operation. @throws FlashViolation, PowerCut, ECLOSED */
  eraseBlock(start: number, end: number): void {
    this._check()
    const { counters, medium, timing } = this._chip
    const { blockLength, size } = medium.geometry
    const blocks = size / blockLength
    if (!(isCount(start) && isCount(end) && start <= end && end <= blocks)) {
      throw new FlashViolation(
        start * blockLength,
        `erase of blocks ${start} to ${end}: the chip has ${blocks} blocks`,
      )
    }
    for (let block = start; block < end; block++) {
      const outcome = this._begin()
      medium.erase(block, outcome)
      this._end(outcome, `the erase of block ${block}`)
      counters.erases++
      counters.microseconds += timing.erase(blockLength)
    }
  }

  /** Gives the geometry; neither counted nor timed. @throws PowerCut, ECLOSED */
  status(): FlashStatus {
    this._check()
    const { size, blockLength, writeAlign } = this._chip.medium.geometry
    return {
      size,
      blocks: size / blockLength,
      blockLength,
      writeAlign,
      eraseValue: 0xff,
      erasedReads: this._chip.erasedReads,
    }
  }

  /** Ends the use of this device object, not of the chip: reboot() gives a new one. */
  close(): void {
    this._closed = true
  }

  /**
   * Cuts the power in the program operation or erase that follows after `operations` more were done whole; from
   * then on every call throws PowerCut. Replaces what was said before; Infinity: no cut.
   */
  cutAfter(operations: number, mode: CutMode = "clean"): void {
    if (!isCount(operations) && operations !== Number.POSITIVE_INFINITY) {
      throw failure("EINVAL", `cutAfter takes a whole number from 0, not ${operations}`)
    }
    this._left = operations
    this._mode = mode
  }

  /**
   * Wears out a block: from now on programs leave some bits unprogrammed, or erases leave some bits at 0. The
   * chip reports nothing; the bytes read back tell. Holds for the life of the chip.
   */
  failBlock(block: number, how: "program" | "erase"): void {
    if (!isCount(block) || block >= this.eraseCounts.length) {
      throw failure("EINVAL", `block is ${block}, the chip has ${this.eraseCounts.length}`)
    }
    this._chip.medium.failBlock(block, how)
  }

  /** Flips the bits of `bits` in one byte, as time does; with encryption in what is read. Not counted. */
  rot(byteOffset: number, bits: number): void {
    this._checkRange("rot", byteOffset, 1)
    this._chip.medium.bytes[byteOffset] ^= bits
  }

  /** Gives a copy of what a read of the whole chip gives, also without power. Not counted. */
  image(): Uint8Array {
    return this._chip.medium.bytes.slice()
  }

  /**
   * Turns the power off and on: gives a new device over the same chip, with its counters going on and no cut to
   * come. This object is without power from now on.
   */
  reboot(): SimulatedFlash {
    this._powered = false
    return new SimulatedFlash(this._chip.medium.geometry, this._chip)
  }

  /**
   * Gives a separate chip in the same state (cells, what was programmed, wear, failing blocks, counters), with
   * power and no cut to come: the state from which many cuts are tried.
   */
  fork(): SimulatedFlash {
    const counters = Object.assign(new FlashCounters(), this._chip.counters)
    const chip = { ...this._chip, medium: this._chip.medium.fork(), counters }
    return new SimulatedFlash(chip.medium.geometry, chip)
  }

  _check(): void {
    if (!this._powered) throw new PowerCut("the power is off: go on with what reboot() gives")
    if (this._closed) throw failure("ECLOSED", "the simulated flash is closed")
  }

  _checkRange(what: string, byteOffset: number, length: number): void {
    const { size } = this._chip.medium.geometry
    if (isCount(byteOffset) && byteOffset + length <= size) return
    throw new FlashViolation(byteOffset, `${what} of ${length} bytes: the chip has ${size} bytes`)
  }

  // All of a call is checked before any of it is done, so that a violation leaves no trace.
  _checkProgram(buffer: Uint8Array, byteOffset: number): void {
    const { medium } = this._chip
    const { writeAlign } = medium.geometry
    this._checkRange("program", byteOffset, buffer.length)
    const end = byteOffset + buffer.length
    for (const [edge, what] of [
      [byteOffset, "starts"],
      [end, "ends"],
    ] as const) {
      // biome-ignore format: a table
      if (edge % writeAlign === 0) continue
      const program = `the program of ${buffer.length} bytes at byte ${byteOffset}`
      throw new FlashViolation(edge, `${program} ${what} off the write alignment of ${writeAlign}`)
    }
    for (let at = byteOffset; at < end; at += writeAlign) medium.checkUnit(buffer, at - byteOffset, at)
  }

  _begin(): Outcome {
    if (this._left > 0) {
      this._left--
      return "whole"
    }
    this._powered = false
    return this._mode
  }

  _end(outcome: Outcome, what: string): void {
    if (outcome !== "whole") throw new PowerCut(`the power failed in ${what} (${outcome})`)
    this._chip.operations++
  }
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

function checkGeometry({ size, blockLength, writeAlign, encrypted }: Geometry, image?: Uint8Array): void {
  if (!isCount(blockLength) || blockLength === 0 || blockLength % PAGE_LENGTH !== 0) {
    throw failure("EINVAL", `blockLength is ${blockLength}, expected a multiple of ${PAGE_LENGTH}`)
  }
  if (!isCount(size) || size === 0 || size % blockLength !== 0) {
    throw failure("EINVAL", `size is ${size}, expected a multiple of the block length ${blockLength}`)
  }
  const least = encrypted ? 16 : 1
  if (!isCount(writeAlign) || writeAlign < least || PAGE_LENGTH % writeAlign !== 0) {
    throw failure(
      "EINVAL",
      `writeAlign is ${writeAlign}, expected a power of two from ${least} to ${PAGE_LENGTH}`,
    )
  }
  if (image !== undefined && image.length > size) {
    throw failure("EINVAL", `the image has ${image.length} bytes, the chip ${size}`)
  }
}

function makeChip(options: SimulatedFlashOptions): Chip {
  const encrypted = options.encrypted === true
  const geometry: Geometry = {
    size: options.size,
    blockLength: options.blockLength ?? 4096,
    writeAlign: options.writeAlign ?? (encrypted ? 16 : 1),
    encrypted,
    seed: options.seed ?? 1,
  }
  checkGeometry(geometry, options.image)
  return {
    medium: new Medium(geometry, options.image),
    timing: options.chip === undefined || options.chip === "W25Q32JV" ? W25Q32JV : options.chip,
    erasedReads: options.erasedReads ?? (encrypted ? "unknown" : "ff"),
    counters: new FlashCounters(),
    operations: 0,
  }
}
