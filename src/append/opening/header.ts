/** The first page: what it says of a file, and writing that of a new one. */
import { crc32Of } from "../../checksum.ts"
import { corrupt, refuse } from "../../errors.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import {
  FILE_CHECK,
  FILE_FLAGS,
  FILE_MAGIC,
  FILE_MARK,
  FILE_ORDER,
  FILE_PAGESIZE,
  FILE_SIZE,
  FILE_VERSION,
  FIRST_PAGE,
  FLAGS,
  LOWER,
  MAGIC,
  OURS,
  PAGESIZE_MAX,
  PAGESIZE_MIN,
  PGNO,
  VERSION,
} from "../layout.ts"
import { cleanPage } from "../page.ts"
import type { AppendTree } from "../tree.ts"

/**
 * Takes over what the first page says. EFTYPE for another file; a file that is only the beginning of such a page has not been begun: false.
 */
export function readHeader(tree: AppendTree, size: number): boolean {
  const bytes = tree._small
  const view = tree._smallView
  bytes.fill(0)
  const got = tree._stream.read(bytes, 0, 0, FILE_SIZE)
  const magic = view.getUint32(FILE_MAGIC, true)
  const version = view.getUint32(FILE_VERSION, true)
  const pagesize = view.getUint32(FILE_PAGESIZE, true)
  const flags = view.getUint32(FLAGS, true)
  if (got < FILE_SIZE && size < PAGESIZE_MIN) {
    // A cut in the making of the file. Nothing else begins with what is there, or it is said below.
    if ((got < FILE_MAGIC || magic === MAGIC || got < FILE_VERSION) && isBeginning(view, got)) return false
  }
  if (magic !== MAGIC || view.getUint32(PGNO, true) !== 0 || flags !== FIRST_PAGE)
    refuse("EFTYPE", `not an append-only tree: magic 0x${magic.toString(16)}, expected 0xb3dbb3db`)
  if (version !== VERSION || view.getUint32(FILE_FLAGS, true) !== 0)
    refuse("EFTYPE", `an append-only tree of version ${version}, expected ${VERSION}`)
  if (pagesize < PAGESIZE_MIN || pagesize > PAGESIZE_MAX)
    refuse("EFTYPE", `pages of ${pagesize} bytes: ${PAGESIZE_MIN} to ${PAGESIZE_MAX} are expected`)
  tree._pagesize = pagesize
  if (view.getUint32(FILE_MARK, true) === OURS) {
    if (view.getUint32(FILE_CHECK, true) !== crc32Of(bytes, 0, FILE_CHECK))
      corrupt(0, FILE_CHECK, "the check of the first page does not match")
    tree._isOurs = true
    const isReverse = view.getUint32(FILE_ORDER, true) === 1
    if (tree._reverse && !isReverse)
      refuse("EINVAL", "BT_REVERSEKEY, but the keys of the file are in normal order")
    tree._reverse = isReverse
  }
  return true
}

function isBeginning(view: DataView, got: number): boolean {
  for (let i = 0; i < got && i < FILE_MAGIC; i++)
    if (view.getUint8(i) !== (i === FLAGS ? FIRST_PAGE : 0)) return false
  return true
}

/** Writes the first page of a new file. */
export function writeHeader(tree: AppendTree, stream: RandomAccessStream): void {
  const page = cleanPage(tree, 0, FIRST_PAGE)
  const base = page._base
  const view = page._view
  view.setUint32(base + LOWER, 0, true)
  view.setUint32(base + FILE_MAGIC, MAGIC, true)
  view.setUint32(base + FILE_VERSION, VERSION, true)
  view.setUint32(base + FILE_PAGESIZE, tree._pagesize, true)
  view.setUint32(base + FILE_MARK, OURS, true)
  view.setUint32(base + FILE_ORDER, tree._reverse ? 1 : 0, true)
  view.setUint32(base + FILE_CHECK, crc32Of(page._bytes, base, base + FILE_CHECK), true)
  stream.write(page._bytes, 0, base, tree._pagesize)
}
