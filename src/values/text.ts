/** Text as bytes, and back: UTF-8, but on Espruino, where a char code is a byte (hosts/espruino/text.ts stands in there). */
import { refuse } from "../errors.ts"

export { encodeText } from "../platform.ts"

/**
 * Gives the text whose UTF-8 form is `bytes`: what encodeText was given. Allocates strings.
 * @throws EINVAL bytes that are no UTF-8, with the offset
 */
export function decodeText(bytes: Uint8Array): string {
  let text = ""
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]
    const more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1
    let code = more < 1 ? lead : lead & (0x3f >> more)
    let isSound = more >= 0 && at + more < bytes.length
    for (let i = 1; isSound && i <= more; i++) {
      isSound = (bytes[at + i] & 0xc0) === 0x80
      code = (code << 6) | (bytes[at + i] & 0x3f)
    }
    // The shortest form of a character only, none of a half of a pair, none beyond the last.
    if (more === 2) isSound = isSound && code > 0x7ff && (code < 0xd800 || code > 0xdfff)
    if (more === 3) isSound = isSound && code > 0xffff && code < 0x110000
    if (!isSound) refuse("EINVAL", `byte ${at} begins no UTF-8 character`)
    if (code > 0xffff) text += String.fromCharCode(0xd7c0 + (code >> 10), 0xdc00 + (code & 0x3ff))
    else text += String.fromCharCode(code)
    at += more + 1
  }
  return text
}
