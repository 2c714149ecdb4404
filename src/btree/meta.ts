/** The meta page: recognising a file, and its 24 bytes. It is kept in fields, not in a frame. */
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

/** Tells whether `pagesize` bytes can be a page: 512 to 65536, even. */
export function isPagesize(pagesize: number): boolean {
  return pagesize >= PAGESIZE_MIN && pagesize <= PAGESIZE_MAX && pagesize % 2 === 0
}

/** Reads the meta page of a stream that is not empty into the tree's fields. Throws EFTYPE, ECORRUPT. One read of 24 bytes. */
export function readMeta(tree: BTree, size: number): void {
  const bytes = tree._meta.bytes
  const view = tree._meta.view
  const got = tree._stream.read(bytes, 0, 0, META_SIZE)
  if (got < META_SIZE)
    throw failure("EFTYPE", `too short for a Berkeley DB btree: ${size} bytes, the header alone takes 24`)
  tree._little = view.getUint32(META_MAGIC, true) === MAGIC
  if (!tree._little && view.getUint32(META_MAGIC, false) !== MAGIC) throw notABtree(bytes)
  const version = view.getUint32(META_VERSION, tree._little)
  if (version !== VERSION)
    throw failure("EFTYPE", `a Berkeley DB btree of version ${version}; version 3 (DB 1.85) is read`)
  const flags = view.getUint32(META_FLAGS, tree._little)
  if ((flags & RECNO) !== 0)
    throw failure("EFTYPE", "a recno file: only btree files are read; convert it with its own program")
  if ((flags & ~NO_DUPLICATES) !== 0)
    throw failure("EFTYPE", `unknown flags 0x${flags.toString(16)} in the header`)
  const pagesize = view.getUint32(META_PAGESIZE, tree._little)
  if (!isPagesize(pagesize))
    throw failure("EFTYPE", `a page size of ${pagesize}; 512 to 65536 and even is expected`)
  tree._pagesize = pagesize
  tree._duplicates = (flags & NO_DUPLICATES) === 0
  tree._free = view.getUint32(META_FREE, tree._little)
  if (tree._checks !== 0 && tree._verifyMeta !== undefined) tree._verifyMeta()
  tree._pages = Math.floor(size / pagesize)
  if (tree._pages < 2)
    throw corruption(1, 0, `the file ends before its root page: ${size} bytes with pages of ${pagesize}`)
}

/** Writes the meta page's 24 bytes; the rest of the page is zeros that the stream makes by itself. */
export function writeMeta(tree: BTree): void {
  const view = tree._meta.view
  const little = tree._little
  view.setUint32(META_MAGIC, MAGIC, little)
  view.setUint32(META_VERSION, VERSION, little)
  view.setUint32(META_PAGESIZE, tree._pagesize, little)
  view.setUint32(META_FREE, tree._free, little)
  view.setUint32(META_FLAGS, tree._duplicates ? 0 : NO_DUPLICATES, little)
  if (tree._checks !== 0) tree._storeMeta()
  tree._stream.write(tree._meta.bytes, 0, 0, tree._checks !== 0 ? META_ROOM : META_SIZE)
}

function notABtree(bytes: Uint8Array): Error {
  const first = bytes[0]
  let same = true
  for (let i = 1; i < META_SIZE; i++) if (bytes[i] !== first) same = false
  const found =
    same && (first === 0xff || first === 0) ? `${META_SIZE} bytes of 0x${first.toString(16)}` : "other data"
  const hint = same ? "; an erased or zeroed medium must be formatted (size 0) first" : ""
  return failure("EFTYPE", `not a Berkeley DB btree: ${found} instead of the magic number 62 31 05 00${hint}`)
}
