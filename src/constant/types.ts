/** What callers of the constant database give and get. Types only. */
import type { Region } from "../bytes.ts"
import type { FlashDevice } from "../stream/flash-device.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import type { Reader } from "./reader.ts"

/** How keys are stored and ordered: `size` bytes each, all alike. */
export interface KeyType<Key = unknown> {
  /** Bytes of a key, at least 1. */
  size: number
  /** Orders two stored keys: negative, 0 or positive. When left out, by their bytes. */
  compare?: (a: DataView, aOffset: number, b: DataView, bOffset: number) => number
  /** Stores a key at `at`. @throws EINVAL for what is no such key */
  encode(key: Key, into: DataView, at: number): void
  /** Gives the key stored at `at`, as a value of its own. */
  decode(from: DataView, at: number): Key
  /**
   * Gives a number that ascends with the keys, where there is one: a search on flash then begins where the key would be if they were
   * spread evenly, and takes fewer reads. A wrong one costs reads and nothing else.
   */
  toNumber?: ((from: DataView, at: number) => number) | undefined
}

/** What a file is made with, and what it must be opened with again: none but the key size and the page size is recorded. */
export interface ConstantOptions<Key = unknown> {
  key: KeyType<Key>
  /** Bytes of a page: 1024 when left out, 144 to 65536, with room for a key in a leaf and two in an inner node. */
  pagesize?: number
  /** The first 8 bytes of the file: "cbtreedb" when left out; cut, or filled with zeros. */
  signature?: string
  /** Version of what the application stores, 32 bits: 0 when left out. */
  appVersion?: number
}

export interface ReaderOptions<Key = unknown> extends ConstantOptions<Key> {
  /** Pages kept for this reader and others. */
  cache?: Pages
  /**
   * Without a cache: 0 (the default) reads in place, only what a search looks at; 1 or 2 are buffers of a page each, the second one for
   * the root.
   */
  pageBuffers?: number
}

/** Where whole pages are kept: the reader's own buffers, or a PageCache. */
export interface Pages extends Region {
  /** @internal Makes _bytes and _view those of a page, until the next call. */
  _page(reader: AnyReader, pgno: number): void
  /** @internal Forgets the pages of a reader. */
  _drop(reader: AnyReader): void
}

/** The blocks of a flash device that a database has: all when left out. */
export interface FlashRange {
  firstBlock?: number
  blockCount?: number
}

/** The same in bytes. */
export interface Place {
  start: number
  size: number
}

/** Where a database is read from. */
export type Source = RandomAccessStream | FlashDevice

export interface ConstantFinding {
  code: "ECORRUPT"
  /** Page number: 0 is the signature page; the values follow the last page of the tree. */
  page: number
  /** Byte offset within the page. */
  offset: number
  message: string
}

/** Told how many of how many bytes are done; false stops. */
export type Progress = (done: number, total: number) => boolean | void

// biome-ignore lint/suspicious/noExplicitAny: what a key is, is the caller's matter
export type AnyKey = any
/** The same with keys of any kind. */
export type AnyReader = Reader<AnyKey>
export type AnyKeyType = KeyType<AnyKey>
export type AnyOptions = ConstantOptions<AnyKey>
