/**
 * The bytes of a rollback journal: a header, and from byte 512 on one record for each 512-byte chunk of the
 * stream that is about to be changed, with what it held at the last flush. When they are written, and why
 * that is safe, is the matter of journaled.ts. Numbers are little-endian, offset:size field:
 *   header  0:4 magic "FTJ1"  4:4 salt  8:4 0 idle, 1 active  12:8 size of the stream (a double)  20:4 CRC-32
 *   record  0:4 chunk number  4:4 salt  8:4 records durable before  12:512 old bytes  524:4 CRC-32 from salt
 * The CRC-32 tells what is torn; the salt, what an earlier transaction left behind.
 */
import { crc32 } from "../checksum.ts"
import { failure } from "../errors.ts"
import type { RandomAccessStream } from "./stream.ts"

/** Bytes of the stream in one record. */
export const CHUNK_SIZE = 512
/** The largest stream whose chunks have numbers, in bytes. */
export const STREAM_SIZE_MAX = CHUNK_SIZE * 0xffffffff
/** Header state: the stream is whole, the records mean nothing. */
export const IDLE = 0
/** Header state: the records lead back to the last flush. */
export const ACTIVE = 1

const MAGIC = 0x314a5446
const HEADER_MAGIC = 0
const SALT = HEADER_MAGIC + 4
const HEADER_STATE = SALT + 4
const HEADER_STREAM_SIZE = HEADER_STATE + 4
const HEADER_CHECKSUM = HEADER_STREAM_SIZE + 8
const HEADER_SIZE = HEADER_CHECKSUM + 4
const RECORDS_START = 512 // so that no record shares a sector with the header
const RECORD_CHUNK = 0
const RECORD_DURABLE = SALT + 4
const RECORD_BYTES = RECORD_DURABLE + 4
const RECORD_CHECKSUM = RECORD_BYTES + CHUNK_SIZE
const RECORD_SIZE = RECORD_CHECKSUM + 4

/** Writes and reads headers and records. Allocates 0.5 KB when made, nothing later. */
export class Journal {
  /** The salt that headers and records are written with, and that records are read for. */
  salt: number
  /** Size in bytes of the stream when the transaction began; it goes into headers. */
  oldSize: number
  /** All transfers pass through here. Between calls its first CHUNK_SIZE bytes are free for other uses. */
  readonly buffer: Uint8Array
  _view: DataView
  _stream: RandomAccessStream

  constructor(stream: RandomAccessStream) {
    this.salt = 0
    this.oldSize = 0
    this.buffer = new Uint8Array(RECORD_SIZE)
    this._view = new DataView(this.buffer.buffer)
    this._stream = stream
  }

  /** Writes a header of `salt` and `oldSize`. */
  writeHeader(state: number): void {
    const view = this._view
    view.setUint32(HEADER_MAGIC, MAGIC, true)
    view.setUint32(SALT, this.salt, true)
    view.setUint32(HEADER_STATE, state, true)
    view.setFloat64(HEADER_STREAM_SIZE, this.oldSize, true)
    view.setUint32(HEADER_CHECKSUM, crc32(this.buffer, 0, HEADER_CHECKSUM, 0), true)
    this._stream.write(this.buffer, 0, 0, HEADER_SIZE)
  }

