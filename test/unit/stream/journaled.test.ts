/**
 * What journaled costs, writes and refuses, call by call. That it survives cuts and failures anywhere is the
 * matter of test/faults/journaled.test.ts.
 */

import { describe, expect, it } from "vitest"
import { PowerCut } from "../../../hosts/node/node.ts"
import { crc32 } from "../../../src/checksum.ts"
import { failure } from "../../../src/errors.ts"
import { journaled } from "../../../src/stream/journaled.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { fromSeekable } from "../../../src/stream/seekable.ts"
import type { RandomAccessStream } from "../../../src/stream/stream.ts"
import {
  CountingStream,
  EspruinoFile,
  FailingStream,
  Fault,
  makeBytes,
  readAll,
} from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })
const OLD = makeBytes(2000, 1)

/** journaled over memory, with everything counted in one log. */
function make(initial = OLD) {
  const log: string[] = []
  const data = new MemoryStream(initial)
  const journal = new MemoryStream()
  const counts = { S: new CountingStream(data, "S", log), J: new CountingStream(journal, "J", log) }
  return { stream: journaled(counts.S, counts.J), data, journal, counts, log }
}

/** What the media hold when the power goes, everything written having landed. */
function interrupted(work: (stream: RandomAccessStream) => void) {
  const { stream, data, journal } = make()
  work(stream)
  return { data: data.bytes(), journal: journal.bytes() }
}

function reopen(media: { data: Uint8Array; journal: Uint8Array }): Uint8Array {
  return readAll(journaled(new MemoryStream(media.data), new MemoryStream(media.journal)))
}

describe("journaled: order and cost", () => {
  it("flushes the journal before the stream is changed, and the stream before the journal is closed", () => {
    const { stream, log } = make()
    stream.write(makeBytes(600, 2), 500)
    stream.flush()
    expect(log).toEqual([
      "J write 0+24",
      "J write 512+528",
      "J write 1040+528",
      "J write 1568+528",
      "J flush",
      "S write 500+600",
      "S flush",
      "J write 0+24",
      "J flush",
    ])
  })

  it("records a chunk once in a transaction, and again in the next", () => {
    const { stream, log, counts } = make()
    stream.write(makeBytes(10, 2), 0)
    counts.S.reset()
    stream.write(makeBytes(10, 2), 100)
    expect(log).toEqual(["S write 100+10"])
    stream.flush()
    counts.S.reset()
    stream.write(makeBytes(10, 2), 100)
    expect(log).toEqual(["J write 0+24", "J write 512+528", "J flush", "S write 100+10"])
  })

  it("records nothing for what is appended, but the first append begins the transaction", () => {
    const { stream, log, counts } = make(makeBytes(1024, 1))
    stream.write(makeBytes(10, 2), 1024)
    expect(log).toEqual(["J write 0+24", "J flush", "S write 1024+10"])
    counts.S.reset()
    stream.write(makeBytes(10, 2), 1030)
    stream.setSize(5000)
    expect(log).toEqual(["S write 1030+10", "S setSize 5000"])
  })

  it("records what a cut takes away", () => {
    const { stream, log } = make()
    stream.setSize(1100)
    expect(log).toEqual(["J write 0+24", "J write 512+528", "J write 1040+528", "J flush", "S setSize 1100"])
  })

  it("remembers 128 chunks: one that far on makes it record the first again, and no nearer one does", () => {
    const { stream, counts } = make(makeBytes(70000, 1))
    stream.write(Uint8Array.of(1), 0)
    stream.write(Uint8Array.of(1), 127 * 512)
    counts.J.reset()
    stream.write(Uint8Array.of(2), 0)
    expect(counts.J.writes).toBe(0)
    stream.write(Uint8Array.of(1), 128 * 512)
    stream.write(Uint8Array.of(3), 0)
    expect(counts.J.writes).toBe(2)
  })

  it("does no I/O for a flush, rollback or close with nothing changed, nor for what changes nothing", () => {
    const { stream, log } = make()
    stream.flush()
    stream.rollback?.()
    stream.setSize(2000)
    stream.write(OLD, 5, 0, 0)
    stream.flush()
    stream.close()
    expect(log).toEqual([])
  })

  it("reads 24 bytes when opened, and writes nothing", () => {
    const { stream, data, journal } = make()
    stream.write(makeBytes(600, 2), 500)
    stream.flush()
    const S = new CountingStream(data)
    const J = new CountingStream(journal)
    journaled(S, J)
    expect([S.reads, S.writes, J.reads, J.bytesRead, J.writes, J.flushes]).toEqual([0, 0, 1, 24, 0, 0])
  })

  it("passes reads on, and reads what is written at once", () => {
    const { stream, counts } = make()
    stream.write(Uint8Array.of(1, 2, 3), 10)
    counts.S.reset()
    counts.J.reset()
    const target = new Uint8Array(5)
    expect(stream.read(target, 10, 1, 3)).toBe(3)
    expect(target).toEqual(Uint8Array.of(0, 1, 2, 3, 0))
    expect([counts.S.reads, counts.J.reads]).toEqual([1, 0])
  })

  it("overwrites the journal from the start in each transaction", () => {
    const { stream, journal } = make()
    for (let i = 0; i < 20; i++) {
      stream.write(makeBytes(1000, i), 0)
      stream.flush()
    }
    expect(journal.size()).toBe(512 + 2 * 528)
  })

  it("has the page size of the stream, if that has one", () => {
    const paged = Object.assign(new MemoryStream(), { pagesize: 1024 })
    expect(journaled(paged, new MemoryStream()).pagesize).toBe(1024)
    expect(make().stream.pagesize).toBe(undefined)
  })
})

