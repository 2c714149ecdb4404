/** Opening a database: arguments checked, then the file recognised or a new one begun in memory. */
import { failure } from "../errors.ts"
import { emptyFrame, makeCache } from "../page/cache.ts"
import { takeFrame } from "../page/pool.ts"
import { CACHE_FRAMES_MIN, DEFAULT_PAGESIZE } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { HEADER, PAGESIZE_MAX, PAGESIZE_MIN } from "./layout.ts"
import { load, reset } from "./meta.ts"
import { BTree } from "./tree.ts"
import type { OpenOptions } from "./types.ts"

const OPTIONS =
  "flags pagesize minkeypage cachesize duplicates reserve compare prefix lorder readonly checksums"

/** Smallest and largest value and step (0: any) of the options that are numbers, the first ones; 0 is always right. */
const LIMITS = [0, 1, 1, PAGESIZE_MIN, PAGESIZE_MAX, 2, 2, 1 / 0, 1, -1 / 0, 1 / 0, 0]

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
  const known = OPTIONS.split(" ")
  if (typeof given !== "object") throw failure("EINVAL", "the options must be an object")
  const names = Object.keys(given)
  for (let i = 0; i < names.length; i++) {
    if (known.indexOf(names[i]) < 0) throw failure("EINVAL", `unknown option ${names[i]}: ${OPTIONS}`)
  }
  const numbers: number[] = []
  for (let i = 0; i < 4; i++) {
    const asked = given[known[i] as keyof OpenOptions]
    const value = asked === undefined ? 0 : asked
    const low = LIMITS[i * 3]
    const high = LIMITS[i * 3 + 1]
    const step = LIMITS[i * 3 + 2]
    const right = typeof value === "number" && value >= low && value <= high && !(value % step > 0)
    if (value !== 0 && !right)
      throw failure("EINVAL", `${known[i]} ${value}: 0, or ${low} to ${high} by ${step}`)
    numbers.push(value as number)
  }
  const methods = "read write size setSize flush".split(" ")
  for (let i = 0; i < methods.length; i++) {
    if (!stream || typeof stream[methods[i] as keyof RandomAccessStream] !== "function") {
      throw failure("EINVAL", `the stream has no ${methods[i]}(): see fromSeekable`)
    }
  }
  const tree = new BTree(stream)
  const natural = numbers[1] || stream.pagesize || DEFAULT_PAGESIZE
  tree._pagesize =
    natural > PAGESIZE_MAX ? PAGESIZE_MAX : natural < PAGESIZE_MIN ? PAGESIZE_MIN : natural & ~1
  tree._duplicates = given.duplicates === true || numbers[0] === 1
  if (given.readonly || stream.readonly) {
    tree._readonly = `${given.readonly ? "opened" : "the stream is"} read-only`
  }
  // Another order of keys or bytes, and page checks: the extras look at these options.
  if (given.compare !== undefined || given.prefix !== undefined || given.lorder || given.checksums) {
    tree._adopt(given)
  }
  load(tree)
  if (tree._duplicates) tree._adopt(given)
  const pagesize = tree._pagesize
  const wanted = Math.ceil(numbers[3] / pagesize)
  const frames = wanted > CACHE_FRAMES_MIN ? wanted : CACHE_FRAMES_MIN
  const cache = makeCache(
    stream,
    tree._pageStream,
    tree,
    pagesize,
    frames < CACHE_FRAMES_MAX ? frames : CACHE_FRAMES_MAX,
  )
  tree._cache = cache
  ;(tree as { cache: object }).cache = cache
  // Signed arithmetic against defect Q10; the result is the longest key + data that stay in the leaf (spec section 2).
  const inline = Math.floor((pagesize - HEADER) / (numbers[2] || 2)) - 14
  tree._inline = inline < 30 ? 30 : inline
  if (tree._pages === 0) reset(tree)
  if (given.reserve === true) {
    while (cache.frames < cache.capacity) emptyFrame(cache)
    tree._scratch = takeFrame(cache, 1)
  }
  return tree
}
