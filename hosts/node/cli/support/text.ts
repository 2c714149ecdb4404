/** Bytes to and from the texts a terminal carries: UTF-8, hex and base64, each refused where it is not exact. */

// ignoreBOM keeps a leading byte order mark: without it three bytes of a key or value would be lost.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
const encoder = new TextEncoder()

/** Gives the text of `bytes`, or undefined where they are not valid UTF-8. */
export function decodeText(bytes: Uint8Array): string | undefined {
  try {
    return strictDecoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** Gives the UTF-8 bytes of `text`, or undefined where it holds a lone surrogate, which has none. */
export function encodeText(text: string): Uint8Array | undefined {
  return /\p{Surrogate}/u.test(text) ? undefined : encoder.encode(text)
}

/** Gives lower-case hex digits. */
export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")
}

/** Gives the bytes of hex digits, or undefined where `text` is not an even number of them. */
export function fromHex(text: string): Uint8Array | undefined {
  return text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text) ? bytesOf(text, "hex") : undefined
}

/** Gives padded base64 (RFC 4648 section 4). */
export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64")
}

/** Gives the bytes of base64, with or without padding, or undefined where `text` is not that. */
export function fromBase64(text: string): Uint8Array | undefined {
  const digits = text.replace(/={1,2}$/, "")
  const padded = digits.length !== text.length
  if (!/^[A-Za-z0-9+/]*$/.test(digits) || digits.length % 4 === 1) return undefined
  return padded && text.length % 4 !== 0 ? undefined : bytesOf(digits, "base64")
}

/** Tells whether `text` can stand on one line of a terminal: no control character, no line separator. */
export function isPrintable(text: string): boolean {
  return !/[\p{Cc}\u2028\u2029]/u.test(text)
}

function bytesOf(text: string, encoding: "hex" | "base64"): Uint8Array {
  return new Uint8Array(Buffer.from(text, encoding))
}
