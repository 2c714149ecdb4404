/** The journal's bytes without a transaction around them; how journaled uses them is in journaled.test.ts. */
import { describe, expect, it } from "vitest"
import { ACTIVE, IDLE, Journal } from "../../../src/stream/journal.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { makeBytes } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })
const OLD = makeBytes(1300, 1)
const RECORD_SIZE = 528

/** A journal for three chunks of OLD, the first record being durable when the others were written. */
function written() {
  const stream = new MemoryStream()
  const journal = new Journal(stream)
  journal.salt = 7
  journal.oldSize = OLD.length
  journal.writeHeader(ACTIVE)
  for (let chunk = 0; chunk < 3; chunk++) {
    journal.writeRecord(chunk, chunk, chunk === 0 ? 0 : 1, new MemoryStream(OLD))
  }
  return stream
}

/** The journal of a stream, its header read, with the state that gave. */
function read(stream: MemoryStream) {
  const journal = new Journal(stream)
  const state = journal.readHeader()
  return { journal, state }
}

function flip(stream: MemoryStream, position: number): void {
  const byte = new Uint8Array(1)
  stream.read(byte, position)
  stream.write(Uint8Array.of((byte[0] as number) ^ 1), position)
}

describe("Journal: the header", () => {
  it("gives state, salt and size as they were written", () => {
    const stream = written()
    expect(read(stream)).toMatchObject({ state: ACTIVE, journal: { salt: 7, oldSize: OLD.length } })
    const { journal } = read(stream)
    journal.writeHeader(IDLE)
    expect(read(stream)).toMatchObject({ state: IDLE, journal: { salt: 7, oldSize: OLD.length } })
  })

  it("is idle when new", () => {
    expect(read(new MemoryStream())).toMatchObject({ state: IDLE, journal: { salt: 0, oldSize: 0 } })
  })

  it.each([4, 8, 12, 20])(
    "is idle when byte %i is not what was written, with the salt of the records",
    (at) => {
      const stream = written()
      flip(stream, at)
      expect(read(stream)).toMatchObject({ state: IDLE, journal: { salt: 7, oldSize: 0 } })
    },
  )

  it("is refused with EFTYPE when it is another's", () => {
    expect(() => read(new MemoryStream(OLD))).toThrow(code("EFTYPE"))
  })
})

describe("Journal: records", () => {
  it("bring back chunks, the last one no longer than the stream was", () => {
    const { journal } = read(written())
    expect(journal.countRecords()).toBe(3)
    const target = new MemoryStream(makeBytes(OLD.length, 2))
    for (let index = 0; index < 3; index++) expect(journal.restoreRecord(index, target)).toBe(true)
    expect(target.bytes()).toEqual(OLD)
  })

  it("are not taken when damaged, of another salt, or not there", () => {
    const stream = written()
    flip(stream, 512 + RECORD_SIZE + 100)
    const { journal } = read(stream)
    const target = new MemoryStream(OLD)
    expect(journal.restoreRecord(1, target)).toBe(false)
    expect(journal.restoreRecord(3, target)).toBe(false)
    journal.salt = 8
    expect(journal.restoreRecord(0, target)).toBe(false)
    expect(journal.countRecords()).toBe(0)
    expect(target.bytes()).toEqual(OLD)
  })

  it("end at the first that is not whole, unless a later one counted on it: ECORRUPT", () => {
    const second = written()
    flip(second, 512 + RECORD_SIZE + 100)
    expect(read(second).journal.countRecords()).toBe(1)
    const first = written()
    flip(first, 512 + 100)
    expect(() => read(first).journal.countRecords()).toThrow(code("ECORRUPT"))
    expect(() => read(first).journal.countRecords()).toThrow("journal record 0 is damaged")
  })
})
