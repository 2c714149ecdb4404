/**
 * A rollback journal on a second stream, which makes any stream atomic at flush.
 *
 * The journal: a header, and from byte 512 on one record for each 512-byte chunk of the stream that is about
 * to be changed, with what it held at the last flush. Numbers are little-endian, offset:size field:
 *   header  0:4 magic "FTJ1"  4:4 salt  8:4 0 idle, 1 active  12:8 size of the stream (a double)  20:4 CRC-32
 *   record  0:4 chunk number  4:4 salt  8:4 records durable before  12:512 old bytes  524:4 CRC-32 from salt
 *
 * Order of a transaction, where J and S are the journal and the stream:
 *   begin    J: header active, with a new salt and the size of the stream
 *   touch    J: records of the chunks to be changed or cut; J.flush, for begin too; only then S is changed
 *   commit   S.flush; J: header idle; J.flush
 * Why every cut leaves the last flushed state or the one being flushed, though between flushes writes reach
 * either medium in any order, in part or not at all (but a write damages no byte outside its range):
 *   1. Cut before the first J.flush has returned: S is unchanged. The header is idle or torn, and nothing is
 *      done; or active, and every record found holds what S still holds.
 *   2. Cut later, until S.flush of the commit has returned: the header is active. Every chunk that differs
 *      from the old state has a durable record, for J was flushed before the chunk was first changed. Records
 *      not yet durable come last, and their chunks are unchanged. Of several records of one chunk the first
 *      holds the old state; it wins, because they are restored last to first.
 *   3. Cut while the header is made idle: S durably holds the new state, which stays if the header is idle or
 *      torn. If it is still active, S goes back to the old state, for flush had not returned.
 *   4. Cut during recovery or rollback: the header stays active until S.flush has returned, so recovery
 *      starts over; then as 3, with S whole in the old state.
 *   5. A rollback after 3 failed cannot know the header: it makes it durably active before it changes S.
 * So a torn header always means that S is whole. Stale records are never taken for new ones: the salt of a
 * transaction is one more than the header's or, if that is torn, than any record's. A salt comes again only
 * where no record has it, or when a cut under 1 lost the header: then both hold the same old state.
 */
import { crc32 } from "../checksum.ts"
import { failure, isFlashtreeError } from "../errors.ts"
import { checkSize, checkTransfer } from "./memory-stream.ts"
import type { RandomAccessStream } from "./stream.ts"

const CHUNK_SIZE = 512
const SIZE_MAX = CHUNK_SIZE * 0xffffffff
const MAGIC = 0x314a5446
const IDLE = 0
const ACTIVE = 1
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
const REMEMBERED = 128 // chunks known to have a record; one that is forgotten gets another, which is harmless
// How far the transaction is. Between calls BEGUN and ENDING occur only after a failure.
const CLEAN = 0
const BEGUN = 1 // the header may be active, the stream is unchanged
const SECURED = 2 // the header is durably active, the stream may be changed
const ENDING = 3 // the stream is whole and durable, the header may be active or idle

class JournaledStream implements RandomAccessStream {
  readonly atomic: boolean
  readonly readonly: boolean
  readonly pagesize?: number
  _stream: RandomAccessStream
  _journal: RandomAccessStream
  _buffer: Uint8Array
  _view: DataView
  _remembered: Uint32Array
  _phase: number
  _salt: number
  _oldSize: number
  _records: number
  _failed: boolean
  _closed: boolean

  constructor(stream: RandomAccessStream, journal: RandomAccessStream) {
    this.atomic = true
    this.readonly = stream.readonly === true || journal.readonly === true
    if (stream.pagesize !== undefined) this.pagesize = stream.pagesize
    this._stream = stream
    this._journal = journal
    this._buffer = new Uint8Array(RECORD_SIZE)
    this._view = new DataView(this._buffer.buffer)
    this._remembered = new Uint32Array(REMEMBERED)
    this._phase = CLEAN
    this._salt = 0
    this._oldSize = 0
    this._records = 0
    this._failed = false
    this._closed = false
    this._recover()
  }

  read(buffer: Uint8Array, position: number, start?: number, length?: number): number {
    this._checkOpen()
    return this._stream.read(buffer, position, start, length)
  }

