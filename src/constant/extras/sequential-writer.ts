/** Writing a database whose keys and sizes are known before its values: in two phases, front to back. */
import { type Bytes, toBytes } from "../../bytes.ts"
import { crc32 } from "../../checksum.ts"
import { refuse } from "../../errors.ts"
import { Sha256 } from "../../sha256.ts"
import { compareKeys } from "../key-types.ts"
import {
  APP_VERSION,
  CHECK,
  FIRST_LEAF,
  HEADER,
  ITEMS,
  KEY_SIZE,
  LEAVES,
  LEVELS,
  leafSlots,
  PAGESIZE,
  SIGNATURE_LENGTH,
  setUint64,
  TREE_AT,
  TREE_DIGEST,
  TREE_SIZE,
  U32,
  VALUES_AT,
  VALUES_DIGEST,
  VALUES_SIZE,
  VERSION,
  VERSION_AT,
} from "../layout.ts"
import { checkShape, signatureOf } from "../options.ts"
import type { AnyKey, AnyKeyType, ConstantOptions, Source } from "../types.ts"
import { Declared } from "./declared.ts"
import { type Levels, levelsOf } from "./levels.ts"
import { append, Output, type WriteRange, writePage, writeSignature } from "./output.ts"
import { buildInner, buildLeaf } from "./pages.ts"

const DECLARING = 0
const WRITING = 1
const FINISHED = 2
const FAILED = 3

/**
 * Declare all keys in order with the sizes of their values, write the header, then the values in the same order, and end. Keeps a key
 * and four bytes for each, and one page. The same keys and values give the same bytes, whatever the writer and the target.
 */
export class SequentialWriter<Key = unknown> {
  declare _options: ConstantOptions<Key>
  declare _key: AnyKeyType
  declare _pagesize: number
  declare _declared: Declared
  /** Bytes of the values declared: of the leaf under way, and all. */
  declare _leafBytes: number
  declare _valueBytes: number
  declare _phase: number
  declare _levels: Levels | null
  declare _out: Output | null
  declare _treeDigest: Uint8Array | null
  declare _digest: Sha256 | null
  /** Values written. */
  declare _written: number

  /** @throws EINVAL options that cannot be, ENOMEM */
  constructor(options: ConstantOptions<Key>) {
    const pagesize = checkShape(options)
    const version = options.appVersion
    if (version !== undefined && !(version >= 0 && version < U32 && version % 1 === 0))
      refuse("EINVAL", `appVersion is ${version}, expected a whole number from 0 to 4294967295`)
    this._options = options
    this._key = options.key
    this._pagesize = pagesize
    this._declared = new Declared(options.key.size)
    this._leafBytes = this._valueBytes = this._written = 0
    this._phase = DECLARING
    this._levels = null
    this._out = null
    this._treeDigest = null
    this._digest = null
  }

  /**
   * Declares the next key, and how many bytes its value will have.
   * @throws EINVAL what is no key, or not larger than the one before; a size that cannot be, or more than 4 GiB in a leaf; after writeHeader()
   */
  add(key: Key, valueSize: number): void {
    const declared = this._declared
    const scratch = declared._scratch
    this._key.encode(key, scratch, 0)
    const count = declared._count
    if (count > 0) {
      const view = declared._viewOf(count - 1)
      if (!(compareKeys(this._key, view, declared._at, scratch, 0) < 0))
        refuse(
          "EINVAL",
          `key ${count} is not larger than the one before: keys are added in ascending order, each once`,
        )
    }
    if (this._phase !== DECLARING) refuse("EINVAL", "no key can be declared after writeHeader()")
    if (!(valueSize >= 0 && valueSize < U32 && valueSize % 1 === 0))
      refuse("EINVAL", `valueSize is ${valueSize}, expected a whole number from 0 to 4294967295`)
    if (count === U32 - 1) refuse("EINVAL", "a database has at most 4294967295 keys")
    if (count % leafSlots(this._pagesize, this._key.size) === 0) this._leafBytes = 0
    if (this._leafBytes + valueSize >= U32)
      refuse(
        "EINVAL",
        `the values of one leaf have ${this._leafBytes + valueSize} bytes, less than 4 GiB are expected`,
      )
    this._leafBytes += valueSize
    this._valueBytes += valueSize
    declared._add(valueSize)
  }

