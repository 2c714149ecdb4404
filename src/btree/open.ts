/** Opening a database: arguments checked, then the file recognised or a new one begun in memory. */

import { failure } from "../errors.ts"
import { PageCache, reserveFrames } from "../page/cache.ts"
import { CACHE_FRAMES_MIN, DEFAULT_PAGESIZE } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { createRoot, load } from "./handle.ts"
import { inlineLimit, PAGESIZE_MAX, PAGESIZE_MIN } from "./layout.ts"
import { isPagesize } from "./meta.ts"
import { scratchPage } from "./page.ts"
import { BTree } from "./tree.ts"
import type { OpenOptions } from "./types.ts"
import { R_DUP } from "./types.ts"

const OPTIONS = [
  "flags",
  "duplicates",
  "pagesize",
  "cachesize",
  "minkeypage",
  "reserve",
  "compare",
  "prefix",
  "lorder",
  "readonly",
  "checksums",
]

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
  checkOptions(given)
  checkStream(stream)
  const duplicates = given.duplicates === true || given.flags === R_DUP
  const tree = new BTree(stream, newPagesize(given.pagesize, stream), duplicates, given.lorder !== 4321)
  if (given.readonly === true) tree._readonly = "the database was opened read-only"
  else if (stream.readonly === true) tree._readonly = "the stream is read-only: open it for writing"
  tree._compare = given.compare === undefined ? null : given.compare
  tree._prefix = given.prefix === undefined ? null : given.prefix
  tree._checks = given.checksums === "adopt" ? 2 : given.checksums === true ? 1 : 0
  const size = stream.size()
  openCache(tree, size, given)
  refuseWithoutExtras(tree)
  if (given.reserve === true) {
    reserveFrames(tree._cache)
    scratchPage(tree)
  }
  return tree
}

/** The cache needs the page size, which an existing file tells first. */
function openCache(tree: BTree, size: number, given: OpenOptions): void {
  const fields = tree as { cache: PageCache; _cache: PageCache }
  fields._cache = new PageCache(tree._stream, tree, tree._pagesize, 1)
  load(tree)
  const pagesize = tree._pagesize
  const wanted = Math.ceil((given.cachesize === undefined ? 0 : given.cachesize) / pagesize)
  const frames =
    wanted < CACHE_FRAMES_MIN ? CACHE_FRAMES_MIN : wanted > CACHE_FRAMES_MAX ? CACHE_FRAMES_MAX : wanted
  fields._cache = new PageCache(tree._stream, tree, pagesize, frames)
  fields.cache = fields._cache
  tree._inline = inlineLimit(pagesize, given.minkeypage ? given.minkeypage : 2)
  if (size === 0) createRoot(tree)
}

function newPagesize(wanted: number | undefined, stream: RandomAccessStream): number {
  if (wanted !== undefined && wanted !== 0) return wanted
  const natural = stream.pagesize === undefined ? DEFAULT_PAGESIZE : stream.pagesize
  const pagesize = natural < PAGESIZE_MIN ? PAGESIZE_MIN : natural > PAGESIZE_MAX ? PAGESIZE_MAX : natural
  return pagesize & ~1
}

function checkStream(stream: RandomAccessStream): void {
  const methods: (keyof RandomAccessStream)[] = ["read", "write", "size", "setSize", "flush"]
  for (let i = 0; i < methods.length; i++) {
    if (stream === null || typeof stream !== "object" || typeof stream[methods[i]] !== "function") {
      throw failure(
        "EINVAL",
        `the stream has no ${methods[i]}(): a RandomAccessStream is expected; fromSeekable() makes one of other objects`,
      )
    }
  }
}

function checkOptions(given: OpenOptions): void {
  if (typeof given !== "object")
    throw failure("EINVAL", "the options must be an object, as in open(stream, { pagesize: 512 })")
  const names = Object.keys(given)
  for (let i = 0; i < names.length; i++) {
    if (OPTIONS.indexOf(names[i]) < 0) {
      throw failure("EINVAL", `unknown option "${names[i]}"; the options are ${OPTIONS.join(", ")}`)
    }
  }
  const pagesize = given.pagesize
  if (pagesize !== undefined && pagesize !== 0 && !(typeof pagesize === "number" && isPagesize(pagesize))) {
    throw failure(
      "EINVAL",
      `pagesize ${pagesize}: an even number from 512 to 65536 is expected, or 0 for the default`,
    )
  }
  const flags = given.flags
  if (flags !== undefined && flags !== 0 && flags !== R_DUP) {
    throw failure("EINVAL", `flags ${flags}: 0 or R_DUP (1) is expected`)
  }
  const minkeypage = given.minkeypage
  if (
    minkeypage !== undefined &&
    minkeypage !== 0 &&
    !(typeof minkeypage === "number" && minkeypage >= 2 && minkeypage % 1 === 0)
  ) {
    throw failure("EINVAL", `minkeypage ${minkeypage}: 0 or a whole number from 2 up is expected`)
  }
  const cachesize = given.cachesize
  if (cachesize !== undefined && !(typeof cachesize === "number" && (cachesize >= 0 || cachesize < 0))) {
    throw failure("EINVAL", `cachesize ${cachesize}: a number of bytes is expected`)
  }
  if (given.compare !== undefined && typeof given.compare !== "function")
    throw failure("EINVAL", "compare must be a function")
  if (given.prefix !== undefined && typeof given.prefix !== "function")
    throw failure("EINVAL", "prefix must be a function")
  const lorder = given.lorder
  if (lorder !== undefined && lorder !== 0 && lorder !== 1234 && lorder !== 4321) {
    throw failure("EINVAL", `lorder ${lorder}: 0, 1234 (little-endian) or 4321 (big-endian) is expected`)
  }
}

/** The core alone (Espruino's "btree") says which module has the rest. */
function refuseWithoutExtras(tree: BTree): void {
  if ((tree._duplicates || tree._checks !== 0) && tree._findEqual === undefined) {
    throw failure("EINVAL", 'duplicates and page checks need the extras: require("btree-extras")(btree)')
  }
}
