/** JSON values as bytes. */
import { refuse } from "../errors.ts"
import { decodeText, encodeText } from "./text.ts"

/** Gives the bytes of `value` as JSON text. EINVAL for what JSON does not have (undefined, a function). */
export function encodeJSON(value: unknown): Uint8Array {
  const text = JSON.stringify(value)
  if (text === undefined) refuse("EINVAL", `JSON has no ${typeof value}`)
  return encodeText(text)
}

/** Gives the value whose JSON text is `bytes`. EINVAL when it is none. */
export function decodeJSON(bytes: Uint8Array): unknown {
  const text = decodeText(bytes)
  try {
    return JSON.parse(text)
  } catch (_error) {
    refuse("EINVAL", `not JSON: ${text.substring(0, 40)}`)
  }
}