  /**
   * Begins the second phase: writes the tree to a stream, or to blocks of a flash device, which are erased first. The target stays the
   * caller's, and no one else's until writeFinalize().
   * @throws EINVAL called before, or the tree has 4 GiB; ENOSPC more than the blocks hold; EROFS, EIO
   */
  writeHeader(target: Source, range?: WriteRange): void {
    if (this._phase !== DECLARING)
      refuse("EINVAL", "the header has been written: writeHeader() is called once")
    const levels = levelsOf(this._declared._count, this._pagesize, this._key.size)
    const treeSize = levels._pages * this._pagesize
    if (treeSize >= U32) refuse("EINVAL", `the tree has ${treeSize} bytes, less than 4 GiB are expected`)
    const out = new Output(target, range, this._pagesize, this._pagesize + treeSize + this._valueBytes)
    this._phase = FAILED // until it is through
    const digest = new Sha256()
    for (let level = levels._counts.length - 1; level >= 0; level--) {
      for (let node = 0; node < levels._counts[level]; node++) {
        out._page.fill(0)
        if (level === 0) buildLeaf(out._view, this._declared, levels, node)
        else buildInner(out._view, this._declared, levels, level, node)
        digest.update(out._page, 0, this._pagesize)
        out._used = this._pagesize
        writePage(out)
      }
    }
    this._treeDigest = digest.digest()
    this._digest = new Sha256()
    this._out = out
    this._levels = levels
    this._phase = WRITING
  }

  /**
   * Writes the value of the next key.
   * @throws EINVAL before writeHeader() or after writeFinalize(), a key or a size that was not declared here; EIO, and then the file has
   * to be begun again
   */
  writeValue(key: Key, value: Bytes): void {
    this._checkWriting()
    const declared = this._declared
    if (this._written === declared._count)
      refuse("EINVAL", `all ${declared._count} declared values have been written`)
    this._key.encode(key, declared._scratch, 0)
    const view = declared._viewOf(this._written)
    if (compareKeys(this._key, view, declared._at, declared._scratch, 0) !== 0)
      refuse("EINVAL", `value ${this._written} is that of another key than was declared`)
    const bytes = toBytes(value, "value")
    const size = declared._sizeOf(this._written)
    if (bytes.length !== size)
      refuse("EINVAL", `value ${this._written} has ${bytes.length} bytes, ${size} were declared`)
    this._phase = FAILED
    ;(this._digest as Sha256).update(bytes, 0, size)
    append(this._out as Output, bytes, 0, size)
    this._written++
    this._phase = WRITING
  }

  /** Ends the database: what is left of the values, and the signature page, which makes it one. @throws EINVAL values are missing; EIO */
  writeFinalize(): void {
    this._checkWriting()
    const count = this._declared._count
    if (this._written < count)
      refuse("EINVAL", `writeFinalize() after ${this._written} of ${count} declared values`)
    this._phase = FAILED
    const out = this._out as Output
    writePage(out)
    buildSignature(this, out._page, out._view)
    writeSignature(out)
    this._phase = FINISHED
  }

  _checkWriting(): void {
    if (this._phase === FAILED) refuse("EIO", "an earlier call was cut short: begin again with a new writer")
    if (this._phase !== WRITING)
      refuse("EINVAL", this._phase === DECLARING ? "writeHeader() comes first" : "the database is finished")
  }
}

function buildSignature(writer: SequentialWriter<AnyKey>, page: Uint8Array, view: DataView): void {
  const levels = writer._levels as Levels
  const pagesize = writer._pagesize
  const treeSize = levels._pages * pagesize
  page.fill(0)
  const signature = signatureOf(writer._options)
  for (let i = 0; i < SIGNATURE_LENGTH && i < signature.length; i++) page[i] = signature[i]
  view.setUint32(VERSION_AT, VERSION, true)
  view.setUint32(APP_VERSION, writer._options.appVersion === undefined ? 0 : writer._options.appVersion, true)
  view.setUint32(ITEMS, writer._declared._count, true)
  view.setUint32(KEY_SIZE, writer._key.size, true)
  setUint64(view, TREE_AT, pagesize)
  setUint64(view, TREE_SIZE, treeSize)
  setUint64(view, FIRST_LEAF, (levels._pages - levels._counts[0]) * pagesize)
  view.setUint32(PAGESIZE, pagesize, true)
  view.setUint32(LEVELS, levels._counts.length, true)
  view.setUint32(LEAVES, levels._counts[0], true)
  page.set(writer._treeDigest as Uint8Array, TREE_DIGEST)
  setUint64(view, VALUES_AT, pagesize + treeSize)
  setUint64(view, VALUES_SIZE, writer._valueBytes)
  page.set((writer._digest as Sha256).digest(), VALUES_DIGEST)
  view.setUint32(CHECK, crc32(page, 16, HEADER, 0), true)
}
