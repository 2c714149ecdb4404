/** Where things stand. Small enough to be copied into what uses it. */
import type { Log } from "./log.ts"

/** Gives `size` rounded up to the write alignment. */
export function alignUp(log: Log, size: number): number {
  return Math.ceil(size / log._unit) * log._unit
}

/** Gives where the block that has this sequence number begins in the range. */
export function startOf(log: Log, sequence: number): number {
  return (sequence % log._blockCount) * log._length
}

/** Gives the four bytes at `offset` of the header that was read last as a number. */
export function word(log: Log, offset: number): number {
  return log._view.getUint32(log._headerAt + offset)
}

/** Gives the two bytes at `offset` of the header that was read last as a number. */
export function half(log: Log, offset: number): number {
  return word(log, offset) >>> 16
}
