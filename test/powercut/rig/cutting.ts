/**
 * A device between volume and chip that stops before every program operation and every erase, and what is done there: the chip is forked
 * and the operation is cut on the fork.
 *
 * Modes: clean, torn and bits are the simulator's (not done; half done; each bit with probability 1/2). begun and nearly are
 * the ends of the last one: one bit of the operation is changed, or all but one. Chance depends on SEED and on the cut point.
 */
import type { SimulatedFlash } from "../../../hosts/node/node.ts"
import { PowerCut } from "../../../hosts/node/simulator/errors.ts"
import type * as flash from "../../../src/flash/index.ts"
import { makeRandom } from "../../support/streams.ts"
import { type Random, SEED } from "./chip.ts"

export type Mode = "clean" | "torn" | "bits" | "begun" | "nearly"

const PROGRAM_PAGE = 256

export interface Operation {
  /** Number in the life of this device. */
  number: number
  /** Does the operation on a fork, cut in `mode`; the fork has lost its power then. */
  cut: (fork: SimulatedFlash, mode: Mode) => void
}

/** Stands between volume and chip, and calls `before` at every program operation and every erase. */
export class Stops implements flash.FlashDevice {
  readonly chip: SimulatedFlash
  before: ((operation: Operation) => void) | undefined
  number = 0

  constructor(chip: SimulatedFlash) {
    this.chip = chip
  }

  read(buffer: Uint8Array, byteOffset: number): number {
    return this.chip.read(buffer, byteOffset)
  }

  write(buffer: Uint8Array, byteOffset: number): void {
    const first = Math.floor(byteOffset / PROGRAM_PAGE)
    const last = Math.floor((byteOffset + buffer.length - 1) / PROGRAM_PAGE)
    for (let page = first; page <= last; page++) {
      const from = Math.max(page * PROGRAM_PAGE, byteOffset)
      const to = Math.min((page + 1) * PROGRAM_PAGE, byteOffset + buffer.length)
      const part = buffer.subarray(from - byteOffset, to - byteOffset)
      this.before?.({ number: this.number, cut: (fork, mode) => cutProgram(fork, part, from, mode) })
      this.chip.write(part, from)
      this.number++
    }
  }

  eraseBlock(start: number, end: number): void {
    for (let block = start; block < end; block++) {
      this.before?.({ number: this.number, cut: (fork, mode) => cutErase(fork, block, mode) })
      this.chip.eraseBlock(block, block + 1)
      this.number++
    }
  }

  status(): flash.FlashStatus {
    return this.chip.status()
  }

  close(): void {}
}

function expectCut(fork: SimulatedFlash, mode: "clean" | "torn" | "bits", operate: () => void): void {
  fork.cutAfter(0, mode)
  try {
    operate()
  } catch (error) {
    if (error instanceof PowerCut) return
    throw error
  }
  throw new Error("the simulator did not cut")
}

/** The places where `mask` has a bit, as [byte, bit]. */
function bitsOf(mask: Uint8Array): [number, number][] {
  const places: [number, number][] = []
  for (let i = 0; i < mask.length; i++) {
    for (let bit = 1; bit < 0x100; bit <<= 1) if ((mask[i] as number) & bit) places.push([i, bit])
  }
  return places
}

function cutProgram(fork: SimulatedFlash, data: Uint8Array, at: number, mode: Mode): void {
  if (mode === "clean" || mode === "torn" || mode === "bits") {
    expectCut(fork, mode, () => fork.write(data, at))
    return
  }
  const changes = bitsOf(data.map((byte) => ~byte))
  const [byte, bit] = changes[chance(fork)(Math.max(changes.length, 1))] ?? [0, 0]
  if (mode === "nearly") {
    fork.write(data, at)
    fork.rot(at + byte, bit)
  } else {
    const begun = new Uint8Array(data.length).fill(0xff)
    begun[byte] = 0xff & ~bit
    fork.write(begun, at)
    // In a failing block the bit may have stayed: then nothing would have changed at all.
    if ((fork.image()[at + byte] as number) & bit) fork.rot(at + byte, bit)
  }
}

function cutErase(fork: SimulatedFlash, block: number, mode: Mode): void {
  if (mode === "clean" || mode === "torn" || mode === "bits") {
    expectCut(fork, mode, () => fork.eraseBlock(block, block + 1))
    return
  }
  const { blockLength } = fork.status()
  const start = block * blockLength
  const changes = bitsOf(
    fork
      .image()
      .subarray(start, start + blockLength)
      .map((byte) => ~byte),
  )
  const [byte, bit] = changes[chance(fork)(Math.max(changes.length, 1))] ?? [0, 0]
  // A block that reads as blank can be told from an erased one by nobody: then the erase is whole.
  const isWhole = mode === "begun" && changes.length === 1
  if (mode === "nearly" || isWhole) fork.eraseBlock(block, block + 1)
  if (bit !== 0 && !isWhole) fork.rot(start + byte, bit)
}

function chance(fork: SimulatedFlash): Random {
  return makeRandom(fork._chip.medium._draws * 7919 + SEED)
}

/** A fork in which chance is another one at every cut point. */
function forkAt(chip: SimulatedFlash, number: number): SimulatedFlash {
  const fork = chip.fork()
  fork._chip.medium._draws += 1 + number * 3
  return fork
}

/** Gives the chip as it boots after `operation` was cut. */
export function cutAt(chip: SimulatedFlash, operation: Operation, mode: Mode): SimulatedFlash {
  const fork = forkAt(chip, operation.number)
  operation.cut(fork, mode)
  return fork.reboot()
}