describe("journaled: the journal's bytes", () => {
  it("are a header and records as described", () => {
    const { journal } = interrupted((stream) => {
      stream.write(makeBytes(10, 2), 1030)
      stream.flush()
      stream.write(makeBytes(10, 2), 600)
      stream.write(makeBytes(10, 2), 1990)
    })
    const view = new DataView(journal.buffer)
    const u32 = (offset: number) => view.getUint32(offset, true)
    expect(new TextDecoder().decode(journal.subarray(0, 4))).toBe("FTJ1")
    expect([u32(4), u32(8), view.getFloat64(12, true)]).toEqual([2, 1, 2000])
    expect(u32(20)).toBe(crc32(journal, 0, 20, 0))
    expect(journal.subarray(24, 512)).toEqual(new Uint8Array(488))
    expect([u32(512), u32(516), u32(520)]).toEqual([1, 2, 0])
    expect(journal.subarray(524, 1036)).toEqual(OLD.subarray(512, 1024))
    expect(u32(1036)).toBe(crc32(journal, 512, 1036, 2))
    expect([u32(1040), u32(1044), u32(1048)]).toEqual([3, 2, 1])
    expect(journal.subarray(1052, 1564)).toEqual(
      Uint8Array.from([...OLD.subarray(1536, 2000), ...new Uint8Array(48)]),
    )
    expect(journal.length).toBe(512 + 2 * 528)
  })

  it("are idle after flush and rollback, with the salt kept", () => {
    const { stream, journal } = make()
    const state = () => [...new Uint32Array(journal.bytes().slice(4, 12).buffer)]
    stream.write(Uint8Array.of(1), 0)
    expect(state()).toEqual([1, 1])
    stream.flush()
    expect(state()).toEqual([1, 0])
    stream.write(Uint8Array.of(1), 0)
    stream.rollback?.()
    expect(state()).toEqual([2, 0])
  })

  it("never match from an earlier transaction, even if the header was torn since", () => {
    const { stream, data, journal } = make()
    stream.write(makeBytes(2000, 2), 0)
    stream.flush()
    stream.write(makeBytes(1000, 3), 0)
    stream.flush()
    const flushed = data.bytes()
    const torn = journal.bytes()
    torn[9] = 1
    const again = new MemoryStream(torn)
    const second = journaled(data, again)
    expect(readAll(second)).toEqual(flushed)
    second.write(Uint8Array.of(7), 0)
    // After the new record come one of the second transaction and two of the first, whole but for their salt.
    const view = new DataView(again.bytes().buffer)
    expect([0, 1, 2, 3].map((index) => view.getUint32(516 + index * 528, true))).toEqual([3, 2, 1, 1])
    expect(reopen({ data: data.bytes(), journal: again.bytes() })).toEqual(flushed)
  })
})

