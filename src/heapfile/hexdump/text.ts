/** How the dump tools write bytes, addresses and keys. */
import { refuse } from "../../errors.ts"
import type { HexdumpOptions } from "./arguments.ts"
import type { Output } from "./hexdump.ts"

const DIGITS = "0123456789abcdef"
/** More digits than any address needs. */
const WIDTH_MAX = 4096

export function toHex(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i++) text += DIGITS.charAt(bytes[i] >> 4) + DIGITS.charAt(bytes[i] & 15)
  return text
}

/** Gives the hex digits of a big-endian number of any length, at least `width` of them. */
export function hexNumber(bytes: Uint8Array, width: number): string {
  checkWidth(width)
  let text = toHex(bytes)
  let zeros = 0
  while (zeros < text.length - 1 && text.charAt(zeros) === "0") zeros++
  text = text.length === 0 ? "0" : text.substring(zeros)
  while (text.length < width) text = `0${text}`
  return text
}

/** Gives the link in `bytes`, and the address of its node, as "0x..". A link of 0 has no node. */
export function linkAndNode(bytes: Uint8Array): { link: string; node: string } {
  const link = `0x${hexNumber(bytes, 1)}`
  if (link === "0x0") return { link: link, node: link }
  const node = new Uint8Array(bytes.length)
  node.set(bytes)
  let borrow = 16
  for (let i = node.length - 1; i >= 0 && borrow > 0; i--) {
    const value = node[i] - borrow
    node[i] = value & 255
    borrow = value < 0 ? 1 : 0
  }
  // A number below 16 has no node either; its address would be a negative one.
  return {
    link: link,
    node: borrow > 0 ? `-0x${(16 - bytes[bytes.length - 1]).toString(16)}` : `0x${hexNumber(node, 1)}`,
  }
}

/** Gives an address of so many digits as the options say. */
export function address(value: number, options: HexdumpOptions): string {
  checkWidth(options.addressWidth)
  let text = value.toString(16)
  while (text.length < options.addressWidth) text = `0${text}`
  return text
}

function checkWidth(width: number): void {
  if (width < 0 || width > WIDTH_MAX) refuse("EINVAL", `-aw is ${width}, expected 0 to ${WIDTH_MAX}`)
}

/** Prints the lines of `bytes`, the first one at address `start`. @throws EINVAL options that no line can be written with */
export function printData(bytes: Uint8Array, start: number, options: HexdumpOptions, output: Output): void {
  const width = options.width
  if (bytes.length > 0 && width < 1) refuse("EINVAL", `-w is ${width}, expected at least 1`)
  for (let at = 0; at < bytes.length; at += width) {
    const line = bytes.subarray(at, at + width < bytes.length ? at + width : bytes.length)
    output.text += `${address(start + at, options)} : ${dataLine(line, width, options.group)}\n`
  }
}

/** Groups are counted from the right end. */
function dataLine(line: Uint8Array, width: number, group: number): string {
  let hex = ""
  let ascii = ""
  for (let i = 0; i < line.length; i++) {
    if (i > 0 && (line.length - i) % group === 0) hex += " "
    hex += DIGITS.charAt(line[i] >> 4) + DIGITS.charAt(line[i] & 15)
    ascii += line[i] > 31 && line[i] < 127 ? String.fromCharCode(line[i]) : "."
  }
  const missing = width - line.length
  if (missing > 0 && group === 0)
    refuse("EINVAL", "-g is 0: a short line cannot be filled up in groups of none")
  let spaces = missing > 0 ? Math.floor(missing / group) * (2 * group + 1) : 0
  // Lines wider than any terminal are not filled up.
  if (spaces > 100000) spaces = 0
  let padding = ""
  while (padding.length < spaces) padding += " "
  return `${hex} ${padding}: ${ascii}`
}

/** Gives a key as the original's language writes bytes. */
export function bytesLiteral(bytes: Uint8Array): string {
  let text = ""
  let hasSingle = false
  let hasDouble = false
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] === 39) hasSingle = true
    if (bytes[i] === 34) hasDouble = true
  }
  const quote = hasSingle && !hasDouble ? '"' : "'"
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    const character = String.fromCharCode(byte)
    if (character === quote || character === "\\") text += `\\${character}`
    else if (byte === 9) text += "\\t"
    else if (byte === 10) text += "\\n"
    else if (byte === 13) text += "\\r"
    else if (byte < 32 || byte > 126) text += `\\x${DIGITS.charAt(byte >> 4)}${DIGITS.charAt(byte & 15)}`
    else text += character
  }
  return `b${quote}${text}${quote}`
}
