/** The meta page: recognising a file, and its 24 bytes. It is kept in fields, not in a frame; the key buffer serves to read it. */
import { corruption, failure } from "../errors.ts"
import {
  MAGIC,
  META_FLAGS,
  META_FREE,
  META_MAGIC,
  META_PAGESIZE,
  META_ROOM,
  META_SIZE,
  META_VERSION,
  NO_DUPLICATES,
  PAGESIZE_MAX,
  PAGESIZE_MIN,
  RECNO,
  VERSION,
} from "./layout.ts"
import type { BTree } from "./tree.ts"

/** Takes the tree's state from the stream. Throws EFTYPE, ECORRUPT. Reads 24 bytes; nothing of an empty stream: no page then. */
export function readMeta(tree: BTree): void {
  const view = tree._key._view
  const size = tree._stream.size()
  tree._modified = false
  tree._trim = false
  tree._cutShort = false
  tree._metaDirty = false
  tree._pages = 0
  if (size === 0) return
  if (tree._pageStream.read(tree._key._bytes, 0, 0, META_SIZE) < META_SIZE) {
    throw failure("EFTYPE", `not a btree: ${size} bytes, the header alone takes 24`)
  }
  if (view.getUint32(META_MAGIC) === MAGIC) tree._swapOrder()
  const magic = view.getUint32(META_MAGIC, true)
  if (magic !== MAGIC) {
    const blank = magic === 0 || magic === 0xffffffff
    throw failure(
      "EFTYPE",
      `not a btree: 0x${magic.toString(16)} for 0x53162${blank ? "; format the erased medium (size 0) first" : ""}`,
    )
  }
  const version = view.getUint32(META_VERSION, true)
  const flags = view.getUint32(META_FLAGS, true)
  const pagesize = view.getUint32(META_PAGESIZE, true)
  if (version !== VERSION) throw failure("EFTYPE", `a btree of version ${version}, 3 is expected`)
  if ((flags & ~NO_DUPLICATES) !== 0) {
    throw failure("EFTYPE", (flags & RECNO) !== 0 ? "a recno file" : `unknown flags ${flags}`)
  }
  if (pagesize < PAGESIZE_MIN || pagesize > PAGESIZE_MAX || (pagesize & 1) !== 0) {
    throw failure("EFTYPE", `a page size of ${pagesize}: even, 512 to 65536 is expected`)
  }
  tree._pagesize = pagesize
  tree._duplicates = (flags & NO_DUPLICATES) === 0
  tree._free = view.getUint32(META_FREE, true)
  if (tree._checks !== 0) tree._verifyMeta()
  tree._pages = Math.floor(size / pagesize)
  if (tree._pages < 2) throw corruption(1, 0, `the file of ${size} bytes ends before its root page`)
}

/** Writes the meta page's 24 bytes; the rest of the page is zeros that the stream makes by itself. */
export function writeMeta(tree: BTree): void {
  const view = tree._key._view
  view.setUint32(META_MAGIC, MAGIC, true)
  view.setUint32(META_VERSION, VERSION, true)
  view.setUint32(META_PAGESIZE, tree._pagesize, true)
  view.setUint32(META_FREE, tree._free, true)
  view.setUint32(META_FLAGS - 4, 0, true)
  view.setUint32(META_FLAGS, tree._duplicates ? 0 : NO_DUPLICATES, true)
  if (tree._checks !== 0) tree._storeMeta()
  tree._pageStream.write(tree._key._bytes, 0, 0, tree._checks !== 0 ? META_ROOM : META_SIZE)
}