describe("journaled: recovery", () => {
  it("restores bytes and size, and makes the journal idle", () => {
    const media = interrupted((stream) => {
      stream.write(makeBytes(1500, 2), 900)
      stream.setSize(100)
      stream.setSize(4000)
    })
    expect(media.data.length).toBe(4000)
    const data = new MemoryStream(media.data)
    const journal = new MemoryStream(media.journal)
    journaled(data, journal)
    expect(data.bytes()).toEqual(OLD)
    data.write(makeBytes(2000, 3), 0)
    expect(readAll(journaled(data, journal))).toEqual(makeBytes(2000, 3))
  })

  it("leaves zeros past the old end of a stream that cannot be cut", () => {
    const object = new EspruinoFile()
    object.write(OLD)
    const size = () => object.file.contents.length
    const journal = new MemoryStream()
    journaled(fromSeekable(object, { size: size() }), journal).write(makeBytes(2000, 2), 1000)
    const again = journaled(fromSeekable(object, { size: size() }), journal)
    expect(readAll(again)).toEqual(Uint8Array.from([...OLD, ...new Uint8Array(1000)]))
    again.write(makeBytes(100, 2), 3000)
    again.rollback?.()
    expect(readAll(again)).toEqual(Uint8Array.from([...OLD, ...new Uint8Array(1100)]))
  })

  it("throws what setSize throws, unless that is EINVAL for a cut", () => {
    const media = interrupted((stream) => stream.setSize(100))
    const full = new MemoryStream(media.data, { maxSize: 500 })
    expect(() => journaled(full, new MemoryStream(media.journal))).toThrow(code("ENOSPC"))
    expect(full.size()).toBe(100)
    const rigid = new MemoryStream(media.data)
    rigid.setSize = () => {
      throw failure("EINVAL", "cannot grow")
    }
    expect(() => journaled(rigid, new MemoryStream(media.journal))).toThrow("cannot grow")
  })

  it("throws ECORRUPT for a damaged record that was durable, and changes nothing", () => {
    const media = interrupted((stream) => {
      stream.write(Uint8Array.of(1), 0)
      stream.write(Uint8Array.of(2), 600)
      stream.write(Uint8Array.of(3), 1100)
    })
    for (const index of [0, 1]) {
      const journal = media.journal.slice()
      journal[512 + index * 528 + 100] ^= 1
      const data = new MemoryStream(media.data)
      const open = () => journaled(data, new MemoryStream(journal))
      expect(open).toThrow(code("ECORRUPT"))
      expect(open).toThrow(`journal record ${index} is damaged`)
      expect(data.bytes()).toEqual(media.data)
    }
  })

  it("takes a damaged record for one that was never durable when none counted on it", () => {
    const media = interrupted((stream) => stream.write(makeBytes(2000, 2), 0))
    media.journal[512 + 2 * 528 + 100] ^= 1
    const expected = makeBytes(2000, 2)
    expected.set(OLD.subarray(0, 1024))
    expect(reopen(media)).toEqual(expected)
  })

  it.each([
    ["NaN", Number.NaN],
    ["infinite", Infinity],
    ["larger than a journal can serve", 2 ** 42],
  ])("throws ECORRUPT for a size that is %s", (_what, size) => {
    const media = interrupted((stream) => stream.write(Uint8Array.of(1), 0))
    const view = new DataView(media.journal.buffer)
    view.setFloat64(12, size, true)
    view.setUint32(20, crc32(media.journal, 0, 20, 0), true)
    expect(() => reopen(media)).toThrow(code("ECORRUPT"))
  })

  it("ignores a record for a chunk that the stream did not have", () => {
    const media = interrupted((stream) => stream.write(Uint8Array.of(1), 0))
    const view = new DataView(media.journal.buffer)
    view.setUint32(512, 4, true)
    view.setUint32(1036, crc32(media.journal, 512, 1036, 1), true)
    const expected = OLD.slice()
    expected[0] = 1
    expect(reopen(media)).toEqual(expected)
  })
})

