/** What stands for keys and data in a node list, and back. Numbers are little-endian, the order of every machine that such files are from. */
import { refuse } from "../errors.ts"
import { encodeText } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"

/** Makes bytes of values, and values of bytes. Both throw EINVAL for what they cannot. */
export interface Converter {
  // biome-ignore lint/suspicious/noExplicitAny: each converter has its own values
  encode(value: any): Uint8Array
  // biome-ignore lint/suspicious/noExplicitAny: each converter has its own values
  decode(bytes: Uint8Array): any
}

/** Two numbers; complex numbers have no order. */
export interface Complex {
  real: number
  imaginary: number
}

/** Bytes as they are. */
export function raw(): Converter {
  return { encode: (value) => checkBytes(value), decode: (bytes) => bytes }
}

/** Text, as UTF-8 (on Espruino a char code is a byte). */
export function text(): Converter {
  return {
    encode: (value) => {
      if (typeof value !== "string") refuse("EINVAL", `${typeof value} is not a string`)
      return encodeText(value)
    },
    decode: decodeText,
  }
}

/**
 * Whole numbers in eight bytes: 0 to 2^64 - 1, or with `signed` from -2^63 to 2^63 - 1. Beyond 2^53, where numbers are not exact, encode()
 * takes decimal digits in a string (or a BigInt), and decode() gives them.
 */
export function integer(signed?: boolean): Converter {
  const isSigned = signed === true
  return {
    encode: (value) => encodeInteger(value, isSigned),
    decode: (bytes) => decodeInteger(checkSize(bytes, 8), isSigned),
  }
}

/** Floating-point numbers of eight bytes, or with `single` of four, which keep 24 bits of a number. */
export function float(single?: boolean): Converter {
  const size = single === true ? 4 : 8
  return {
    encode: (value) => encodeFloats(size, [value]),
    decode: (bytes) => decodeFloat(checkSize(bytes, size), 0, size),
  }
}

/** { real, imaginary }, two floating-point numbers. */
export function complex(single?: boolean): Converter {
  const size = single === true ? 4 : 8
  return {
    encode: (value: Complex) => encodeFloats(size, [value.real, value.imaginary]),
    decode: (bytes): Complex => {
      checkSize(bytes, 2 * size)
      return { real: decodeFloat(bytes, 0, size), imaginary: decodeFloat(bytes, size, size) }
    },
  }
}

function checkBytes(value: unknown): Uint8Array {
  if (!(value instanceof Uint8Array)) refuse("EINVAL", `${typeof value} is not a Uint8Array`)
  return value
}

function checkSize(bytes: Uint8Array, size: number): Uint8Array {
  if (bytes.length !== size) refuse("EINVAL", `${bytes.length} bytes, expected ${size}`)
  return bytes
}

/** Percent signs are the one way to decode UTF-8 that all engines have. */
function decodeText(bytes: Uint8Array): string {
  let escaped = ""
  for (let i = 0; i < bytes.length; i++) escaped += (bytes[i] < 16 ? "%0" : "%") + bytes[i].toString(16)
  try {
    return decodeURIComponent(escaped)
  } catch {
    refuse("EINVAL", "the bytes are no UTF-8")
  }
}

function encodeInteger(value: unknown, isSigned: boolean): Uint8Array {
  const bytes = new Uint8Array(8)
  const digits = typeof value === "number" ? "" : `${value}`
  const isNegative = typeof value === "number" ? value < 0 : digits.charAt(0) === "-"
  const fits =
    typeof value === "number" ? putWhole(bytes, value) : putDigits(bytes, digits, isNegative ? 1 : 0)
  let isZero = true
  for (let i = 0; i < 8; i++) if (bytes[i] > 0) isZero = false
  if (isNegative) negate(bytes)
  const hasTopBit = bytes[7] > 127
  // With a sign, the top bit is just that; without one, nothing is negative.
  if (!fits || (!isZero && (isSigned ? hasTopBit !== isNegative : isNegative)))
    refuse("EINVAL", `${value} does not fit eight bytes ${isSigned ? "with" : "without"} a sign`)
  return bytes
}

/** Puts the magnitude of a number; false when it does not fit. Each step is exact, since it is one by a power of two. */
function putWhole(bytes: Uint8Array, value: number): boolean {
  if (value % 1 !== 0) refuse("EINVAL", `${value} is not a whole number`)
  let rest = value < 0 ? -value : value
  for (let i = 0; i < 8; i++) {
    bytes[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  return rest === 0
}

/** Puts decimal digits from `start` on: ten times what is there and a digit, byte by byte, since a double has not 64 bits. */
function putDigits(bytes: Uint8Array, digits: string, start: number): boolean {
  if (digits.length === start || digits.length > 40) refuse("EINVAL", `"${digits}" is not a whole number`)
  for (let i = start; i < digits.length; i++) {
    let carry = digits.charCodeAt(i) - 48
    if (carry < 0 || carry > 9) refuse("EINVAL", `"${digits}" is not a whole number`)
    for (let at = 0; at < 8; at++) {
      carry += bytes[at] * 10
      bytes[at] = carry & 255
      carry >>= 8
    }
    if (carry > 0) return false
  }
  return true
}

function decodeInteger(bytes: Uint8Array, isSigned: boolean): number | string {
  const isNegative = isSigned && bytes[7] > 127
  const rest = new Uint8Array(8)
  rest.set(bytes)
  if (isNegative) negate(rest)
  let value = 0
  for (let i = 7; i >= 0; i--) value = value * 256 + rest[i]
  if (value <= POSITION_MAX) return isNegative && value > 0 ? -value : value
  let digits = ""
  for (let left = 20; left > 0; left--) {
    let remainder = 0
    for (let i = 7; i >= 0; i--) {
      const part = remainder * 256 + rest[i]
      rest[i] = Math.floor(part / 10)
      remainder = part % 10
    }
    digits = `${remainder}${digits}`
  }
  while (digits.charAt(0) === "0") digits = digits.substring(1)
  return isNegative ? `-${digits}` : digits
}

function negate(bytes: Uint8Array): void {
  let carry = 1
  for (let i = 0; i < 8; i++) {
    carry += 255 - bytes[i]
    bytes[i] = carry & 255
    carry >>= 8
  }
}

function encodeFloats(size: number, values: unknown[]): Uint8Array {
  const bytes = new Uint8Array(size * values.length)
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    if (typeof value !== "number") refuse("EINVAL", `${typeof value} is not a number`)
    if (size === 4) view.setFloat32(i * 4, value, true)
    else view.setFloat64(i * 8, value, true)
  }
  return bytes
}

function decodeFloat(bytes: Uint8Array, at: number, size: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, size)
  return size === 4 ? view.getFloat32(0, true) : view.getFloat64(0, true)
}
