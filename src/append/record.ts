/** Writing commit records; opening/record.ts reads them. */
import type { RandomAccessStream } from "../stream/stream.ts"
import {
  ENTRIES,
  HONEST,
  META,
  META_CONTENT,
  META_HASH,
  META_MARK,
  PREVIOUS,
  RECORD_WORDS,
  ROOT,
  TIME,
  WHOLE,
} from "./layout.ts"
import { cleanPage } from "./page.ts"
import { hashContent } from "./sha1.ts"
import type { AppendTree } from "./tree.ts"

const TWO_32 = 4294967296

/** Writes `record` as page `pgno`, with the time and the root of the newest commit; the first word of its hash is in _words[0] then. */
export function writeRecord(
  tree: AppendTree,
  stream: RandomAccessStream,
  pgno: number,
  record: number[],
): void {
  const page = cleanPage(tree, pgno, META)
  const base = page._base
  const view = page._view
  const words = tree._words
  record[PREVIOUS] = tree._record[ROOT]
  record[TIME] = Math.floor(tree._clock())
  for (let i = 0; i < RECORD_WORDS; i++) {
    const isUpper = i === TIME + 1 || i === ENTRIES + 1
    const word = isUpper ? Math.floor(record[i - 1] / TWO_32) : record[i] % TWO_32
    view.setUint32(base + META_CONTENT + i * 4, word, true)
  }
  hashContent(view, base + META_CONTENT, words)
  for (let i = 0; i < 5; i++) view.setUint32(base + META_HASH + i * 4, words[i])
  if (tree._isHonest) view.setUint32(base + META_MARK, HONEST, true)
  view.setUint32(base + tree._pagesize - 4, (WHOLE ^ pgno) >>> 0, true)
  stream.write(page._bytes, pgno * tree._pagesize, base, tree._pagesize)
}