describe("journaled: what it refuses", () => {
  it("one stream as both: EINVAL", () => {
    const stream = new MemoryStream()
    expect(() => journaled(stream, stream)).toThrow(code("EINVAL"))
  })

  it("a stream of more than 2 TB: EINVAL, when it is to be changed", () => {
    const inner = new MemoryStream()
    inner.size = () => 2 ** 41
    const stream = journaled(inner, new MemoryStream())
    expect(() => stream.write(Uint8Array.of(1), 0)).toThrow(code("EINVAL"))
    stream.rollback?.()
    inner.size = () => 10
    stream.write(Uint8Array.of(1), 0)
  })

  it("something that is not a journal: EFTYPE, unchanged", () => {
    for (const bytes of [OLD, Uint8Array.of(1), Uint8Array.of(0x46, 0x54, 0x4a, 0x32)]) {
      const other = new MemoryStream(bytes)
      expect(() => journaled(new MemoryStream(), other)).toThrow(code("EFTYPE"))
      expect(other.bytes()).toEqual(bytes)
    }
  })

  it.each([
    ["nothing", []],
    ["one byte of the magic", [0x46]],
    ["the magic with holes", [0x46, 0, 0x4a, 0xff, 9, 9, 9, 9]],
    ["zeros", new Array(600).fill(0)],
    ["erased flash", new Array(600).fill(0xff)],
  ])("but not what a torn first header leaves: %s", (_what, bytes) => {
    const data = new MemoryStream(OLD)
    const journal = new MemoryStream(Uint8Array.from(bytes))
    const stream = journaled(data, journal)
    stream.write(Uint8Array.of(9), 0)
    expect(reopen({ data: data.bytes(), journal: journal.bytes() })).toEqual(OLD)
  })

  it("changes when either is read-only: EROFS, also when it would have to recover", () => {
    const locked = (bytes: Uint8Array) => Object.assign(new MemoryStream(bytes), { readonly: true })
    const media = interrupted((stream) => stream.write(Uint8Array.of(1), 0))
    for (const both of [
      [locked(OLD), new MemoryStream()],
      [new MemoryStream(OLD), locked(new Uint8Array(0))],
    ] as [MemoryStream, MemoryStream][]) {
      const stream = journaled(both[0], both[1])
      expect(stream.readonly).toBe(true)
      expect(() => stream.write(OLD, 0)).toThrow(code("EROFS"))
      expect(() => stream.setSize(0)).toThrow(code("EROFS"))
      stream.flush()
      expect(readAll(stream)).toEqual(OLD)
    }
    expect(() => journaled(locked(media.data), new MemoryStream(media.journal))).toThrow(code("EROFS"))
    expect(() => journaled(new MemoryStream(media.data), locked(media.journal))).toThrow(code("EROFS"))
    expect(make().stream.readonly).toBe(false)
  })

  it("to go on after a failure: EIO until rollback; reads work on", () => {
    const fault = new Fault()
    const data = new MemoryStream(OLD)
    const stream = journaled(new FailingStream(data, fault), new MemoryStream())
    stream.write(Uint8Array.of(1), 0)
    fault.at = fault.calls
    expect(() => stream.write(makeBytes(4, 2), 10)).toThrow("injected into write")
    expect(() => stream.write(makeBytes(4, 2), 10)).toThrow("roll back or reopen")
    expect(() => stream.flush()).toThrow(code("EIO"))
    expect(stream.read(new Uint8Array(1), 0)).toBe(1)
    stream.rollback?.()
    expect(readAll(stream)).toEqual(OLD)
    stream.write(Uint8Array.of(5), 0)
    stream.flush()
    expect(data.bytes()[0]).toBe(5)
  })

  it("a write that the full journal has no room for: ENOSPC; the stream is unchanged, rollback heals", () => {
    const data = new MemoryStream(OLD)
    const stream = journaled(data, new MemoryStream(undefined, { maxSize: 512 + 528 }))
    stream.write(Uint8Array.of(1), 0)
    const before = data.bytes()
    expect(() => stream.write(Uint8Array.of(1), 600)).toThrow(code("ENOSPC"))
    expect(data.bytes()).toEqual(before)
    stream.rollback?.()
    expect(data.bytes()).toEqual(OLD)
    stream.write(Uint8Array.of(7), 600)
    stream.flush()
    expect(data.bytes()[600]).toBe(7)
  })

  it("a transaction that cannot begin: ENOSPC; the rollback needs no room either", () => {
    const data = new MemoryStream(OLD)
    const stream = journaled(data, new MemoryStream(undefined, { maxSize: 10 }))
    for (let i = 0; i < 2; i++) {
      expect(() => stream.write(Uint8Array.of(1), 0)).toThrow(code("ENOSPC"))
      stream.rollback?.()
      expect(readAll(stream)).toEqual(OLD)
    }
    stream.close()
  })

  it("to roll back from a journal that was damaged meanwhile: ECORRUPT", () => {
    const { stream, journal } = make()
    stream.write(Uint8Array.of(1), 0)
    journal.write(Uint8Array.of(0xee), 600)
    expect(() => stream.rollback?.()).toThrow(code("ECORRUPT"))
  })

  it("nothing about wrong arguments: EINVAL begins no transaction and fails none", () => {
    const { stream, log } = make()
    expect(() => stream.write(OLD, -1)).toThrow(code("EINVAL"))
    expect(() => stream.setSize(-1)).toThrow(code("EINVAL"))
    expect(log).toEqual([])
    stream.write(OLD, 0)
    stream.flush()
  })
})

