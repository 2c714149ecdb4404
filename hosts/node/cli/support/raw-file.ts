/**
 * A database file read page by page without the engine: for drawing and counting pages of files too damaged to open.
 * Trusts nothing but the page size, which must be possible or given by the caller.
 */
import { closeSync, fstatSync, openSync, readSync } from "node:fs"
import {
  HEADER,
  MAGIC,
  META_FLAGS,
  META_FREE,
  META_MAGIC,
  META_PAGESIZE,
  META_SIZE,
  NEXT,
  NO_DUPLICATES,
  PAGESIZE_MAX,
  PAGESIZE_MIN,
} from "../../../../src/btree/layout.ts"
import { CliError } from "./failure.ts"
import { requireFile } from "./files.ts"

export class RawFile {
  readonly size: number
  readonly pagesize: number
  /** Whole pages; a ragged tail is none. */
  readonly pages: number
  readonly little: boolean
  readonly duplicates: boolean
  /** First page of the free list as the meta page says, checked for nothing. */
  readonly freeHead: number
  readonly #fd: number

  constructor(fd: number, size: number, meta: DataView, pagesize: number) {
    this.#fd = fd
    this.size = size
    this.pagesize = pagesize
    this.pages = Math.floor(size / pagesize)
    this.little = isLittle(meta) ?? true
    this.duplicates = (meta.getUint32(META_FLAGS, this.little) & NO_DUPLICATES) === 0
    this.freeHead = meta.getUint32(META_FREE, this.little)
  }

  /** Gives page `pgno`, which is below `pages`, in a buffer of its own. */
  page(pgno: number): DataView {
    return readAt(this.#fd, pgno * this.pagesize, this.pagesize)
  }

  /** Gives the next page of a chain or of the free list, without reading the whole page. */
  nextOf(pgno: number): number {
    return readAt(this.#fd, pgno * this.pagesize, HEADER).getUint32(NEXT, this.little)
  }

  /** Gives the pages of the free list in order, up to where it leaves the file or comes round again. */
  freeList(): number[] {
    const seen = new Set<number>()
    for (let pgno = this.freeHead; this.isInside(pgno) && !seen.has(pgno); pgno = this.nextOf(pgno))
      seen.add(pgno)
    return [...seen]
  }

  /** Tells whether `pgno` can be a child, an overflow page or a free page. */
  isInside(pgno: number): boolean {
    return pgno >= 2 && pgno < this.pages
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/**
 * Opens `path`; undefined where it is empty, which is a database without pages. `pagesize` goes before what the meta
 * page says and makes any file readable. @throws ENOENT, EFTYPE, ECORRUPT
 */
export function openRaw(path: string, pagesize?: number): RawFile | undefined {
  requireFile(path)
  const fd = openSync(path, "r")
  try {
    const { size } = fstatSync(fd)
    if (size === 0) {
      closeSync(fd)
      return undefined
    }
    const meta = readAt(fd, 0, META_SIZE)
    return new RawFile(fd, size, meta, pagesize ?? pagesizeOf(path, size, meta))
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Tells whether a btree page can have `size` bytes. */
export function isPagesize(size: number): boolean {
  return size >= PAGESIZE_MIN && size <= PAGESIZE_MAX && size % 2 === 0
}

function pagesizeOf(path: string, size: number, meta: DataView): number {
  const hint = "--pagesize N of `page` and `pages` reads the file regardless"
  const little = isLittle(meta)
  if (size < META_SIZE || little === undefined)
    throw new CliError("EFTYPE", `${path} is not a Berkeley DB 1.85 file: no magic number`, hint)
  const pagesize = meta.getUint32(META_PAGESIZE, little)
  if (isPagesize(pagesize)) return pagesize
  throw new CliError(
    "ECORRUPT",
    `page 0, offset ${META_PAGESIZE}: page size ${pagesize} is not possible`,
    hint,
  )
}

// Undefined: no magic number in either byte order.
function isLittle(meta: DataView): boolean | undefined {
  if (meta.getUint32(META_MAGIC, true) === MAGIC) return true
  return meta.getUint32(META_MAGIC, false) === MAGIC ? false : undefined
}

// Bytes past the end of the file read as zeros.
function readAt(fd: number, position: number, length: number): DataView {
  const bytes = new Uint8Array(length)
  let done = 0
  while (done < length) {
    const count = readSync(fd, bytes, done, length - done, position + done)
    if (count === 0) break
    done += count
  }
  return new DataView(bytes.buffer)
}
