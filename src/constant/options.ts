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
} from "./layout.ts"
import type { AnyOptions } from "./types.ts"

/** Gives the page size that is asked for. @throws EINVAL for a key type or page size that no database can have */
export function checkShape(options: AnyOptions): number {
  const key = options && options.key
  if (!key || !key.encode || !(key.size >= 1)) refuse("EINVAL", "no key type")
  const pagesize = options.pagesize === undefined ? DEFAULT_CONSTANT_PAGESIZE : options.pagesize
  if (
    !(pagesize >= HEADER && pagesize <= PAGESIZE_MAX) ||
    pagesize % 1 !== 0 ||
    leafSlots(pagesize, key.size) < 1 ||
    innerSlots(pagesize, key.size) < 2
  )
    refuse("EINVAL", `pagesize is ${pagesize}, for keys of ${key.size} bytes`)
  return pagesize
}

/** Gives the text of the signature in bytes: eight count, and zeros follow fewer. */
export function signatureOf(options: AnyOptions): Uint8Array {
  return encodeText(options.signature === undefined ? DEFAULT_SIGNATURE : options.signature)
}
