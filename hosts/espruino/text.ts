/** Text on Espruino, in the place of src/values/text.ts: a char code is a byte. */
export { encodeText } from "./platform.ts"

/** Gives the text whose char codes are `bytes`. */
export function decodeText(bytes: Uint8Array): string {
  let text = ""
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i])
  return text
}
