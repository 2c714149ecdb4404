/**
 * What the tests of the btree engine need to know about Berkeley DB 1.85 files: the conformance cases (a .json beside
 * a .db, see the README beside the fixtures), the digest over records, and the canonical image of a file.
 */
import { createHash } from "node:crypto"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export type DbRecord = [Uint8Array, Uint8Array]
export type HexOperation = ["put", string, string] | ["del", string]

/** The keys of a case's .json that the tests use; which are present depends on the kind. */
export interface BerkeleyCase {
  name: string
  description: string
  bytes?: number
  sha256_file?: string
  sha256_canonical?: string
  sha256_records?: string
  count?: number
  records_hex?: [string, string][]
  quirk?: string
  actual_scan_count?: number
  sha256_actual_scan?: string
  open?: { pagesize: number; minkeypage: number; flags: number; lorder: number }
  structure?: {
    leaf: number
    internal: number
    overflow: number
    free: number
    depth: number
    pages: number
    leaked: number
  }
  byte_order?: "little" | "big"
  meta_flags?: number
  free_head?: number
  // cut_*
  "real_1.85"?: string
  committed?: [string, string][]
  unflushed_ops?: HexOperation[]
  // defect_*
  pagesize?: number
  minkeypage?: number
  ops?: HexOperation[] | object
  expected?: [string, string][]
}

export interface BerkeleyFile {
  /** The file's name without its ending. */
  name: string
  json: BerkeleyCase
  /** The path of the .db; undefined for defect_*, which is an operation list only. */
  path: string | undefined
}

/** The repository's root. */
export const ROOT: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))
/** The cases that are part of the repository. */
export const FIXTURES: string = join(ROOT, "test/fixtures/berkeley")
/** The full set, where the project's shared folder lies beside the repository. */
export const SHARED: string = join(ROOT, "../shared/conformance/berkeley")

/** Gives every case of `directory`, in order of name; none where there is no such directory. */
export function berkeleyFiles(directory: string): BerkeleyFile[] {
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((file) => file.endsWith(".json"))
    .sort()
    .map((file) => {
      const name = file.slice(0, -".json".length)
      const path = join(directory, `${name}.db`)
      const json = JSON.parse(readFileSync(join(directory, file), "utf8")) as BerkeleyCase
      return { name, json, path: existsSync(path) ? path : undefined }
    })
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("hex")
}

export function unhex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "hex"))
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex")
}

/** SHA-256 over, per record in order, u32le key length, key, u32le value length, value. */
export function recordsDigest(records: Iterable<DbRecord>): string {
  const hash = createHash("sha256")
  const length = Buffer.alloc(4)
  for (const record of records) {
    for (const part of record) {
      length.writeUInt32LE(part.length)
      hash.update(length).update(part)
    }
  }
  return hash.digest("hex")
}

/** Gives a string of one character a byte: a key for a Map, in the order of the bytes. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("latin1")
}

export function unlatin1(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "latin1"))
}

/** Unsigned bytes, the shorter first: the order of every database here. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  return Buffer.compare(a, b)
}

const HEADER = 20
const INTERNAL = 1
const LEAF = 2
const OVERFLOW = 4
const BIG_DATA = 1
const BIG_KEY = 2

export interface CanonicalImage {
  /** The file with undefined bytes zeroed. */
  bytes: Uint8Array
  pagesize: number
  /** The type of each page, 0 for the meta page; free pages -1, pages nothing refers to their own type. */
  types: number[]
  /** Levels of the tree; 0 for an empty file. */
  depth: number
}

/**
 * Gives `file` with every byte zeroed that the format leaves undefined (specs/berkeley-btree.md section 11): padding of
 * items, the gap between lower and upper, the tail of a chain's last page, all but number and link of a free page.
 * Either byte order. Two programs that did the same have equal canonical images.
 * @throws Error where the structure cannot be followed; this is a tool for sound files, not a checker.
 */
