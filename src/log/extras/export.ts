/** Records as lines of text. */
import { refuse } from "../../errors.ts"
import type { Log } from "../log.ts"
import type { LogFormat, LogVisit, VisitOptions } from "../types.ts"

const HEX = "0123456789abcdef"
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

/** See Log.export. A key is the record's number, ten digits and more, so that numbers and keys have one order. */
export function exportRecords(
  this: Log,
  write: (line: string) => void,
  format?: LogFormat,
  options?: VisitOptions,
): void {
  const isDump = format === "dump"
  if (!isDump && format !== undefined && format !== "ndjson")
    refuse("EINVAL", `format is ${format}, expected ndjson or dump`)
  if (isDump) {
    write("VERSION=3")
    write("format=bytevalue")
    write("type=btree")
    write("HEADER=END")
  }
  const visit: LogVisit = (record, number, time) => {
    const key = `${1e10 + number}`.substring(1)
    if (isDump) {
      let digits = " "
      for (let i = 0; i < key.length; i++) digits += `3${key.charAt(i)}`
      write(digits)
      write(` ${toHex(record)}`)
    } else {
      const at = time === undefined ? "" : `,"time":${time}`
      write(`{"key":"${key}"${at},"value":${toJSON(record)}}`)
    }
  }
  this.since(0, visit, options)
  if (isDump) write("DATA=END")
}

function toHex(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i++) text += HEX.charAt(bytes[i] >> 4) + HEX.charAt(bytes[i] & 15)
  return text
}

/** Gives printable ASCII as a string, anything else as {"base64": ...}. */
function toJSON(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] < 32 || bytes[i] > 126) return `{"base64":"${toBase64(bytes)}"}`
    text += String.fromCharCode(bytes[i])
  }
  return JSON.stringify(text)
}

function toBase64(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const word = (bytes[i] << 16) | ((left > 1 ? bytes[i + 1] : 0) << 8) | (left > 2 ? bytes[i + 2] : 0)
    text += BASE64.charAt(word >> 18) + BASE64.charAt((word >> 12) & 63)
    text += left > 1 ? BASE64.charAt((word >> 6) & 63) : "="
    text += left > 2 ? BASE64.charAt(word & 63) : "="
  }
  return text
}