  write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    const from = start === undefined ? 0 : start
    const count = length === undefined ? buffer.length - from : length
    this._checkOpen()
    checkTransfer(buffer.length, position, from, count)
    this._checkWritable()
    if (count === 0) return
    this._failed = true
    this._touch(position, position + count)
    this._stream.write(buffer, position, from, count)
    this._failed = false
  }

  size(): number {
    this._checkOpen()
    return this._stream.size()
  }

  setSize(size: number): void {
    this._checkOpen()
    checkSize(size)
    this._checkWritable()
    const present = this._stream.size()
    if (size === present) return
    this._failed = true
    this._touch(size, present)
    this._stream.setSize(size)
    this._failed = false
  }

  flush(): void {
    this._checkOpen()
    if (this._phase === CLEAN) return
    this._checkWritable()
    this._failed = true
    this._end()
    this._failed = false
  }

  rollback(): void {
    this._checkOpen()
    this._rollback()
  }

  close(): void {
    if (this._closed) return
    this._closed = true
    try {
      if (!this._failed) this._rollback() // after a failure the next opening recovers
    } finally {
      try {
        this._stream.close()
      } finally {
        this._journal.close()
      }
    }
  }

  _checkOpen(): void {
    if (this._closed) throw failure("ECLOSED", "the stream is closed")
  }

  // A transaction of which a write failed must not be committed. `_failed` is set before anything changes and
  // reset when all went well, because Espruino's stop at out of memory cannot be caught.
  _checkWritable(): void {
    if (this.readonly) throw failure("EROFS", "the stream or its journal is read-only")
    if (this._failed) throw failure("EIO", "a write failed: roll back or reopen")
  }

  // Makes it safe to change bytes [start, end) of the stream; end <= start when it is only to grow.
  // `_records` counts durable records only: a rollback after a failure in here needs no others.
  _touch(start: number, end: number): void {
    if (this._phase === CLEAN) this._begin()
    const last = Math.ceil(Math.min(end, this._oldSize) / CHUNK_SIZE)
    let added = 0
    for (let chunk = Math.floor(start / CHUNK_SIZE); chunk < last; chunk++) {
      // Remembered as chunk + 1, for 0 is an unused entry.
      if (this._remembered[chunk % REMEMBERED] === chunk + 1) continue
      this._writeRecord(this._records + added++, chunk)
      this._remembered[chunk % REMEMBERED] = chunk + 1
    }
    if (this._phase === SECURED && added === 0) return
    this._journal.flush()
    this._records += added
    this._phase = SECURED
  }

  _begin(): void {
    this._oldSize = this._stream.size()
    if (this._oldSize > SIZE_MAX) throw failure("EINVAL", `the stream has more than ${SIZE_MAX} bytes`)
    this._phase = BEGUN
    this._salt = (this._salt + 1) >>> 0
    this._records = 0
    this._remembered.fill(0)
    this._writeHeader(ACTIVE)
  }

  _end(): void {
    this._stream.flush()
    this._phase = ENDING
    this._writeHeader(IDLE)
    this._journal.flush()
    this._phase = CLEAN
  }

  _rollback(): void {
    this._failed = true
    if (this._phase === ENDING) {
      this._writeHeader(ACTIVE)
      this._journal.flush()
      this._phase = SECURED
    }
    if (this._phase === SECURED) this._restore(this._records)
    this._phase = CLEAN
    this._failed = false
  }

  // Brings back the old size and what the first `count` records hold, and ends the transaction.
  _restore(count: number): void {
    this._restoreSize()
    for (let i = count - 1; i >= 0; i--) {
      if (!this._readRecord(i)) throw failure("ECORRUPT", `journal record ${i} of ${count} is damaged`)
      const position = this._view.getUint32(RECORD_CHUNK, true) * CHUNK_SIZE
      this._stream.write(this._buffer, position, RECORD_BYTES, Math.min(CHUNK_SIZE, this._oldSize - position))
    }
    this._end()
  }

  _restoreSize(): void {
    const size = this._stream.size()
    if (size === this._oldSize) return
    try {
      this._stream.setSize(this._oldSize)
    } catch (error) {
      if (!isFlashtreeError(error) || error.code !== "EINVAL" || size < this._oldSize) throw error
      // A stream that cannot be cut (an Espruino file) keeps its length.
      this._buffer.fill(0)
      for (let position = this._oldSize; position < size; position += CHUNK_SIZE) {
        this._stream.write(this._buffer, position, 0, Math.min(CHUNK_SIZE, size - position))
      }
    }
  }

  _writeHeader(state: number): void {
    const view = this._view
    view.setUint32(HEADER_MAGIC, MAGIC, true)
    view.setUint32(SALT, this._salt, true)
    view.setUint32(HEADER_STATE, state, true)
    view.setFloat64(HEADER_STREAM_SIZE, this._oldSize, true)
    view.setUint32(HEADER_CHECKSUM, crc32(this._buffer, 0, HEADER_CHECKSUM, 0), true)
    this._journal.write(this._buffer, 0, 0, HEADER_SIZE)
  }

  _writeRecord(index: number, chunk: number): void {
    const count = this._stream.read(this._buffer, chunk * CHUNK_SIZE, RECORD_BYTES, CHUNK_SIZE)
    this._buffer.fill(0, RECORD_BYTES + count, RECORD_CHECKSUM)
    const view = this._view
    view.setUint32(RECORD_CHUNK, chunk, true)
    view.setUint32(SALT, this._salt, true)
    view.setUint32(RECORD_DURABLE, this._records, true)
    view.setUint32(RECORD_CHECKSUM, crc32(this._buffer, 0, RECORD_CHECKSUM, this._salt), true)
    this._journal.write(this._buffer, RECORDS_START + index * RECORD_SIZE, 0, RECORD_SIZE)
  }

  // Reads a record into the buffer and tells whether it is whole and of the transaction of the header.
  _readRecord(index: number): boolean {
    const count = this._journal.read(this._buffer, RECORDS_START + index * RECORD_SIZE, 0, RECORD_SIZE)
    return (
      count === RECORD_SIZE &&
      this._view.getUint32(SALT, true) === this._salt &&
      this._view.getUint32(RECORD_CHECKSUM, true) === crc32(this._buffer, 0, RECORD_CHECKSUM, this._salt) &&
      this._view.getUint32(RECORD_CHUNK, true) * CHUNK_SIZE < this._oldSize
    )
  }

  _recover(): void {
    if (this._readHeader() !== ACTIVE) return
    if (this.readonly) throw failure("EROFS", "the last transaction must be rolled back: open for writing")
    this._restore(this._countRecords())
  }

  // Gives the state, IDLE for a new journal or a torn header, and sets the salt and old size.
  _readHeader(): number {
    const count = this._journal.read(this._buffer, 0, 0, HEADER_SIZE)
    // Headers are written over one another, so a torn one has the magic; a torn first one has parts of it.
    for (let i = 0; i < 4 && i < count; i++) {
      const byte = this._buffer[HEADER_MAGIC + i]
      if (byte !== 0 && byte !== 0xff && byte !== ((MAGIC >>> (8 * i)) & 0xff)) {
        throw failure("EFTYPE", "not a journal: expected an empty stream or the magic FTJ1")
      }
    }
    const view = this._view
    const checksum = crc32(this._buffer, 0, HEADER_CHECKSUM, 0)
    if (count < HEADER_SIZE || view.getUint32(HEADER_CHECKSUM, true) !== checksum) {
      this._salt = this._greatestSalt()
      return IDLE
    }
    this._oldSize = view.getFloat64(HEADER_STREAM_SIZE, true)
    this._salt = view.getUint32(SALT, true)
    if (!(this._oldSize <= SIZE_MAX)) throw failure("ECORRUPT", `a journal for ${this._oldSize} bytes`)
    return view.getUint32(HEADER_STATE, true)
  }

  // A torn record may give a salt never used; that is no harm, as it counts only when it is the greatest.
  _greatestSalt(): number {
    let greatest = 0
    let position = RECORDS_START
    while (this._journal.read(this._buffer, position, 0, RECORD_BYTES) === RECORD_BYTES) {
      const salt = this._view.getUint32(SALT, true)
      if (salt > greatest) greatest = salt
      position += RECORD_SIZE
    }
    return greatest
  }

  // Gives the number of records before the first that is not whole. If that one had been durable and was
  // damaged since, a later record that counted it as durable tells.
  _countRecords(): number {
    let count = 0
    while (this._readRecord(count)) count++
    for (let i = count + 1; this._readRecord(i); i++) {
      if (this._view.getUint32(RECORD_DURABLE, true) > count) {
        throw failure("ECORRUPT", `journal record ${count} is damaged: the last transaction cannot be undone`)
      }
    }
    return count
  }
}

