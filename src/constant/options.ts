/** What of the options can be checked before anything is read or written. */

import { refuse } from "../errors.ts"
import { encodeText } from "../platform.ts"
import {
  DEFAULT_CONSTANT_PAGESIZE,
  DEFAULT_SIGNATURE,
  HEADER,
  innerSlots,
  leafSlots,
  PAGESIZE_MAX,
  SIGNATURE_LENGTH,
  SLOTS_MAX,
  U32,
} from "./layout.ts"
import type { AnyOptions } from "./types.ts"

/** @throws EINVAL for a key type or page size that no database can have, or an application version that is none */
export function checkShape(options: AnyOptions): void {
  const pagesize = pagesizeOf(options)
  const key = options.key
  if (!key || !key.encode || !key.decode || !(key.size >= 1 && key.size % 1 === 0))
    refuse("EINVAL", "key is no key type: size, encode and decode are expected, as uint32 has them")
  if (
    !(pagesize >= HEADER && pagesize <= PAGESIZE_MAX) ||
    pagesize % 1 !== 0 ||
    leafSlots(pagesize, key.size) < 1 ||
    innerSlots(pagesize, key.size) < 2 ||
    innerSlots(pagesize, key.size) > SLOTS_MAX
  )
    refuse(
      "EINVAL",
      `pagesize is ${pagesize}: ${HEADER} to ${PAGESIZE_MAX}, with room for a key of ${key.size} bytes in a leaf, and for 2 to ${SLOTS_MAX} in an inner node, is expected`,
    )
  const version = options.appVersion
  if (version !== undefined && !(version >= 0 && version < U32 && version % 1 === 0))
    refuse("EINVAL", `appVersion is ${version}, expected a whole number from 0 to 4294967295`)
  const signature = options.signature
  if (signature !== undefined && typeof signature !== "string")
    refuse("EINVAL", `signature is ${typeof signature}, not string`)
}

/** Gives the page size that is asked for. */
export function pagesizeOf(options: AnyOptions): number {
  return options.pagesize === undefined ? DEFAULT_CONSTANT_PAGESIZE : options.pagesize
}

/** Gives the eight bytes of the signature: the text's, cut or filled with zeros. */
export function signatureOf(options: AnyOptions): Uint8Array {
  const text = encodeText(options.signature === undefined ? DEFAULT_SIGNATURE : options.signature)
  const bytes = new Uint8Array(SIGNATURE_LENGTH)
  for (let i = 0; i < SIGNATURE_LENGTH && i < text.length; i++) bytes[i] = text[i]
  return bytes
}
