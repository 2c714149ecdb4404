/** Opening a database: arguments checked, then the file recognised or a new one begun in memory. */
import { keep } from "../bytes.ts"
import { refuse } from "../errors.ts"
import type { PageCache } from "../page/cache.ts"
import { type Frame, takeFrame } from "../page/pool.ts"
import { makeCache } from "../page/start-cache.ts"
import { compareBytes, DEFAULT_PAGESIZE, TUNING } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { HEADER, PAGESIZE_MAX, PAGESIZE_MIN } from "./layout.ts"
import { load } from "./meta.ts"
import { OPEN } from "./states.ts"
import { BTree } from "./tree.ts"
import { type OpenOptions, R_DUP } from "./types.ts"

/**
 * Opens the btree in `stream`, or begins a new one when the stream is empty (nothing is written until something changed).
 * An existing file decides its page size, byte order and duplicates; those options are for new ones. The handle does not own the
 * stream. Reads 24 bytes. Allocates about 1 KB; page frames come as they are needed, up to cachesize.
 *
 * @throws EINVAL an option; EFTYPE not a btree file of DB 1.85; ECORRUPT cut short; ENOMEM with `reserve`.
 * @example
 * const db = open(new MemoryStream(), { pagesize: 512 })
 * db.set("key", "value")
 * db.flush()
 */
export function open(stream: RandomAccessStream, options?: OpenOptions): BTree {
  const given: OpenOptions = options === undefined || options === null ? {} : options
  if (TUNING && BTree.prototype._checkOptions !== undefined) BTree.prototype._checkOptions(stream, given)
  if (!stream || !stream.setSize) refuse("EINVAL", "not a stream: see fromSeekable")
  const tree = begin(new BTree(), stream)
  const cache = tree._cache
  const natural = given.pagesize || stream.pagesize || DEFAULT_PAGESIZE
  tree._pagesize =
    natural > PAGESIZE_MAX ? PAGESIZE_MAX : natural < PAGESIZE_MIN ? PAGESIZE_MIN : natural & ~1
  tree._duplicates = given.duplicates === true || given.flags === R_DUP
  if (given.readonly || stream.readonly) tree._readonly = "opened read-only"
  // Another order of keys or bytes, and page checks: the extras look at these options.
  if (given.compare !== undefined || given.prefix !== undefined || given.lorder || given.checksums) {
    tree._adopt(given)
  }
  cache._size = given.cachesize || 0
  load(tree, stream.size())
  if (tree._duplicates) tree._adopt(given)
  // Signed arithmetic against defect Q10; the result is the longest key + data that stay in the leaf (spec section 2).
  const inline = Math.floor((tree._pagesize - HEADER) / (given.minkeypage || 2)) - 14
  tree._inline = inline < 30 ? 30 : inline
  if (given.reserve === true) {
    const all = cache._all
    while (all.length <= cache.capacity) all.push(takeFrame(cache, cache.capacity - all.length))
    tree._scratch = all.pop() as Frame
    cache.frames = all.length
  }
  return tree
}

/** Gives a handle the state that it has before anything of the stream is known. */
function begin(tree: BTree, stream: RandomAccessStream): BTree {
  const cache = makeCache(stream, tree)
  ;(tree as { cache: PageCache }).cache = cache
  tree._cache = cache
  tree._key = keep(null, null, 0, 64)
  tree._nth = 0
  tree._order = compareBytes
  tree._path = []
  tree._slots = []
  tree._state = OPEN
  tree._changes = 0
  tree._readonly = ""
  tree._gapless = !stream.atomic || stream.exclusive === false
  tree._checks = 0
  tree._big = null
  tree._separator = null
  tree._scratch = null
  tree._stream = stream
  tree._cursor = null
  tree._ahead = null
  return tree
}
