/**
 * The flash of an ESP32 as Espruino's `require("Flash")` shows it (src/jswrap_flash.c): nothing is ever reported. Out of range a read
 * gives zeros, a write and an erase do nothing; a write clears bits, whole words of 4 bytes at a time with the old bytes merged in.
 */

/** Thrown where the power goes; afterwards the chip answers nothing. */
export class PowerCut extends Error {}

/** The part of the address space that tests use: 64 KiB below the free region, the region, and where Storage begins. */
export const CHIP_BASE = 0x300000
export const CHIP_SIZE = 0x30000
const PAGE = 4096
const WORD = 4

/** How much of the operation at which the power goes is done. */
export type Cut = "none" | "half" | "all"

/** A program, or an erase when there are no bytes; `from` counts from the chip's first byte. */
export interface Operation {
  readonly from: number
  readonly bytes: Uint8Array | undefined
}

export class Chip {
  memory: Uint8Array
  /** Program and erase calls that reached the chip. */
  operations = 0
  /** Words programmed again since they were erased, with something else than was there. */
  reprogrammed = 0
  /** Called before each program and erase; from there a test looks at the chip, and forks it. */
  onOperation: ((operation: Operation) => void) | undefined
  /** Programs of this erase page do nothing, and nobody is told. */
  brokenPage = -1
  private words = new Uint8Array(CHIP_SIZE / WORD)
  private left = Number.POSITIVE_INFINITY
  private how: Cut = "none"
  private dead = false

  constructor(memory?: Uint8Array) {
    this.memory = memory === undefined ? new Uint8Array(CHIP_SIZE).fill(0xff) : memory.slice()
  }

  /** A copy, alive and whole. */
  fork(): Chip {
    const copy = new Chip(this.memory)
    copy.words = this.words.slice()
    return copy
  }

  /** The power goes at the n-th program or erase from now on (1 is the next). */
  cutAt(operations: number, how: Cut): void {
    this.left = operations
    this.how = how
  }

  read(length: number, address: number, make: (length: number) => Uint8Array): Uint8Array | undefined {
    this.check()
    if (!(length > 0)) return undefined
    const result = make(length)
    if (this.holds(address, length)) {
      for (let i = 0; i < length; i++) result[i] = this.memory[address - CHIP_BASE + i] as number
    }
    return result
  }

  write(data: ArrayLike<number> | string | undefined, address: number): void {
    this.check()
    if (data === undefined) throw new Error("Data is not defined")
    if (data.length === 0 || !this.holds(address, data.length)) return
    const from = address - CHIP_BASE
    const bytes = Uint8Array.from({ length: data.length }, (_, i) =>
      typeof data === "string" ? data.charCodeAt(i) & 0xff : (data[i] as number) & 0xff,
    )
    this.run({ from, bytes })
  }

  erasePage(address: number): void {
    this.check()
    if (address % 1 !== 0) throw new Error("Address should be an integer, got Number")
    const page = this.getPage(address)
    if (page === undefined) return
    this.run({ from: page.addr - CHIP_BASE, bytes: undefined })
  }

  getPage(address: number): { addr: number; length: number } | undefined {
    if (!this.holds(address, 1)) return undefined
    return { addr: address - (address % PAGE), length: PAGE }
  }

  /** Does a part of an operation. */
  apply(operation: Operation, how: Cut): void {
    const { from, bytes } = operation
    const length = bytes === undefined ? PAGE : bytes.length
    const done = how === "none" ? 0 : how === "half" ? length >> 1 : length
    if (bytes !== undefined) this.program(from, bytes.subarray(0, done))
    else {
      this.memory.fill(0xff, from, from + done)
      this.words.fill(0, from / WORD, (from + done) / WORD)
    }
  }

  private run(operation: Operation): void {
    this.onOperation?.(operation)
    this.operations++
    this.left--
    const address = CHIP_BASE + operation.from
    if (operation.bytes === undefined || address - (address % PAGE) !== this.brokenPage)
      this.apply(operation, this.left === 0 ? this.how : "all")
    if (this.left > 0) return
    this.dead = true
    throw new PowerCut("the power is cut")
  }

  private holds(address: number, length: number): boolean {
    return address >= CHIP_BASE && address + length <= CHIP_BASE + CHIP_SIZE
  }

  private program(from: number, bytes: Uint8Array): void {
    const touched = new Set<number>()
    for (let i = 0; i < bytes.length; i++) {
      const at = from + i
      const word = Math.floor(at / WORD)
      const old = this.memory[at] as number
      if (this.words[word] === 1 && (bytes[i] as number) !== old) touched.add(word)
      this.memory[at] = old & (bytes[i] as number)
    }
    this.reprogrammed += touched.size
    this.words.fill(1, Math.floor(from / WORD), Math.ceil((from + bytes.length) / WORD))
  }

  private check(): void {
    if (this.dead) throw new PowerCut("no power")
  }
}
