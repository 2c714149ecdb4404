/** The meta page: recognising a file, and its 24 bytes. It is kept in fields, not in a frame; the key buffer serves to read it. */
import { corrupt, refuse } from "../errors.ts"
import { FRESH, fetchPage } from "../page/cache.ts"
import { startCache } from "../page/start-cache.ts"
import {
  LEAF,
  MAGIC,
  META_FLAGS,
  META_FREE,
  META_MAGIC,
  META_PAGESIZE,
  META_SIZE,
  META_VERSION,
  NO_DUPLICATES,
  PAGESIZE_MAX,
  PAGESIZE_MIN,
  ROOT,
  VERSION,
} from "./layout.ts"
import { formatPage, setBounds } from "./page.ts"
import type { BTree } from "./tree.ts"

/**
 * Takes the tree's state from the stream, of `size` bytes: 24 are read. Of nothing it begins a new tree, in memory: an empty leaf at the
 * root. All pages in the cache are forgotten. Throws EFTYPE, ECORRUPT.
 */
export function load(tree: BTree, size: number): void {
  const cache = tree._cache
  tree._modified = false
  tree._trim = false
  tree._cutShort = false
  tree._metaDirty = size === 0
  tree._free = 0
  tree._pages = 2
  tree._changes++
  if (size > 0) loadMeta(tree, size)
  startCache(cache, tree._pagesize)
  if (size > 0) return
  const root = fetchPage(cache, ROOT, FRESH)
  formatPage(tree, root, LEAF, 0, 0)
  setBounds(tree, root, 0, tree._pagesize)
}

function loadMeta(tree: BTree, size: number): void {
  const view = tree._key._view
  const got = tree._cache._stream.read(tree._key._bytes, 0, 0, META_SIZE)
  if (got < META_SIZE) refuse("EFTYPE", `not a btree: ${got} bytes`)
  if (view.getUint32(META_MAGIC) === MAGIC) tree._adopt(null)
  const magic = view.getUint32(META_MAGIC, true)
  const version = view.getUint32(META_VERSION, true)
  const flags = view.getUint32(META_FLAGS, true)
  const pagesize = view.getUint32(META_PAGESIZE, true)
  if (
    magic !== MAGIC ||
    version !== VERSION ||
    (flags & ~NO_DUPLICATES) !== 0 ||
    pagesize < PAGESIZE_MIN ||
    pagesize > PAGESIZE_MAX ||
    (pagesize & 1) !== 0
  ) {
    refuse(
      "EFTYPE",
      `not a btree: magic ${magic} for ${MAGIC}, version ${version} for 3, flags ${flags} (recno 128), page size ${pagesize}`,
    )
  }
  tree._pagesize = pagesize
  tree._duplicates = flags === 0
  tree._free = view.getUint32(META_FREE, true)
  if (tree._checks !== 0) tree._metaCheck(false)
  tree._pages = Math.floor(size / pagesize)
  if (tree._pages < 2) corrupt(1, 0, "the file ends before its root")
}