export function canonical(file: Uint8Array): CanonicalImage {
  if (file.length === 0) return { bytes: file, pagesize: 0, types: [], depth: 0 }
  const source = new DataView(file.buffer, file.byteOffset, file.length)
  const little = source.getUint32(0, true) === 0x53162
  if (!little && source.getUint32(0, false) !== 0x53162) throw new Error("not a btree file")
  const pagesize = source.getUint32(8, little)
  const pages = Math.floor(file.length / pagesize)
  const bytes = new Uint8Array(file.length)
  const types = new Array<number>(pages).fill(-1)
  types[0] = 0

  const u32 = (page: number, offset: number) => source.getUint32(page * pagesize + offset, little)
  const u16 = (page: number, offset: number) => source.getUint16(page * pagesize + offset, little)
  const keep = (page: number, offset: number, length: number) => {
    if (offset + length > pagesize) throw new Error(`page ${page}: bytes ${offset}+${length} out of the page`)
    const start = page * pagesize + offset
    bytes.set(file.subarray(start, start + length), start)
  }
  const visit = (page: number, type: number) => {
    if (page < 1 || page >= pages) throw new Error(`page ${page} out of range (${pages} pages)`)
    if (types[page] === OVERFLOW && type === OVERFLOW) return false // a separator refers to a leaf's key chain
    if (types[page] !== -1) throw new Error(`page ${page} is referred to twice`)
    types[page] = type
    return true
  }
  const chain = (reference: number, item: number) => {
    let page = u32(item, reference)
    let left = u32(item, reference + 4)
    while (left > 0) {
      if (!visit(page, OVERFLOW)) return
      const part = Math.min(left, pagesize - HEADER)
      keep(page, 0, HEADER + part)
      left -= part
      page = u32(page, 8)
    }
  }
  const tree = (page: number): number => {
    const type = u32(page, 12) & 0x1f
    if (type !== INTERNAL && type !== LEAF) throw new Error(`page ${page}: type ${type} in the tree`)
    visit(page, type)
    const lower = u16(page, 16)
    keep(page, 0, lower)
    let depth = 1
    for (let slot = HEADER; slot < lower; slot += 2) {
      const item = u16(page, slot)
      const keyLength = u32(page, item)
      const flags = file[page * pagesize + item + 8] as number
      if (type === INTERNAL) {
        keep(page, item, 9 + keyLength)
        if (flags & BIG_KEY) chain(item + 9, page)
        depth = tree(u32(page, item + 4)) + 1
      } else {
        keep(page, item, 9 + keyLength + u32(page, item + 4))
        if (flags & BIG_KEY) chain(item + 9, page)
        if (flags & BIG_DATA) chain(item + 9 + keyLength, page)
      }
    }
    return depth
  }

  keep(0, 0, pagesize)
  const depth = pages > 1 ? tree(1) : 0
  for (let page = u32(0, 12); page !== 0; page = u32(page, 8)) {
    if (page >= pages || types[page] !== -1) throw new Error(`page ${page} on the free list`)
    types[page] = -2
    keep(page, 0, 4)
    keep(page, 8, 4)
  }
  for (let page = 1; page < pages; page++) {
    if (types[page] === -1) {
      // Leaked: whatever it was, its bytes are as defined as those of a page in use.
      types[page] = u32(page, 12) & 0x1f
      keep(page, 0, pagesize)
    } else if (types[page] === -2) types[page] = -1
  }
  keep(0, 0, pagesize)
  return { bytes, pagesize, types, depth }
}

/** A small seeded generator (mulberry32) with what the random tests draw. */
export class Random {
  readonly seed: number
  #state: number

  constructor(seed: number) {
    this.seed = seed
    this.#state = seed >>> 0
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let t = this.#state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000
  }

  /** A whole number in [low, high]. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(list: readonly T[]): T {
    return list[this.between(0, list.length - 1)] as T
  }

  bytes(length: number): Uint8Array {
    const words = new Uint32Array((length + 3) >> 2)
    for (let i = 0; i < words.length; i++) words[i] = this.next() * 0x100000000
    return new Uint8Array(words.buffer, 0, length)
  }

  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.between(0, i)
      const other = list[j] as T
      list[j] = list[i] as T
      list[i] = other
    }
    return list
  }
}

/**
 * Runs `body` with a generator seeded by `seed`, or by the environment variable SEED; a failure's message ends with the
 * seed that repeats it.
 */
export function seeded(seed: number, body: (random: Random) => void): void {
  const chosen = process.env.SEED === undefined ? seed : Number(process.env.SEED)
  try {
    body(new Random(chosen))
  } catch (error) {
    if (error instanceof Error) error.message += `\n(repeat with SEED=${chosen})`
    throw error
  }
}
