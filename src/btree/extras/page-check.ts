/**
 * A 24-bit check of each page in bits 8 to 31 of its flags word, which 1.85 masks off and writes as 0 in the pages it creates
 * (spec section 17). 0 means unchecked. It sees what the structure checks cannot: a changed byte of a key or a value.
 */
import { crc32 } from "../../checksum.ts"
import { corruption } from "../../errors.ts"
import { markDirty } from "../../page/cache.ts"
import type { Frame } from "../../page/pool.ts"
import { FLAGS, LOWER, META_CHECK, META_FLAGS, META_FREE, META_ROOM, META_SIZE } from "../layout.ts"
import type { BTree } from "../tree.ts"

/** Gives the page's check, 1 to 0xffffff: CRC-32 over all of the page but the check itself, folded to 24 bits. */
function computeCheck(tree: BTree, frame: Frame, kind: number): number {
  const base = frame.base
  const head = crc32(frame.bytes, base, base + FLAGS, kind)
  const crc = crc32(frame.bytes, base + LOWER, base + tree._pagesize, head)
  const check = (crc ^ (crc >>> 24)) & 0xffffff
  return check === 0 ? 1 : check
}

/** Compares the check of a page just loaded. Throws ECORRUPT; in "adopt" mode marks the page to get a new check instead. */
export function verifyCheck(tree: BTree, frame: Frame): void {
  const flags = frame.view.getUint32(frame.base + FLAGS, tree._little)
  const stored = flags >>> 8
  if (stored === 0 && tree._checks === 1) return
  if (stored === computeCheck(tree, frame, flags & 0xff)) return
  if (tree._checks === 1) {
    throw corruption(
      frame.pgno,
      FLAGS,
      'the page check does not match: the page is damaged, or another program wrote it (then open with checksums: "adopt")',
    )
  }
  if (tree._readonly === "") {
    markDirty(tree._cache, frame, FLAGS, LOWER)
    tree._modified = true
  }
}

/** Stores the check of a page about to be written. */
export function storeCheck(tree: BTree, frame: Frame): void {
  const at = frame.base + FLAGS
  const flags = frame.view.getUint32(at, tree._little)
  const kind = flags & 0xff
  const word = ((computeCheck(tree, frame, kind) << 8) | kind) >>> 0
  if (word === flags) return
  frame.view.setUint32(at, word, tree._little)
  markDirty(tree._cache, frame, FLAGS, LOWER)
}

/** Gives the check of the meta page's magic number, version, page size and flags, which stay what they are. */
function metaCheck(tree: BTree): number {
  const bytes = tree._meta.bytes
  const check = crc32(bytes, META_FLAGS, META_SIZE, crc32(bytes, 0, META_FREE, 0))
  return check === 0 ? 1 : check
}

/** Compares the meta page's check, if it has one. One read of 4 bytes. Throws ECORRUPT. */
export function verifyMeta(tree: BTree): void {
  const got = tree._stream.read(tree._meta.bytes, META_CHECK, META_CHECK, META_ROOM - META_CHECK)
  const stored = got < META_ROOM - META_CHECK ? 0 : tree._meta.view.getUint32(META_CHECK, tree._little)
  if (stored !== 0 && stored !== metaCheck(tree)) {
    throw corruption(
      0,
      META_CHECK,
      "the check of the meta page does not match: page size, byte order or flags are damaged",
    )
  }
  if (stored === 0 && tree._readonly === "") tree._metaDirty = true
}

/** Puts the check behind the meta page's bytes. */
export function storeMeta(tree: BTree): void {
  tree._meta.view.setUint32(META_CHECK, metaCheck(tree), tree._little)
}
