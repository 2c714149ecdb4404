/** Opening: arguments checked, then the file recognised and its newest commit found, or a new one begun. */
import { type Kept, keep } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { makeCache, startCache } from "../../page/start-cache.ts"
import { DEFAULT_PAGESIZE, SLAB_FRAMES } from "../../platform.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import { KEY_MAX, META_SIZE, PAGESIZE_MAX, PAGESIZE_MIN } from "../layout.ts"
import type { AppendTree } from "../tree.ts"
import { BT_NOSYNC, BT_RDONLY, BT_REVERSEKEY, type OpenOptions } from "../types.ts"
import { readHeader, writeHeader } from "./header.ts"
import { clearCommit } from "./record.ts"
import { findCommit } from "./recovery.ts"

/** Pages that recovery goes back where nothing else is asked for. */
const RECOVERY_PAGES = 65536

/** Makes `tree` the handle of the tree in `stream`, or of a new one: the engine's open(). */
export function openTree(tree: AppendTree, stream: RandomAccessStream, options?: OpenOptions): AppendTree {
  const given: OpenOptions = options === undefined || options === null ? {} : options
  const flags = given.flags || 0
  if (!stream || !stream.setSize) refuse("EINVAL", "not a stream: see fromSeekable")
  const cache = makeCache(stream, tree)
  tree._stream = stream
  tree._cache = cache
  tree._isReadonly = (flags & BT_RDONLY) !== 0 || stream.readonly === true
  tree._reverse = (flags & BT_REVERSEKEY) !== 0
  tree._checks = given.checksums === undefined ? !stream.atomic : given.checksums
  tree._clock = given.clock === undefined ? secondsOfNow : given.clock
  tree._budget = given.recoveryPages === undefined ? RECOVERY_PAGES : given.recoveryPages
  tree._isOurs = tree._isClosed = tree._isStale = tree._isOvertaken = false
  tree._failed = ""
  tree._writer = null
  tree._cuts = []
  tree._path = []
  tree._slots = []
  tree._words = []
  for (let i = 0; i < 16; i++) tree._words.push(0)
  tree._key = keyBuffer()
  tree._low = keyBuffer()
  tree._high = keyBuffer()
  tree._separator = keyBuffer()
  tree._otherSeparator = keyBuffer()
  tree._third = keyBuffer()
  tree._scratch = null
  tree._small = new Uint8Array(META_SIZE)
  tree._smallView = new DataView(tree._small.buffer)
  tree._givenUpBytes =
    tree._givenUpCommits =
    tree._expected =
    tree._unwritten =
    tree._index =
    tree._prefix =
      0
  tree._depth = -1
  clearCommit(tree)
  const natural = given.pagesize || stream.pagesize || DEFAULT_PAGESIZE
  tree._pagesize =
    natural > PAGESIZE_MAX ? PAGESIZE_MAX : natural < PAGESIZE_MIN ? PAGESIZE_MIN : natural & ~1
  let size = stream.size()
  const isNew = size === 0 || !readHeader(tree, size)
  // The file says how large pages are.
  cache._size = given.cachesize === undefined ? SLAB_FRAMES * SLAB_FRAMES * tree._pagesize : given.cachesize
  startCache(cache, tree._pagesize)
  if (isNew) {
    tree._isOurs = true
    if (!tree._isReadonly) {
      writeHeader(tree, stream)
      if ((flags & BT_NOSYNC) === 0) stream.flush()
      size = tree._pagesize
    }
  }
  findCommit(tree, size, 0)
  if (tree._commit === 0) clearCommit(tree)
  tree._givenUpBytes = size - (tree._commit + 1) * tree._pagesize
  if (tree._givenUpBytes < 0) tree._givenUpBytes = 0
  ;(tree as { flags: number }).flags = flags | (tree._reverse ? BT_REVERSEKEY : 0)
  ;(tree as { path: string | undefined }).path = given.path
  return tree
}

/** Room for the longest key, so that no search makes any. */
function keyBuffer(): Kept {
  return keep(null, null, 0, KEY_MAX + 1)
}

function secondsOfNow(): number {
  return Math.floor(Date.now() / 1000)
}
