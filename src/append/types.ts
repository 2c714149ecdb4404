/** Constants and shapes of the public API; names and values are those of the original's btree.h. */

/** put: leaves an existing key as it is. */
export const BT_NOOVERWRITE = 1
/** open: commits are not flushed; sync() does that. */
export const BT_NOSYNC = 2
/** open: every change is refused with EROFS. */
export const BT_RDONLY = 4
/** open: keys are compared from their last byte backwards. */
export const BT_REVERSEKEY = 8

/** Cursor: the smallest key >= the one given. */
export const BT_CURSOR = 0
/** Cursor: the key given. */
export const BT_CURSOR_EXACT = 1
export const BT_FIRST = 2
export const BT_NEXT = 3
export const BT_LAST = 4
export const BT_PREV = 5

/** Range flag of forEach: the end key is included. */
export const INCL = 1
/** Range flag of forEach: descending order. */
export const DESC = 2

export interface OpenOptions {
  /** BT_NOSYNC, BT_RDONLY, BT_REVERSEKEY, added. The order of keys of a file that we made is in the file. */
  flags?: number
  /** Bytes in a page of a new file: even, 512 to 32768; 0 takes the stream's own, or the board's default. */
  pagesize?: number
  /**
   * Bytes of page cache, rounded up to whole pages and at least the board's minimum of frames (5); 256 pages under Node, 16 on XS and 5 on
   * Espruino when left out. A transaction that changes more pages than that takes more of the file. setCacheSize() counts pages.
   */
  cachesize?: number
  /** What `path` says, for messages and tools; nothing is opened by it. */
  path?: string
  /** Gives the time of a commit in whole seconds; the clock of the engine when left out. */
  clock?: () => number
  /** True keeps a CRC-32 in the free space of pages; the default on streams that are not atomic, which check nothing themselves. */
  checksums?: boolean
  /** Pages that open() goes back from the end for a commit record, 80 bytes of each; 65536 when left out. */
  recoveryPages?: number
}

/** What check() reports: one place that is wrong. */
export interface Finding {
  code: "ECORRUPT"
  page: number
  offset: number
  message: string
}

export interface Stat {
  /** Bytes in a page. */
  pagesize: number
  branchPages: number
  leafPages: number
  overflowPages: number
  /** Commits since the file was made or compacted. */
  revisions: number
  /** Levels, 0 for an empty tree. */
  depth: number
  /** Keys in the tree. */
  entries: number
  /** Time of the last commit in seconds, 0 before the first. */
  createdAt: number
  /** Pages found in the cache, and pages read. */
  hits: number
  reads: number
  /** Pages in the cache, and how many there may be. */
  cacheSize: number
  maxCache: number
  /** Bytes behind the newest commit whose pages are readable when the file was opened: what a cut left, and commits given up. */
  givenUpBytes: number
  /** Commit records that were passed over: damaged, or with pages that cannot be read. */
  givenUpCommits: number
}

/** Called now and then on long work; false stops it. */
export type Progress = (done: number, total: number) => boolean | undefined | void
