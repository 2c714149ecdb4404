/** Reading a constant database: by key, by index, in order. */
import type { Region } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { allocate } from "../platform.ts"
import type { FlashDevice } from "../stream/flash-device.ts"
import { copyValue, roomFor, windowFor } from "./access.ts"
import type { ItemIterator, Visit } from "./extras/items.ts"
import { leafSlots, PLACE, WANTED } from "./layout.ts"
import { openFile } from "./open.ts"
import { checkShape } from "./options.ts"
import { locate, openKey, openValue } from "./search.ts"
import type {
  AnyReader,
  ConstantFinding,
  FlashRange,
  KeyType,
  Pages,
  Place,
  Progress,
  ReaderOptions,
  Source,
} from "./types.ts"

/** A key with its value; both are copies. */
export interface Item<Key> {
  key: Key
  value: Uint8Array
}

/**
 * A reader of constant databases, of one key type and page size. Opening, lookups and steps keep no memory but its buffers: a window of 64
 * bytes (or two keys) and `pageBuffers` pages.
 */
export class Reader<Key = unknown> implements Region {
  declare _options: ReaderOptions<Key>
  declare _key: KeyType<Key>
  declare _pagesize: number
  /** null while nothing is open. */
  declare _source: Source | null
  /** Where the database begins on a flash device; -1 on a stream. */
  declare _flashAt: number
  /** The window, and a view of it with what is behind it (access.ts). */
  declare _bytes: Uint8Array
  declare _view: DataView
  /** Position of the window in the file, -1 when it holds nothing. */
  declare _windowAt: number
  /** What the last probe of the tree was found in: the reader itself, or the pages that it has. */
  declare _region: AnyReader | Pages
  declare _items: number
  /** Page number of the first leaf. */
  declare _firstLeaf: number
  /** Length of the database in bytes. */
  declare _end: number

  /** Gives the key and value of an index from 0, in the order of keys; undefined beyond the last. @throws EINVAL no whole number; as exists() */
  declare at: (index: number) => Item<Key> | undefined

  /** Page buffers, and blocks of a device: in "constant-extras" on Espruino, as the next three. */
  declare _placeOf: (device: FlashDevice, range: FlashRange) => Place
  declare _makePages: (pagesize: number, count: number) => Pages
  declare forEach: (visit: Visit<Key>, start?: number, end?: number) => void
  declare verify: (progress?: Progress) => ConstantFinding[]
  declare items: (start?: number, end?: number) => ItemIterator<Key>

  /**
   * Allocates the window, and the page buffers that are asked for.
   * @throws EINVAL options that cannot be, ENOMEM
   * @example
   * const reader = new Reader({ key: uint32 })
   * reader.open(new FileStream("table.cdb"))
   * reader.lookup(7)
   */
  constructor(options: ReaderOptions<Key>) {
    const pagesize = checkShape(options)
    const size = windowFor(options.key.size)
    const memory = allocate(size + WANTED + options.key.size).buffer
    this._options = options
    this._key = options.key
    this._pagesize = pagesize
    this._source = null
    this._flashAt = this._windowAt = -1
    this._bytes = new Uint8Array(memory, 0, size)
    this._view = new DataView(memory)
    this._region = this
    if (options.cache !== undefined) this._region = options.cache
    else if (options.pageBuffers) this._region = this._makePages(pagesize, options.pageBuffers)
    this._items = this._firstLeaf = this._end = 0
  }

  /**
   * Opens the database in a stream, or in blocks of a flash device; neither is closed by the reader. What was open is closed before. Reads
   * the header, 144 bytes, and the keys of the root. The digests are not checked: verify() does that.
   * @throws EFTYPE what is no such database: signature, version, application version, key size, page size, order of keys; ECORRUPT its
   * header is damaged, or it is cut short; EINVAL, EIO
   */
  open(source: Source, range?: FlashRange): void {
    this.close()
    openFile(this, source, range)
  }

  /** Number of keys. @throws ECLOSED */
  get size(): number {
    this._check()
    return this._items
  }

  /** Tells whether there is such a key. @throws EINVAL what is no key; ECORRUPT, EIO, ECLOSED */
  exists(key: Key): boolean {
    return this._find(key) >= 0
  }

  /** Gives a copy of the value of a key, undefined when there is none. @throws as exists(); ENOMEM */
  lookup(key: Key): Uint8Array | undefined {
    const index = this._find(key)
    return index < 0 ? undefined : this._value(index)
  }

  /**
   * Copies the value of a key to `target` from `offset` (0 when left out), as much as fits, and gives its whole length; -1 when there is no
   * such key. Allocates nothing; a view where the source is a flash device and the value does not fill the target. @throws as exists()
   */
  lookupInto(key: Key, target: Uint8Array, offset?: number): number {
    const index = this._find(key)
    const from = offset === undefined ? 0 : offset
    if (index < 0) return -1
    const length = openValue(this, index)
    copyValue(this, this._place(), target, from, roomFor(target, from, length))
    return length
  }

  /** Gives the index of the first key that is not smaller than `key`; size when all are. @throws as exists() */
  lowerBound(key: Key): number {
    const index = this._find(key)
    return index < 0 ? -1 - index : index
  }

  /** Ends the use of what is open, and forgets its pages; the source stays open. May be called twice. */
  close(): void {
    this._source = null
    this._windowAt = -1
    if (this._region !== this) (this._region as Pages)._drop(this)
  }

  /** at(), under a name that no array has. */
  _itemAt(index: number): Item<Key> | undefined {
    this._check()
    if (!(index >= 0 && index % 1 === 0)) refuse("EINVAL", `no index ${index}`)
    if (index >= this._items) return undefined
    const key = this._keyAt(index)
    return { key: key, value: this._value(index) }
  }

  _check(): void {
    if (this._source === null) refuse("ECLOSED", "no database is open")
  }

  /** Gives what locate() does. */
  _find(key: Key): number {
    this._check()
    this._key.encode(key, this._view, this._bytes.length + WANTED)
    return locate(this)
  }

  _keyAt(index: number): Key {
    const at = openKey(this, index)
    return this._key.decode(this._region._view, at)
  }

  /** Gives the value of an index the head of whose leaf was read last. */
  _value(index: number): Uint8Array {
    const length = openValue(this, index)
    const value = allocate(length)
    copyValue(this, this._place(), value, 0, length)
    return value
  }

  _place(): number {
    return this._view.getFloat64(this._bytes.length + PLACE)
  }

  /** Keys of a full leaf. */
  _slots(): number {
    return leafSlots(this._pagesize, this._key.size)
  }

  /** Position of the value area. */
  _valuesAt(): number {
    return (this._firstLeaf + Math.ceil(this._items / this._slots())) * this._pagesize
  }
}

/** What a small device may leave out: the extras put something in the place of it. */
function needsExtras(): never {
  refuse("EINVAL", 'needs require("constant-extras")(require("constant"))')
}

Reader.prototype.at = Reader.prototype._itemAt as never
Reader.prototype._makePages = needsExtras
Reader.prototype._placeOf = needsExtras
Reader.prototype.forEach = needsExtras
Reader.prototype.verify = needsExtras
Reader.prototype.items = needsExtras
