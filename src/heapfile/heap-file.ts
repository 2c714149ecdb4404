/**
 * A heap file: a gapless run of nodes from byte 0 on, each a header and a data area. Invariants: one HeapFile changes a stream at a time;
 * every node before `_scanFrom` is in use, so that no walk for free space has to begin before it. Each step of a change leaves a file
 * that can be walked: what makes a node larger or smaller is one header, written after whatever it uncovers.
 */
import type { Bytes } from "../bytes.ts"
import { toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { allocate } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { checkNumber, corruptNode, getNumber, putNumber } from "./fields.ts"
import { checkNode, HeapNode, refuseStale } from "./heap-node.ts"
import { ALOC, ALOC_MAX, HEADER, MAGIC, SPLIT_MIN, SWALLOWED, USED } from "./layout.ts"
import { copyContent, freeBefore, place } from "./placement.ts"

/**
 * Nodes in a stream, which stays the caller's. Nothing is kept of them in memory: node objects are what was on the medium when they were
 * read, and one that has changed since is refused (ESTALE) by whatever would change it. An empty stream is a heap without nodes.
 * After a write that failed all that change it throw EIO, until rollback() or a new HeapFile.
 */
export class HeapFile {
  declare readonly stream: RandomAccessStream
  /** @internal */ declare _header: Uint8Array
  /** @internal Of the header that was read last. */ declare _aloc: number
  /** @internal */ declare _used: number
  /** @internal No node before this one is free; and the node before it, or -1. */ declare _scanFrom: number
  /** @internal */ declare _scanPrev: number
  /** @internal The node before the one that was found. */ declare _foundPrev: number
  /** @internal */ declare _failed: boolean

  /** Reads nothing. @throws EINVAL what is no stream */
  constructor(stream: RandomAccessStream) {
    if (!stream || !stream.read || !stream.write || !stream.size || !stream.setSize)
      refuse("EINVAL", "not a stream: read, write, size and setSize are expected")
    this.stream = stream
    this._header = new Uint8Array(HEADER)
    this._aloc = this._used = 0
    this._scanFrom = 0
    this._scanPrev = this._foundPrev = -1
    this._failed = false
  }

  /**
   * Gives the node whose header begins at byte `id`, or undefined at and past the end. One read of 16 bytes.
   * @throws EINVAL; ECORRUPT no node begins there, or it reaches beyond the file, or more is in use than it has
   */
  readNode(id: number): HeapNode | undefined {
    checkNumber("id", id, 0, POSITION_MAX)
    return this._load(id, false) ? new HeapNode(id, this._aloc, this._used) : undefined
  }

  /**
   * Gives the node after `node`, or the first one when there is none; undefined behind the last. `prev` of what it gives and `succ` of
   * `node` are filled in. One read of 16 bytes. @throws EINVAL, ECORRUPT
   */
  readNext(node?: HeapNode): HeapNode | undefined {
    if (node === undefined || node === null) return this.readNode(0)
    checkNode(node)
    const id = node.id + HEADER + node.aloc
    node.succ = id
    return this._load(id, false) ? new HeapNode(id, this._aloc, this._used, node.id) : undefined
  }

  /**
   * Gives a copy of the bytes in use, from `offset` on, `length` of them or all; undefined of a free node.
   * Two reads. @throws EINVAL beyond what is in use; ESTALE, ECORRUPT
   */
  readNodeContent(node: HeapNode, offset?: number, length?: number): Uint8Array | undefined {
    checkNode(node)
    if (node.used === 0) return undefined
    const from = offset === undefined ? 0 : offset
    checkNumber("offset", from, 0, node.used)
    const count = length === undefined ? node.used - from : length
    checkNumber("length", count, 0, node.used - from)
    if (!this._load(node.id, true) || this._used < from + count) refuseStale(node.id)
    const bytes = allocate(count)
    this.stream.read(bytes, node.id + HEADER + from)
    return bytes
  }

  /**
   * Writes the header of `node` and, if given, its data from the beginning on: `used` becomes their length. Two writes.
   * @throws EINVAL more bytes than it has, or none (a node without any is a free one: free() does that); ESTALE, EROFS, EIO, ENOSPC
   */
  writeNode(node: HeapNode, data?: Bytes): void {
    const bytes = data === undefined ? undefined : toBytes(data, "data")
    this._verify(node)
    if (bytes === undefined) checkNumber("used", node.used, 0, node.aloc)
    else {
      checkNumber("the data's length", bytes.length, 1, node.aloc)
      node.used = bytes.length
      this._write(bytes, node.id + HEADER)
    }
    this._writeHeader(node, MAGIC)
    if (node.used === 0) this._noteFree(node)
  }

  /** Overwrites bytes in use, from `offset` (0) on. One write. @throws EINVAL beyond what is in use; ESTALE, EROFS, EIO */
  writeNodeContent(node: HeapNode, data: Bytes, offset?: number): void {
    const bytes = toBytes(data, "data")
    this._verify(node)
    const from = offset === undefined ? 0 : offset
    checkNumber("offset", from, 0, node.used)
    checkNumber("the data's length", bytes.length, 0, node.used - from)
    this._write(bytes, node.id + HEADER + from)
  }

  /**
   * Gives a node with room for `length` bytes: the first free one that is large enough (just as large, if `exact`), which is not split,
   * or a new one at the end. Without `data` all `length` bytes are in use: zeros in a new node, what was there in another one.
   * A read of 16 bytes for each node from the first free one on.
   * @throws EINVAL; ECORRUPT a node on the way; EROFS, EIO, ENOSPC, and then a new node at the end is taken back.
   * Where not even that succeeds, reading on names the byte (`page`) at which stream.setSize() cuts off what is left of it.
   */
  alloc(length: number, data?: Bytes, exact?: boolean): HeapNode {
    checkNumber("length", length, 1, ALOC_MAX)
    const bytes = data === undefined ? undefined : toBytes(data, "data")
    if (bytes !== undefined) checkNumber("the data's length", bytes.length, 1, length)
    return place(this, length, bytes === undefined ? length : bytes.length, bytes, exact === true, 0)
  }

  /**
   * Makes `node` free. Unless `merge` is false it takes in the node after it if that is free, and the one before it takes it in if that is
   * free and `node.prev` tells of it. Gives the free node; data is not wiped. Up to four writes.
   * @throws ESTALE, ECORRUPT, EROFS, EIO
   */
  free(node: HeapNode, merge?: boolean): HeapNode {
    this._verify(node)
    const merges = merge !== false
    const next = node.id + HEADER + node.aloc
    const takesNext = merges && this._load(next, false) && this._used === 0
    const nextAloc = this._aloc
    const before = merges ? freeBefore(this, node) : undefined
    node.used = 0
    if (takesNext) node.aloc += HEADER + nextAloc
    this._writeHeader(node, MAGIC)
    this._noteFree(node)
    if (takesNext) this._swallow(next)
    if (before === undefined) return node
    before.aloc += HEADER + node.aloc
    this._writeHeader(before, MAGIC)
    this._swallow(node.id)
    return before
  }

  /** Lets `node` take in the node after it if that is free; false when it is not, or there is none. @throws ESTALE, ECORRUPT, EROFS, EIO */
  mergeNext(node: HeapNode): boolean {
    this._verify(node)
    const next = node.id + HEADER + node.aloc
    if (!this._load(next, false) || this._used > 0 || node.aloc + HEADER + this._aloc > ALOC_MAX) return false
    node.aloc += HEADER + this._aloc
    this._writeHeader(node, MAGIC)
    if (this._scanFrom === next) {
      this._scanFrom = node.id + HEADER + node.aloc
      this._scanPrev = node.id
    }
    this._swallow(next)
    return true
  }

  /**
   * Gives a node with room for `length` bytes and the content of `node`: itself where it has them or the free node after it makes up for
   * them; else another one as alloc() finds it, and `node` is freed. Moves 512 bytes at a time.
   * @throws EINVAL less than is in use, or a free node; what alloc() and free() throw
   */
  realloc(node: HeapNode, length: number): HeapNode {
    this._verify(node)
    if (node.used === 0) refuse("EINVAL", `node ${node.id} is free`)
    checkNumber("length", length, node.used, ALOC_MAX)
    if (node.aloc >= length) return node
    if (this._load(node.id + HEADER + node.aloc, false) && this._used === 0) {
      if (node.aloc + HEADER + this._aloc >= length && this.mergeNext(node)) return node
    }
    const moved = place(this, length, node.used, undefined, false, 0)
    copyContent(this, node, moved)
    this.free(node)
    return moved
  }

  /**
   * Makes a free node of what `node` has beyond `length` bytes, if that is more than `min` (16) bytes besides a header. Gives it, or
   * undefined when it stays as it is. Two writes. @throws EINVAL less than is in use; ESTALE, EROFS, EIO
   */
  split(node: HeapNode, length: number, min?: number): HeapNode | undefined {
    this._verify(node)
    const least = min === undefined ? SPLIT_MIN : min
    checkNumber("min", least, 0, ALOC_MAX)
    checkNumber("length", length, node.used > 0 ? node.used : 1, ALOC_MAX)
    const room = node.aloc - length - HEADER
    if (room <= least) return undefined
    const rest = new HeapNode(node.id + HEADER + length, room, 0, node.id)
    this._writeHeader(rest, MAGIC)
    node.aloc = length
    this._writeHeader(node, MAGIC)
    node.succ = rest.id
    this._noteFree(rest)
    return rest
  }

  /** Cuts the file where `node` begins: it and all after it are gone. @throws ESTALE, EROFS, EIO, and EINVAL where a stream cannot be cut */
  trunc(node: HeapNode): void {
    this._verify(node)
    this.stream.setSize(node.id)
    if (this._scanFrom > node.id) this._scanAll()
  }

  /** Makes everything durable, as far as the stream does. @throws EIO, ENOSPC */
  flush(): void {
    if (this._failed) this._refuseFailed()
    this.stream.flush()
  }

  /** Forgets what was written since the last flush, and heals a heap that an error stopped. @throws EINVAL the stream is not atomic */
  rollback(): void {
    if (!this.stream.rollback) refuse("EINVAL", "the stream cannot roll back: journaled() makes one that can")
    this.stream.rollback()
    this._failed = false
    this._scanAll()
  }

  /** @internal Reads the header at `id`; false at and past the end. `isKnown`: somebody has seen a node there. */
  _load(id: number, isKnown: boolean): boolean {
    const size = this.stream.size()
    if (id >= size) return false
    const header = this._header
    if (size - id < HEADER) corruptNode(id, size - id, "the file ends within a header")
    this.stream.read(header, id)
    const magic = getNumber(header, 0, 4)
    if (magic !== MAGIC) {
      if (isKnown) refuseStale(id)
      const swallowed = magic === SWALLOWED ? ": its neighbour has taken it in" : ""
      corruptNode(id, 0, `no node begins here (0x${magic.toString(16)})${swallowed}`)
    }
    this._aloc = getNumber(header, ALOC, 6)
    this._used = getNumber(header, USED, 6)
    if (this._aloc > size - id - HEADER)
      corruptNode(id, ALOC, `it has ${this._aloc} bytes, of which ${size - id - HEADER} are in the file`)
    if (this._used > this._aloc)
      corruptNode(id, USED, `${this._used} bytes are in use, of the ${this._aloc} that it has`)
    return true
  }

  /** @internal Refuses to change what is not on the medium as `node` says. */
  _verify(node: HeapNode): void {
    checkNode(node)
    this._begin()
    if (!this._load(node.id, true) || this._aloc !== node.aloc) refuseStale(node.id)
  }

  /** @internal */
  _begin(): void {
    if (this.stream.readonly === true) refuse("EROFS", "the stream is read-only")
    if (this._failed) this._refuseFailed()
  }

  /** @internal */
  _refuseFailed(): never {
    refuse("EIO", "an earlier write failed: roll back, or reopen")
  }

  /** @internal */
  _writeHeader(node: HeapNode, magic: number): void {
    this._encodeHeader(node, magic)
    this._write(this._header, node.id)
  }

  /** @internal */
  _encodeHeader(node: HeapNode, magic: number): void {
    putNumber(this._header, 0, 4, magic)
    putNumber(this._header, ALOC, 6, node.aloc)
    putNumber(this._header, USED, 6, node.used)
  }

  /** @internal Nothing depends on it: a node is where arithmetic says. */
  _swallow(id: number): void {
    putNumber(this._header, 0, 4, SWALLOWED)
    this._write(this._header, id, 4)
  }

  /** @internal */
  _write(bytes: Uint8Array, position: number, length?: number, start?: number): void {
    this._failed = true
    this.stream.write(
      bytes,
      position,
      start === undefined ? 0 : start,
      length === undefined ? bytes.length : length,
    )
    this._failed = false
  }

  /** @internal */
  _noteFree(node: HeapNode): void {
    if (node.id >= this._scanFrom) return
    if (node.prev === undefined) this._scanAll()
    else {
      this._scanFrom = node.id
      this._scanPrev = node.prev
    }
  }

  /** @internal */
  _scanAll(): void {
    this._scanFrom = 0
    this._scanPrev = -1
  }
}