describe("journaled: what a stream throws that is no error of flashtree's", () => {
  // A code of the same name must not be taken for a stream that says it cannot be cut.
  const cut = Object.assign(new PowerCut("no power"), { code: "EINVAL" })

  class ForeignFault extends Fault {
    override error(): Error {
      return cut
    }
  }

  /** Has call `at` on the streams throw, and tells which calls on journaled threw what. */
  function failing(at: number, media: ReturnType<typeof interrupted>) {
    const fault = new ForeignFault(at)
    const data = new FailingStream(new MemoryStream(media.data), fault)
    const journal = new FailingStream(new MemoryStream(media.journal), fault)
    const thrown: [string, unknown][] = []
    const attempt = (name: string, call: () => unknown) => {
      try {
        call()
      } catch (error) {
        thrown.push([name, error])
      }
    }
    let stream: RandomAccessStream | undefined
    attempt("open", () => {
      stream = journaled(data, journal)
    })
    const work: [string, (on: RandomAccessStream) => void][] = [
      ["write", (on) => on.write(makeBytes(700, 2), 300)],
      ["flush", (on) => on.flush()],
      ["read", (on) => on.read(new Uint8Array(10), 0)],
      ["setSize", (on) => on.setSize(100)],
      ["setSize", (on) => on.setSize(3000)],
      ["rollback", (on) => on.rollback?.()],
      ["write", (on) => on.write(makeBytes(700, 2), 3000)],
      ["close", (on) => on.close()],
    ]
    for (const [name, call] of work) {
      if (thrown.length === 0) attempt(name, () => call(stream as RandomAccessStream))
    }
    return { thrown, fault }
  }

  it("comes through every call unchanged, whichever call on either stream threw it", () => {
    const seen = new Set<string>()
    const media = interrupted((stream) => stream.write(makeBytes(1500, 2), 1500))
    for (const start of [{ data: OLD, journal: new Uint8Array(0) }, media]) {
      for (let at = 0; ; at++) {
        const { thrown, fault } = failing(at, start)
        if (fault.failures === 0) break
        expect(thrown, `call ${at}`).toHaveLength(1)
        const [name, error] = thrown[0] as [string, unknown]
        expect(error, `call ${at}, in ${name}`).toBe(cut)
        seen.add(name)
      }
    }
    expect([...seen].sort()).toEqual(["close", "flush", "open", "read", "rollback", "setSize", "write"])
  })

  it("ends the transaction as any failure does: EIO until rollback", () => {
    const fault = new ForeignFault()
    const stream = journaled(new FailingStream(new MemoryStream(OLD), fault), new MemoryStream())
    stream.write(makeBytes(10, 2), 0)
    fault.at = fault.calls
    expect(() => stream.write(makeBytes(10, 3), 0)).toThrow(cut)
    expect(() => stream.flush()).toThrow(code("EIO"))
    stream.rollback?.()
    expect(readAll(stream)).toEqual(OLD)
  })
})

describe("journaled: close", () => {
  it("rolls back and closes both", () => {
    const { stream, data, journal } = make()
    stream.write(makeBytes(600, 2), 500)
    stream.close()
    expect(data.bytes()).toEqual(OLD)
    expect(() => data.size()).toThrow(code("ECLOSED"))
    expect(() => journal.size()).toThrow(code("ECLOSED"))
    expect(() => stream.rollback?.()).toThrow(code("ECLOSED"))
  })

  it("closes both even if the rollback or the first close throws", () => {
    const fault = new Fault()
    const data = new MemoryStream(OLD)
    const journal = new MemoryStream()
    const stream = journaled(new FailingStream(data, fault), journal)
    stream.write(makeBytes(600, 2), 500)
    fault.at = fault.calls
    expect(() => stream.close()).toThrow("injected")
    expect(() => data.size()).toThrow(code("ECLOSED"))
    expect(() => journal.size()).toThrow(code("ECLOSED"))
    expect(reopen({ data: data.bytes(), journal: journal.bytes() })).toEqual(OLD)

    const second = new MemoryStream()
    const failing = Object.assign(new MemoryStream(), {
      close: () => {
        throw new Error("no")
      },
    })
    expect(() => journaled(failing, second).close()).toThrow("no")
    expect(() => second.size()).toThrow(code("ECLOSED"))
  })

  it("leaves the media alone after a failure: the next opening recovers", () => {
    const fault = new Fault()
    const data = new MemoryStream(OLD)
    const journal = new MemoryStream()
    const stream = journaled(new FailingStream(data, fault), journal)
    fault.at = fault.calls + 3
    stream.write(Uint8Array.of(1), 0)
    expect(() => stream.write(makeBytes(600, 2), 500)).toThrow("injected")
    const before = data.bytes()
    stream.close()
    expect(data.bytes()).toEqual(before)
    expect(reopen({ data: data.bytes(), journal: journal.bytes() })).toEqual(OLD)
  })
})
