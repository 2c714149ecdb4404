/** The argument checks that all streams of src/stream and of the hosts share. */
import { failure } from "../errors.ts"

/** The largest whole number a double holds exactly; Number.MAX_SAFE_INTEGER is missing on Espruino. */
export const POSITION_MAX = 9007199254740991

/** Tells whether `value` is a whole number from 0 to POSITION_MAX. */
export function isByteCount(value: number): boolean {
  return value >= 0 && value <= POSITION_MAX && Math.floor(value) === value
}

/**
 * Checks the arguments of a read or write: `position` is a whole number of bytes from 0, and `[start, start +
 * length)` lies in a buffer of `capacity` bytes.
 * @throws EINVAL otherwise
 */
export function checkTransfer(capacity: number, position: number, start: number, length: number): void {
  if (!isByteCount(position) || position + length > POSITION_MAX) {
    throw failure("EINVAL", `position is ${position}, expected a whole number from 0`)
  }
  if (!isByteCount(start) || !isByteCount(length) || start + length > capacity) {
    throw failure("EINVAL", `start ${start} and length ${length} lie outside a buffer of ${capacity} bytes`)
  }
}

/**
 * Checks the argument of setSize.
 * @throws EINVAL when `size` is not a whole number of bytes from 0
 */
export function checkSize(size: number): void {
  if (!isByteCount(size)) throw failure("EINVAL", `size is ${size}, expected a whole number from 0`)
}