/**
 * Gives a stream over `stream` that is atomic at flush: after a power cut or a failure, `journaled` over the
 * same two leaves exactly what the last flush left, or what the one under way was to leave. It recovers right
 * here, writing to `stream`. An empty `journal` is a new one. close rolls back what is not flushed and closes
 * both. After a cut `stream` must not be used without its journal.
 *
 * Costs. RAM: 1.1 KB, allocated here, nothing later. Opening: a read of 24 bytes when all is well. A write to
 * 512-byte chunks not recorded since the last flush: for each a read of 512 and a journal write of 528 bytes,
 * then one journal flush; so does setSize for what it cuts off. The first change of a transaction, be it an
 * append: a journal write of 24 bytes and that flush. Other writes: nothing. (The last 128 chunks are known.)
 * flush: a flush of `stream`, a journal write of 24 bytes and a journal flush; nothing when nothing changed.
 * The journal keeps its size and is overwritten from the start.
 *
 * When a write, setSize or flush throws what one of the streams threw (ENOSPC: or the journal is full), the
 * transaction cannot be committed: further ones throw EIO until rollback() or reopening. Where `stream` can
 * not be cut (setSize throws EINVAL), rolling back leaves zeros past the old end.
 *
 * @throws EINVAL both are the same; EFTYPE `journal` is something else; ECORRUPT a needed record is damaged;
 * EROFS recovery is needed and one is read-only; what the streams throw. Both then stay open.
 */
export function journaled(stream: RandomAccessStream, journal: RandomAccessStream): RandomAccessStream {
  if (stream === journal) throw failure("EINVAL", "the journal must be a stream of its own")
  return new JournaledStream(stream, journal)
}
