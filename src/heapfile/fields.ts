/** Big-endian numbers of one to eight bytes, and the errors that name a heap node. */
import { refuse } from "../errors.ts"
import { isByteCount, POSITION_MAX } from "../stream/check-arguments.ts"

/** Gives the number in bytes [at, at + size), or -1 where it is larger than a double holds exactly. */
export function getNumber(bytes: Uint8Array, at: number, size: number): number {
  let value = 0
  for (let i = 0; i < size; i++) {
    value = value * 256 + bytes[at + i]
    if (value > POSITION_MAX) return -1
  }
  return value
}

/** Puts `value` into bytes [at, at + size), which it must fit. */
export function putNumber(bytes: Uint8Array, at: number, size: number, value: number): void {
  let rest = value
  for (let i = at + size - 1; i >= at; i--) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
}

/** Throws ECORRUPT; `page` is the heap node's id, and `offset` counts from its header on. */
export function corruptNode(id: number, offset: number, message: string): never {
  refuse("ECORRUPT", `node ${id}, offset ${offset}: ${message}`, id, offset)
}

/** @throws EINVAL where `value` is not a whole number from `least` to `most` */
export function checkNumber(what: string, value: number, least: number, most: number): void {
  if (!(typeof value === "number" && isByteCount(value) && value >= least && value <= most))
    refuse("EINVAL", `${what} is ${value}, expected a whole number from ${least} to ${most}`)
}