  /**
   * Gives the state, IDLE for a new journal or a torn header. Takes over `salt` and `oldSize`; from a torn
   * header neither, `salt` is then the greatest of any record. Reads 24 bytes, if torn 12 of each record too.
   * @throws EFTYPE the stream holds something else; ECORRUPT
   */
  readHeader(): number {
    const count = this._stream.read(this.buffer, 0, 0, HEADER_SIZE)
    // Headers are written over one another, so a torn one has the magic; a torn first one has parts of it.
    for (let i = 0; i < 4 && i < count; i++) {
      const byte = this.buffer[HEADER_MAGIC + i]
      if (byte !== 0 && byte !== 0xff && byte !== ((MAGIC >>> (8 * i)) & 0xff)) {
        throw failure("EFTYPE", "not a journal: expected an empty stream or the magic FTJ1")
      }
    }
    const view = this._view
    const checksum = crc32(this.buffer, 0, HEADER_CHECKSUM, 0)
    if (count < HEADER_SIZE || view.getUint32(HEADER_CHECKSUM, true) !== checksum) {
      this.salt = this._greatestSalt()
      return IDLE
    }
    this.oldSize = view.getFloat64(HEADER_STREAM_SIZE, true)
    this.salt = view.getUint32(SALT, true)
    if (!(this.oldSize <= STREAM_SIZE_MAX)) throw failure("ECORRUPT", `a journal for ${this.oldSize} bytes`)
    return view.getUint32(HEADER_STATE, true)
  }

  /** Writes what `source` holds in `chunk` as record `index`, `durable` records being durable already. */
  writeRecord(index: number, chunk: number, durable: number, source: RandomAccessStream): void {
    const count = source.read(this.buffer, chunk * CHUNK_SIZE, RECORD_BYTES, CHUNK_SIZE)
    this.buffer.fill(0, RECORD_BYTES + count, RECORD_CHECKSUM)
    const view = this._view
    view.setUint32(RECORD_CHUNK, chunk, true)
    view.setUint32(SALT, this.salt, true)
    view.setUint32(RECORD_DURABLE, durable, true)
    view.setUint32(RECORD_CHECKSUM, crc32(this.buffer, 0, RECORD_CHECKSUM, this.salt), true)
    this._stream.write(this.buffer, RECORDS_START + index * RECORD_SIZE, 0, RECORD_SIZE)
  }

  /** Writes the bytes in record `index` back to `target`; false, and nothing written, when it is damaged. */
  restoreRecord(index: number, target: RandomAccessStream): boolean {
    if (!this._readRecord(index)) return false
    const position = this._view.getUint32(RECORD_CHUNK, true) * CHUNK_SIZE
    target.write(this.buffer, position, RECORD_BYTES, Math.min(CHUNK_SIZE, this.oldSize - position))
    return true
  }

  /**
   * Gives the number of records before the first that is not whole or not of this transaction.
   * @throws ECORRUPT when that one was durable and has been damaged: a later record that counted it tells
   */
  countRecords(): number {
    let count = 0
    while (this._readRecord(count)) count++
    for (let i = count + 1; this._readRecord(i); i++) {
      if (this._view.getUint32(RECORD_DURABLE, true) > count) {
        throw failure("ECORRUPT", `journal record ${count} is damaged: the last transaction cannot be undone`)
      }
    }
    return count
  }

  /** Makes what was written durable. */
  flush(): void {
    this._stream.flush()
  }

  /** Closes the stream of the journal. */
  close(): void {
    this._stream.close()
  }

  // Reads a record into the buffer and tells whether it is whole and of the transaction of the header.
  _readRecord(index: number): boolean {
    const count = this._stream.read(this.buffer, RECORDS_START + index * RECORD_SIZE, 0, RECORD_SIZE)
    return (
      count === RECORD_SIZE &&
      this._view.getUint32(SALT, true) === this.salt &&
      this._view.getUint32(RECORD_CHECKSUM, true) === crc32(this.buffer, 0, RECORD_CHECKSUM, this.salt) &&
      this._view.getUint32(RECORD_CHUNK, true) * CHUNK_SIZE < this.oldSize
    )
  }

  // A torn record may give a salt never used; that is no harm, as it counts only when it is the greatest.
  _greatestSalt(): number {
    let greatest = 0
    let position = RECORDS_START
    while (this._stream.read(this.buffer, position, 0, RECORD_BYTES) === RECORD_BYTES) {
      const salt = this._view.getUint32(SALT, true)
      if (salt > greatest) greatest = salt
      position += RECORD_SIZE
    }
    return greatest
  }
}
