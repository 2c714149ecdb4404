/**
 * A 24-bit check of each page in bits 8 to 31 of its flags word, which 1.85 masks off and writes as 0 in the pages it creates
 * (spec section 17). 0 means unchecked. It sees what the structure checks cannot: a changed byte of a key or a value.
 */
import { crc32 } from "../../checksum.ts"
import { corrupt } from "../../errors.ts"
import { markDirty } from "../../page/dirty.ts"
import type { Frame } from "../../page/pool.ts"
import { FLAGS, LOWER, META_CHECK, META_FLAGS, META_FREE, META_ROOM, META_SIZE, PGNO } from "../layout.ts"
import type { BTree } from "../tree.ts"
import { turnPage, turnWords } from "./swapped.ts"

/** Gives the page's check, 1 to 0xffffff: CRC-32 over all of the page but the check itself, folded to 24 bits. */
function computeCheck(tree: BTree, frame: Frame, kind: number): number {
  const bytes = frame._bytes
  const base = frame._base
  const swapped = tree._cache._stream !== tree._stream
  // The check is one of the bytes in the file.
  if (swapped) turnPage(tree, bytes, base, true)
  const crc = crc32(bytes, base + LOWER, base + tree._pagesize, crc32(bytes, base, base + FLAGS, kind))
  if (swapped) turnPage(tree, bytes, base, false)
  return (crc ^ (crc >>> 24)) & 0xffffff || 1
}

/**
 * Compares the check of a page just loaded, or stores that of a page about to be `written`. Throws ECORRUPT; in "adopt" mode marks the page
 * to get a new check instead.
 */
export function pageCheck(this: BTree, frame: Frame, written: boolean): void {
  const at = frame._base + FLAGS
  const flags = frame._view.getUint32(at, true)
  const kind = flags & 0xff
  const check = computeCheck(this, frame, kind)
  if (written) {
    const word = ((check << 8) | kind) >>> 0
    // Dead bytes, which the check covers, have no byte order: in a swapped file they are written too.
    if (this._cache._stream !== this._stream) markDirty(this._cache, frame, PGNO, this._pagesize)
    if (word === flags) return
    frame._view.setUint32(at, word, true)
  } else {
    const stored = flags >>> 8
    if ((stored === 0 && this._checks === 1) || stored === check) return
    if (this._checks === 1) {
      corrupt(
        frame._pgno,
        FLAGS,
        'the page check does not match: damaged, or written by another program (checksums: "adopt")',
      )
    }
    if (this._readonly !== "") return
    this._modified = true
  }
  markDirty(this._cache, frame, FLAGS, LOWER)
}

/**
 * Compares the meta page's check, if it has one (one read of 4 bytes; ECORRUPT), or puts it behind the meta page's bytes that are about to
 * be `written`. It covers the magic number, version, page size and flags, which stay what they are.
 */
export function metaCheck(this: BTree, written: boolean): void {
  const key = this._key
  const stream = this._cache._stream
  const swapped = stream !== this._stream
  if (swapped) turnWords(key._view, 0, META_SIZE)
  const check = crc32(key._bytes, META_FLAGS, META_SIZE, crc32(key._bytes, 0, META_FREE, 0)) || 1
  if (swapped) turnWords(key._view, 0, META_SIZE)
  if (written) {
    key._view.setUint32(META_CHECK, check, true)
    return
  }
  const got = stream.read(key._bytes, META_CHECK, META_CHECK, META_ROOM - META_CHECK)
  const stored = got < META_ROOM - META_CHECK ? 0 : key._view.getUint32(META_CHECK, true)
  if (stored !== 0 && stored !== check) corrupt(0, META_CHECK, "the check of the meta page does not match")
  if (stored === 0 && this._readonly === "") this._metaDirty = true
}
