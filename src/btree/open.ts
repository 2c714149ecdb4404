/** Opening a database: arguments checked, then the file recognised or a new one begun in memory. */
import { failure } from "../errors.ts"
import { emptyFrame, PageCache } from "../page/cache.ts"
import { takeFrame } from "../page/pool.ts"
import { CACHE_FRAMES_MIN, DEFAULT_PAGESIZE } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { HEADER, PAGESIZE_MAX, PAGESIZE_MIN } from "./layout.ts"
import { readMeta } from "./meta.ts"
import { reset } from "./remove.ts"
import { BTree } from "./tree.ts"
import type { OpenOptions } from "./types.ts"

const OPTIONS =
  "flags duplicates pagesize cachesize minkeypage reserve compare prefix lorder readonly checksums"

/** Frames a cache may have, whatever cachesize says. */
const CACHE_FRAMES_MAX = 1 << 20

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
  if (typeof given !== "object") throw failure("EINVAL", "the options must be an object")
  const names = Object.keys(given)
  for (let i = 0; i < names.length; i++) {
    if (OPTIONS.split(" ").indexOf(names[i]) < 0) {
      throw failure("EINVAL", `unknown option ${names[i]}; known: ${OPTIONS}`)
    }
  }
  const flags = numberOf(given, "flags", 0, 1, 1)
  const asked = numberOf(given, "pagesize", PAGESIZE_MIN, PAGESIZE_MAX, 2)
  const minkeypage = numberOf(given, "minkeypage", 2, 1 / 0, 1) || 2
  const cachesize = numberOf(given, "cachesize", -1 / 0, 1 / 0, 0)
  const methods: (keyof RandomAccessStream)[] = ["read", "write", "size", "setSize", "flush"]
  for (let i = 0; i < methods.length; i++) {
    if (!stream || typeof stream[methods[i]] !== "function") {
      throw failure("EINVAL", `the stream has no ${methods[i]}(): fromSeekable() may help`)
    }
  }
  const tree = new BTree(stream)
  const natural = asked || stream.pagesize || DEFAULT_PAGESIZE
  tree._pagesize =
    (natural < PAGESIZE_MIN ? PAGESIZE_MIN : natural > PAGESIZE_MAX ? PAGESIZE_MAX : natural) & ~1
  tree._duplicates = given.duplicates === true || flags === 1
  if (given.readonly || stream.readonly) {
    tree._readonly = `${given.readonly ? "opened" : "the stream is"} read-only`
  }
  // Another order of keys or bytes, and page checks: the extras look at these options.
  if (given.compare !== undefined || given.prefix !== undefined || given.lorder || given.checksums)
    tree._adopt(given)
  readMeta(tree)
  if (tree._duplicates) tree._adopt(given)
  const pagesize = tree._pagesize
  const wanted = Math.ceil(cachesize / pagesize)
  const frames =
    wanted > CACHE_FRAMES_MAX ? CACHE_FRAMES_MAX : wanted > CACHE_FRAMES_MIN ? wanted : CACHE_FRAMES_MIN
  const cache = new PageCache(stream, tree._pageStream, tree, pagesize, frames)
  tree._cache = cache
  ;(tree as { cache: PageCache }).cache = cache
  // Signed arithmetic against defect Q10; the result is the longest key + data that stay in the leaf (spec section 2).
  const inline = Math.floor((pagesize - HEADER) / minkeypage) - 14
  tree._inline = inline < 30 ? 30 : inline
  if (tree._pages === 0) reset(tree)
  if (given.reserve === true) {
    while (cache.frames < frames) emptyFrame(cache)
    tree._scratch = takeFrame(cache, 1)
  }
  return tree
}

/** Gives the option `name`, 0 when it is left out. EINVAL unless it is 0 or a number in the bounds that `step` divides (0: any). */
function numberOf(
  given: OpenOptions,
  name: keyof OpenOptions,
  low: number,
  high: number,
  step: number,
): number {
  const value = given[name]
  if (value === undefined || value === 0) return 0
  if (typeof value !== "number" || !(value >= low && value <= high) || (step > 0 && value % step !== 0)) {
    throw failure(
      "EINVAL",
      `${name} ${value}: 0, or a number from ${low} to ${high} in steps of ${step} is expected`,
    )
  }
  return value
}
