/** Commit records as they are read, and making one the newest commit. */
import {
  ENTRIES,
  FLAGS,
  HEADER,
  HONEST,
  LOWER,
  META,
  META_CONTENT,
  META_HASH,
  META_MARK,
  META_ROOT,
  META_SIZE,
  NONE,
  PGNO,
  PREVIOUS,
  RECORD_WORDS,
  ROOT,
  TIME,
  WHOLE,
} from "../layout.ts"
import { hashContent } from "../sha1.ts"
import type { AppendTree } from "../tree.ts"

/** What readRecord finds. */
export const NO_RECORD = 0
/** A commit record that had been written whole, by us, and is damaged now. */
export const DAMAGED = 1
export const SOUND = 2

const TWO_32 = 4294967296

/** Reads the head of page `pgno` into _small; tells whether it is a sound commit record, whose hash is in _words then. Reads 84 bytes. */
export function isRecord(tree: AppendTree, pgno: number): boolean {
  const view = tree._smallView
  const words = tree._words
  const got = tree._stream.read(tree._small, pgno * tree._pagesize, 0, META_SIZE)
  const root = view.getUint32(META_ROOT, true)
  let isSound =
    got === META_SIZE &&
    view.getUint32(PGNO, true) === pgno &&
    view.getUint32(FLAGS, true) === META &&
    (root === NONE || (root > 0 && root < pgno))
  if (isSound) hashContent(view, META_CONTENT, words)
  for (let i = 0; i < 5; i++) isSound = isSound && view.getInt32(META_HASH + i * 4) === words[i]
  return isSound
}

/** Forgets the newest commit: an empty tree. */
export function clearCommit(tree: AppendTree): void {
  const record: number[] = []
  for (let i = 0; i < RECORD_WORDS; i++) record.push(0)
  record[ROOT] = record[PREVIOUS] = NONE
  tree._record = record
  tree._commit = tree._check = 0
  tree._isHonest = true
}

/** Reads page `pgno` as a commit record into _small; says whether it is one. Reads 84 bytes, 4 more where it is none. */
export function readRecord(tree: AppendTree, pgno: number): number {
  const view = tree._smallView
  if (isRecord(tree, pgno)) return SOUND
  // A record that rots has all but one of these words, and its hash; one that a cut has torn, though its end arrived, has lost more.
  let words = 0
  if (view.getUint32(PGNO, true) === pgno) words++
  if (view.getUint32(FLAGS, true) === META) words++
  if (view.getUint32(LOWER, true) === HEADER + tree._pagesize * 65536) words++
  if (view.getUint32(META_MARK, true) === HONEST) words++
  const last = view.getInt32(META_MARK - 4)
  if (words < 3 || last === 0 || last === -1) return NO_RECORD
  tree._stream.read(tree._small, (pgno + 1) * tree._pagesize - 4, 0, 4)
  return view.getUint32(0, true) === (WHOLE ^ pgno) >>> 0 ? DAMAGED : NO_RECORD
}

/** Makes the record that readRecord() has just found, which is page `pgno`, the newest commit. */
export function takeRecord(tree: AppendTree, pgno: number): void {
  const view = tree._smallView
  const record: number[] = []
  for (let i = 0; i < RECORD_WORDS; i++) record.push(view.getUint32(META_CONTENT + i * 4, true))
  record[TIME] += record[TIME + 1] * TWO_32
  record[ENTRIES] += record[ENTRIES + 1] * TWO_32
  record[TIME + 1] = record[ENTRIES + 1] = 0
  tree._record = record
  tree._commit = pgno
  tree._check = tree._words[0]
  tree._isHonest = view.getUint32(META_MARK, true) === HONEST
}
