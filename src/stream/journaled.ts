/**
 * The transaction that makes a stream atomic at flush, with the rollback journal that journal.ts describes.
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
 * transaction is one more than that of the header last made idle or, if it was found torn, than any record's.
 * A salt comes again only where no record has it, or when the transaction that had it ended under 1, by a cut
 * that lost its header or by a failure and a rollback: then both hold the same old state.
 */
import { failure, isFlashtreeError } from "../errors.ts"
import { checkSize, checkTransfer } from "./check-arguments.ts"
import { ACTIVE, CHUNK_SIZE, IDLE, Journal, STREAM_SIZE_MAX } from "./journal.ts"
import type { RandomAccessStream } from "./stream.ts"

const REMEMBERED = 128 // chunks known to have a record; one that is forgotten gets another, which is harmless
// How far the transaction is. Between calls BEGUN and ENDING occur only after a failure.
const CLEAN = 0
const BEGUN = 1 // the header may be active, the stream is unchanged
const SECURED = 2 // the header is durably active, the stream may be changed
const ENDING = 3 // the stream is whole and durable, the header may be active or idle

class JournaledStream implements RandomAccessStream {
  readonly atomic: boolean
  readonly exclusive: boolean
  readonly readonly: boolean
  readonly pagesize?: number
  _stream: RandomAccessStream
  _journal: Journal
  _remembered: Uint32Array
  _phase: number
  _records: number
  _failed: boolean
  _closed: boolean

  constructor(stream: RandomAccessStream, journal: RandomAccessStream) {
    this.atomic = true
    this.exclusive = false // the file under the journal is anybody's
    this.readonly = stream.readonly === true || journal.readonly === true
    if (stream.pagesize !== undefined) this.pagesize = stream.pagesize
    this._stream = stream
    this._journal = new Journal(journal)
    this._remembered = new Uint32Array(REMEMBERED)
    this._phase = CLEAN
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
    const last = Math.ceil(Math.min(end, this._journal.oldSize) / CHUNK_SIZE)
    let added = 0
    for (let chunk = Math.floor(start / CHUNK_SIZE); chunk < last; chunk++) {
      // Remembered as chunk + 1, for 0 is an unused entry.
      if (this._remembered[chunk % REMEMBERED] === chunk + 1) continue
      this._journal.writeRecord(this._records + added++, chunk, this._records, this._stream)
      this._remembered[chunk % REMEMBERED] = chunk + 1
    }
    if (this._phase === SECURED && added === 0) return
    this._journal.flush()
    this._records += added
    this._phase = SECURED
  }

  _begin(): void {
    const journal = this._journal
    const size = this._stream.size()
    if (size > STREAM_SIZE_MAX) throw failure("EINVAL", `the stream has more than ${STREAM_SIZE_MAX} bytes`)
    journal.oldSize = size
    journal.salt = (journal.salt + 1) >>> 0
    this._phase = BEGUN
    this._records = 0
    this._remembered.fill(0)
    journal.writeHeader(ACTIVE)
  }

  _end(): void {
    this._stream.flush()
    this._phase = ENDING
    this._journal.writeHeader(IDLE)
    this._journal.flush()
    this._phase = CLEAN
  }

  _rollback(): void {
    this._failed = true
    if (this._phase === ENDING) {
      this._journal.writeHeader(ACTIVE)
      this._journal.flush()
      this._phase = SECURED
    }
    if (this._phase === SECURED) this._restore(this._records)
    // No header with this salt need be on the medium: the next transaction has to take it again.
    else if (this._phase === BEGUN) this._journal.salt = (this._journal.salt - 1) >>> 0
    this._phase = CLEAN
    this._failed = false
  }

  // Brings back the old size and what the first `count` records hold, and ends the transaction.
  _restore(count: number): void {
    this._restoreSize()
    for (let i = count - 1; i >= 0; i--) {
      if (!this._journal.restoreRecord(i, this._stream)) {
        throw failure("ECORRUPT", `journal record ${i} of ${count} is damaged`)
      }
    }
    this._end()
  }

  _restoreSize(): void {
    const oldSize = this._journal.oldSize
    const size = this._stream.size()
    if (size === oldSize) return
    try {
      this._stream.setSize(oldSize)
    } catch (error) {
      if (!isFlashtreeError(error) || error.code !== "EINVAL" || size < oldSize) throw error
      // A stream that cannot be cut (an Espruino file) keeps its length.
      const zeros = this._journal.buffer.fill(0)
      for (let position = oldSize; position < size; position += CHUNK_SIZE) {
        this._stream.write(zeros, position, 0, Math.min(CHUNK_SIZE, size - position))
      }
    }
  }

  _recover(): void {
    if (this._journal.readHeader() !== ACTIVE) return
    if (this.readonly) throw failure("EROFS", "the last transaction must be rolled back: open for writing")
    this._restore(this._journal.countRecords())
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
