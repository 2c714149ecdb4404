/** The first page and the commit records: reading, checking and writing them. */
import { crc32Of } from "../checksum.ts"
import { corrupt, refuse } from "../errors.ts"
import { copyBytes } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
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
  HEADER,
  HONEST,
  LOWER,
  MAGIC,
  META,
  META_DEPTH,
  META_ENTRIES,
  META_FLAGS,
  META_HASH,
  META_INTERNALS,
  META_LEAVES,
  META_MARK,
  META_OVERFLOWS,
  META_PREVIOUS,
  META_REVISIONS,
  META_ROOT,
  META_SIZE,
  META_TIME,
  NONE,
  OURS,
  PAGESIZE_MAX,
  PAGESIZE_MIN,
  PGNO,
  TOMBSTONE,
  UPPER,
  VERSION,
  WHOLE,
} from "./layout.ts"
import { scratchPage } from "./page.ts"
import { hashContent } from "./sha1.ts"
import type { Transaction } from "./transaction.ts"
import type { AppendTree } from "./tree.ts"

/** What readRecord finds. */
export const NO_RECORD = 0
/** A commit record that had been written whole, by us, and is damaged now. */
export const DAMAGED = 1
export const SOUND = 2

const TWO_32 = 4294967296

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
  const page = clearScratch(tree, 0, FIRST_PAGE)
  const base = page._base
  const view = page._view
  view.setUint32(base + FILE_MAGIC, MAGIC, true)
  view.setUint32(base + FILE_VERSION, VERSION, true)
  view.setUint32(base + FILE_PAGESIZE, tree._pagesize, true)
  view.setUint32(base + FILE_MARK, OURS, true)
  view.setUint32(base + FILE_ORDER, tree._reverse ? 1 : 0, true)
  view.setUint32(base + FILE_CHECK, crc32Of(page._bytes, base, base + FILE_CHECK), true)
  stream.write(page._bytes, 0, base, tree._pagesize)
}

/** Gives the scratch page with zeros, a number and flags. */
function clearScratch(tree: AppendTree, pgno: number, flags: number) {
  const page = scratchPage(tree)
  page._bytes.fill(0, page._base, page._base + tree._pagesize)
  page._view.setUint32(page._base + PGNO, pgno, true)
  page._view.setUint32(page._base + FLAGS, flags, true)
  return page
}

/** Writes a commit record as page `pgno`: for the root and the counters of `txn`, or a tombstone; leaves it in _small. */
export function writeRecord(
  tree: AppendTree,
  stream: RandomAccessStream,
  pgno: number,
  txn: Transaction,
  revisions: number,
  isTombstone: boolean,
): void {
  const page = clearScratch(tree, pgno, META)
  const base = page._base
  const view = page._view
  const time = tree._clock()
  view.setUint16(base + LOWER, HEADER, true)
  view.setUint16(base + UPPER, tree._pagesize, true)
  view.setUint32(base + META_FLAGS, isTombstone ? TOMBSTONE : 0, true)
  view.setUint32(base + META_ROOT, isTombstone ? NONE : txn._root, true)
  view.setUint32(base + META_PREVIOUS, tree._root, true)
  view.setUint32(base + META_TIME, time % TWO_32, true)
  view.setUint32(base + META_TIME + 4, Math.floor(time / TWO_32), true)
  view.setUint32(base + META_INTERNALS, txn._internals, true)
  view.setUint32(base + META_LEAVES, txn._leaves, true)
  view.setUint32(base + META_OVERFLOWS, txn._overflows, true)
  view.setUint32(base + META_REVISIONS, revisions, true)
  view.setUint32(base + META_DEPTH, txn._depth, true)
  view.setUint32(base + META_ENTRIES, txn._entries % TWO_32, true)
  view.setUint32(base + META_ENTRIES + 4, Math.floor(txn._entries / TWO_32), true)
  hashContent(view, base + HEADER, tree._words)
  for (let i = 0; i < 5; i++) view.setUint32(base + META_HASH + i * 4, tree._words[i])
  if (tree._isHonest) view.setUint32(base + META_MARK, HONEST, true)
  view.setUint32(base + tree._pagesize - 4, (WHOLE ^ pgno) >>> 0, true)
  stream.write(page._bytes, pgno * tree._pagesize, base, tree._pagesize)
  copyBytes(page._bytes, base, tree._small, 0, META_SIZE)
}

/** Reads page `pgno` as a commit record into _small; says whether it is one. Reads 84 bytes, 4 more where it is none. */
export function readRecord(tree: AppendTree, pgno: number): number {
  const view = tree._smallView
  const position = pgno * tree._pagesize
  const got = tree._stream.read(tree._small, position, 0, META_SIZE)
  const root = view.getUint32(META_ROOT, true)
  if (
    got === META_SIZE &&
    view.getUint32(PGNO, true) === pgno &&
    view.getUint32(FLAGS, true) === META &&
    (root === NONE || (root > 0 && root < pgno))
  ) {
    hashContent(view, HEADER, tree._words)
    let same = true
    for (let i = 0; i < 5; i++) same = same && view.getInt32(META_HASH + i * 4) === tree._words[i]
    if (same) return SOUND
  }
  // A record that rots has all but one of these words, and its hash; one that a cut has torn, though its end arrived, has lost more.
  let words = 0
  if (view.getUint32(PGNO, true) === pgno) words++
  if (view.getUint32(FLAGS, true) === META) words++
  if (view.getUint32(LOWER, true) === HEADER + tree._pagesize * 65536) words++
  if (view.getUint32(META_MARK, true) === HONEST) words++
  const last = view.getInt32(META_MARK - 4)
  if (words < 3 || last === 0 || last === -1) return NO_RECORD
  tree._stream.read(tree._small, position + tree._pagesize - 4, 0, 4)
  return view.getUint32(0, true) === (WHOLE ^ pgno) >>> 0 ? DAMAGED : NO_RECORD
}

/** Gives whether the record in _small is the tombstone of a file that has been replaced. */
export function isTombstone(tree: AppendTree): boolean {
  return (tree._smallView.getUint32(META_FLAGS, true) & TOMBSTONE) !== 0
}

/** Makes the record in _small, which is page `pgno`, the newest commit. */
export function takeRecord(tree: AppendTree, pgno: number): void {
  const view = tree._smallView
  tree._commit = pgno
  tree._root = view.getUint32(META_ROOT, true)
  tree._previous = view.getUint32(META_PREVIOUS, true)
  tree._time = view.getUint32(META_TIME, true) + view.getUint32(META_TIME + 4, true) * TWO_32
  tree._internals = view.getUint32(META_INTERNALS, true)
  tree._leaves = view.getUint32(META_LEAVES, true)
  tree._overflows = view.getUint32(META_OVERFLOWS, true)
  tree._revisions = view.getUint32(META_REVISIONS, true)
  tree._levels = view.getUint32(META_DEPTH, true)
  tree._entries = view.getUint32(META_ENTRIES, true) + view.getUint32(META_ENTRIES + 4, true) * TWO_32
  tree._isHonest = view.getUint32(META_MARK, true) === HONEST
  tree._check = view.getUint32(META_HASH)
}
