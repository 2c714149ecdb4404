/**
 * How keys are written on the command line and shown in lists: text, or `hex:`, `base64:` or `text:` before them.
 * What showKey gives, parseKey takes: a shown key can be pasted into the next command.
 */
import { CliError } from "./failure.ts"
import { decodeText, encodeText, fromBase64, fromHex, isPrintable, toHex } from "./text.ts"

const NOTATIONS: Record<string, (text: string) => Uint8Array | undefined> = {
  "text:": encodeText,
  "hex:": fromHex,
  "base64:": fromBase64,
}

const HINT = "a key is text, hex:6b6579 or base64:a2V5; write text: before text that begins like one of these"

/** Gives the bytes of a key as typed. @throws EINVAL where the digits after a prefix are wrong. */
export function parseKey(typed: string): Uint8Array {
  const prefix = notationOf(typed)
  const read = prefix === undefined ? encodeText : NOTATIONS[prefix]
  const bytes = read(typed.slice(prefix?.length ?? 0))
  if (bytes === undefined) throw new CliError("EINVAL", `not a key: ${typed}`, HINT)
  return bytes
}

/** Gives the bytes of an optional `--start` or `--end`; undefined stays undefined (no bound). */
export function parseBound(typed: string | undefined): Uint8Array | undefined {
  return typed === undefined ? undefined : parseKey(typed)
}

/** Gives the bytes of bare hex digits from an option. @throws EINVAL with the option's name. */
export function parseHexOption(option: string, digits: string): Uint8Array {
  const bytes = fromHex(digits)
  if (bytes === undefined)
    throw new CliError("EINVAL", `${option} takes an even number of hex digits, not: ${digits}`)
  return bytes
}

/** Gives one line for a key or value: its text where that is printable, else `hex:` and digits. */
export function showKey(bytes: Uint8Array): string {
  const text = decodeText(bytes)
  if (text === undefined || !isPrintable(text)) return `hex:${toHex(bytes)}`
  // A leading "-" would be taken for an option, and nothing at all for a forgotten argument.
  return text === "" || text.startsWith("-") || notationOf(text) !== undefined ? `text:${text}` : text
}

function notationOf(typed: string): string | undefined {
  return Object.keys(NOTATIONS).find((prefix) => typed.startsWith(prefix))
}
