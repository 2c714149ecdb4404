/** Constants and shapes of the public API; the codes are those of MicroPython's btree module and of btree(3). */

/** Range flag: the end key is included. */
export const INCL = 1
/** Range flag: descending order. */
export const DESC = 2
/** Open flag: a key may have several values. */
export const R_DUP = 1
/** seq: the smallest key >= the one given. put, delete: the record under the handle's own cursor. */
export const R_CURSOR = 1
export const R_FIRST = 3
/** For recno files only; EINVAL here. */
export const R_IAFTER = 4
/** For recno files only; EINVAL here. */
export const R_IBEFORE = 5
export const R_LAST = 6
export const R_NEXT = 7
/** put: leaves an existing key as it is. */
export const R_NOOVERWRITE = 8
export const R_PREV = 9
/** For recno files only; EINVAL here. */
export const R_SETCURSOR = 10

export interface OpenOptions {
  /** 0, or R_DUP. Only for a new database. */
  flags?: number
  /** True is the same as flags: R_DUP. */
  duplicates?: boolean
  /** Bytes in a page of a new database: even, 512 to 65536; 0 takes the stream's own, or the board's default. */
  pagesize?: number
  /** Bytes of page cache, rounded up to whole pages and at least the board's minimum of frames. */
  cachesize?: number
  /** Records that must fit on a leaf, at least 2: longer ones go to overflow pages. Not stored in the file. */
  minkeypage?: number
  /** True allocates the cache now: ENOMEM at open, not later. */
  reserve?: boolean
  /** Key order: negative, 0 or positive. Not stored in the file: give the same one at every open. */
  compare?: (a: Uint8Array, b: Uint8Array) => number
  /** How many bytes of b tell it from the smaller key a; used for separators with `compare`. */
  prefix?: (a: Uint8Array, b: Uint8Array) => number
  /** Byte order of a new database: 1234 little-endian (also 0), 4321 big-endian. */
  lorder?: 0 | 1234 | 4321
  /** True refuses every change with EROFS. */
  readonly?: boolean
  /**
   * True stores a check in every page written and refuses pages whose check does not match; "adopt" takes such pages as they
   * are (another program has updated the file) and stores new checks.
   */
  checksums?: boolean | "adopt"
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
  /** All pages of the file, the meta page included. */
  pages: number
  freePages: number
  /** Levels, 1 for a root that is a leaf. */
  depth: number
  leafPages: number
  internalPages: number
  overflowPages: number
  entries: number
  byteOrder: 1234 | 4321
  duplicates: boolean
}

/** Called now and then on long work; false stops it. */
export type Progress = (done: number, total: number) => boolean | undefined | void
