import { describe, expect, it } from "vitest"
import { PowerCut } from "../../../hosts/node/node.ts"
import { type FlashtreeError, failure, isFlashtreeError } from "../../../src/errors.ts"
import { fromSeekable, type Seekable } from "../../../src/stream/seekable.ts"
import type { RandomAccessStream } from "../../../src/stream/stream.ts"
import { EspruinoFile, MicroPythonFile, makeBytes, readAll } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

/** A MicroPython file with some members replaced. */
function file(contents: Uint8Array, replaced: Partial<Seekable> = {}): MicroPythonFile {
  const made = new MicroPythonFile()
  made.contents = [...contents]
  return Object.assign(made, replaced)
}

describe("fromSeekable: the size", () => {
  const rest = { read: () => undefined, write: () => 0, seek: () => {} }

  it.each<[string, Seekable, number]>([
    ["size()", { ...rest, size: () => 12 }, 12],
    ["size", { ...rest, size: 13 }, 13],
    ["length()", { ...rest, length: () => 14 }, 14],
    ["length", { ...rest, length: 15 }, 15],
    ["size before length", { ...rest, size: 16, length: 17 }, 16],
  ])("is told by %s", (_what, object, expected) => {
    expect(fromSeekable(object).size()).toBe(expected)
  })

  it("is the option's when given, and the object is not asked", () => {
    const size = () => {
      throw new Error("asked")
    }
    expect(fromSeekable({ ...rest, size }, { size: 18 }).size()).toBe(18)
  })

  it("calls methods on the object", () => {
    expect(fromSeekable(file(makeBytes(20, 1))).size()).toBe(20)
  })

  it("is required: EINVAL names the option", () => {
    expect(() => fromSeekable(rest)).toThrow(code("EINVAL"))
    expect(() => fromSeekable(rest)).toThrow("{ size }")
  })

  it.each([-1, 0.5, Number.NaN])("of %s is refused with EINVAL", (size) => {
    expect(() => fromSeekable(rest, { size })).toThrow(code("EINVAL"))
    expect(() => fromSeekable({ ...rest, size })).toThrow(code("EINVAL"))
  })

  it("gives EIO with the cause when asking fails", () => {
    const cause = new Error("no medium")
    const size = () => {
      throw cause
    }
    expect(() => fromSeekable({ ...rest, size })).toThrow(expect.objectContaining({ code: "EIO", cause }))
  })
})

describe("fromSeekable: reading", () => {
  it("takes binary strings, all 256 char codes", () => {
    const object = new EspruinoFile()
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i)
    object.write(bytes)
    const stream = fromSeekable(object, { size: 256 })
    expect(readAll(stream)).toEqual(bytes)
    const target = new Uint8Array(6)
    expect(stream.read(target, 200, 1, 4)).toBe(4)
    expect(target).toEqual(Uint8Array.of(0, 200, 201, 202, 203, 0))
  })

  it("asks again after a short piece", () => {
    const bytes = makeBytes(100, 1)
    const object = file(bytes)
    const whole = object.read.bind(object)
    object.read = (count) => whole(Math.min(count, 7))
    expect(readAll(fromSeekable(object))).toEqual(bytes)
  })

  it.each([undefined, null, "", new Uint8Array(0)])("gives EIO when the object ends early with %j", (end) => {
    const stream = fromSeekable(file(makeBytes(10, 1), { read: () => end }), { size: 20 })
    expect(() => stream.read(new Uint8Array(10), 5)).toThrow(code("EIO"))
    expect(() => stream.read(new Uint8Array(10), 5)).toThrow("read 0 of 10 bytes at 5")
  })

  it("gives EIO for more than was asked, and for text", () => {
    const more = fromSeekable(file(makeBytes(10, 1), { read: (count) => new Uint8Array(count + 1) }))
    expect(() => more.read(new Uint8Array(20), 0, 0, 4)).toThrow(code("EIO"))
    const text = fromSeekable(file(makeBytes(10, 1), { read: () => "abc\u0100" }))
    expect(() => text.read(new Uint8Array(4), 0)).toThrow("binary string")
  })

  it.each(["read", "seek"] as const)("gives EIO with the cause when %s throws", (member) => {
    const cause = new Error("card removed")
    const object = file(makeBytes(10, 1), {
      [member]: () => {
        throw cause
      },
    })
    expect(() => fromSeekable(object).read(new Uint8Array(4), 2)).toThrow(
      expect.objectContaining({ code: "EIO", cause }),
    )
  })
})

describe("fromSeekable: writing", () => {
  it("hands over a whole buffer as it is, and a part as a view of it", () => {
    const seen: Uint8Array[] = []
    const object = file(new Uint8Array(0), {
      write: (bytes) => {
        seen.push(bytes)
      },
    })
    const stream = fromSeekable(object)
    const buffer = makeBytes(10, 1)
    stream.write(buffer, 0)
    stream.write(buffer, 10, 2, 3)
    expect(seen[0]).toBe(buffer)
    expect(seen[1]).toEqual(buffer.subarray(2, 5))
    expect(seen[1]?.buffer).toBe(buffer.buffer)
    expect(stream.size()).toBe(13)
  })

  it("fills a gap with zeros in pieces of 512 bytes, though the object leaves garbage there", () => {
    const lengths: number[] = []
    const object = file(makeBytes(10, 1))
    const put = object.write.bind(object)
    object.write = (bytes) => {
      lengths.push(bytes.length)
      return put(bytes)
    }
    const stream = fromSeekable(object)
    stream.write(Uint8Array.of(7), 1234)
    expect(lengths).toEqual([512, 512, 200, 1])
    expect(object.contents).toEqual([...makeBytes(10, 1), ...new Uint8Array(1224), 7])
    lengths.length = 0
    stream.setSize(1240)
    expect(lengths).toEqual([5])
  })

  it.each([
    [3, "ENOSPC"],
    [0, "EIO"],
  ])("gives for %i of 8 bytes %s and says so, and knows the size", (taken, expected) => {
    const object = file(makeBytes(10, 1))
    const put = object.write.bind(object)
    object.write = (bytes) => put(bytes.subarray(0, taken))
    const stream = fromSeekable(object)
    expect(() => stream.write(makeBytes(8, 2), 10)).toThrow(code(expected))
    expect(stream.size()).toBe(10 + taken)
    expect(() => stream.write(makeBytes(8, 2), 0)).toThrow(`wrote ${taken} of 8 bytes at 0`)
    expect(stream.size()).toBe(10 + taken)
  })

  it.each(["write", "seek"] as const)("gives EIO with the cause when %s throws", (member) => {
    const cause = new Error("card removed")
    const object = file(makeBytes(10, 1), {
      [member]: () => {
        throw cause
      },
    })
    const stream = fromSeekable(object)
    expect(() => stream.write(makeBytes(4, 2), 8)).toThrow(expect.objectContaining({ code: "EIO", cause }))
    expect(stream.size()).toBe(10)
  })

  it("gives ENOSPC when the object's error says so", () => {
    const cause = Object.assign(new Error("full"), { code: "ENOSPC" })
    const stream = fromSeekable(
      file(makeBytes(10, 1), {
        write: () => {
          throw cause
        },
      }),
    )
    expect(() => stream.write(makeBytes(4, 2), 8)).toThrow(expect.objectContaining({ code: "ENOSPC", cause }))
  })

  it("passes an error of flashtree's own on unchanged", () => {
    const error = failure("EROFS", "a card with a switch")
    const stream = fromSeekable(
      file(makeBytes(10, 1), {
        write: () => {
          throw error
        },
      }),
    )
    expect(() => stream.write(makeBytes(4, 2), 8)).toThrow(error)
  })
})

describe("fromSeekable: what the object throws that is no error of flashtree's", () => {
  // As EIO, so that programs meet one set of codes; what was thrown is neither lost nor copied.
  it("comes as the cause of EIO, the very same thing, whichever member threw it", () => {
    const cut = Object.assign(new PowerCut("no power"), { code: "EINVAL" })
    const uses: [keyof Seekable, (stream: RandomAccessStream) => void][] = [
      ["read", (stream) => stream.read(new Uint8Array(4), 0)],
      ["write", (stream) => stream.write(Uint8Array.of(1), 20)],
      ["seek", (stream) => stream.read(new Uint8Array(4), 0)],
      ["seek", (stream) => stream.write(Uint8Array.of(1), 0)],
      ["truncate", (stream) => stream.setSize(1)],
      ["flush", (stream) => stream.flush()],
      ["close", (stream) => stream.close()],
    ]
    for (const [member, use] of uses) {
      const object = file(makeBytes(10, 1), {
        [member]: () => {
          throw cut
        },
      })
      let thrown: unknown
      try {
        use(fromSeekable(object))
      } catch (error) {
        thrown = error
      }
      expect(isFlashtreeError(thrown) && thrown.code, member).toBe("EIO")
      expect((thrown as FlashtreeError).cause, member).toBe(cut)
    }
  })
})

describe("fromSeekable: setSize, flush and close", () => {
  it("cuts through truncate, or setSize", () => {
    const truncating = file(makeBytes(10, 1))
    fromSeekable(truncating).setSize(4)
    expect(truncating.contents.length).toBe(4)
    const sizes: number[] = []
    const object: Seekable = {
      read: () => "",
      write: () => {},
      seek: () => {},
      size: 10,
      setSize: (n) => sizes.push(n),
    }
    const stream = fromSeekable(object)
    stream.setSize(3)
    expect(sizes).toEqual([3])
    expect(stream.size()).toBe(3)
  })

  it("throws EINVAL where the object has neither, and the size stays", () => {
    const stream = fromSeekable(new EspruinoFile(), { size: 0 })
    stream.write(makeBytes(10, 1), 0)
    expect(() => stream.setSize(9)).toThrow(code("EINVAL"))
    expect(() => stream.setSize(9)).toThrow("cannot cut to 9 of 10 bytes")
    stream.setSize(10)
    stream.setSize(12)
    expect(readAll(stream)).toEqual(Uint8Array.from([...makeBytes(10, 1), 0, 0]))
  })

  it("passes flush and close on, close once", () => {
    const object = file(makeBytes(10, 1))
    let closes = 0
    object.close = () => {
      closes++
    }
    const stream = fromSeekable(object)
    stream.flush()
    expect(object.flushes).toBe(1)
    stream.close()
    stream.close()
    expect(closes).toBe(1)
    expect(() => stream.size()).toThrow(code("ECLOSED"))
  })

  it("does without flush and close where there are none", () => {
    const stream = fromSeekable(new EspruinoFile(), { size: 0 })
    stream.flush()
    stream.close()
    expect(() => stream.flush()).toThrow(code("ECLOSED"))
  })

  it.each(["truncate", "flush", "close"] as const)("gives EIO with the cause when %s throws", (member) => {
    const cause = new Error("card removed")
    const object = file(makeBytes(10, 1), {
      [member]: () => {
        throw cause
      },
    })
    const stream = fromSeekable(object)
    const use = {
      truncate: () => stream.setSize(1),
      flush: () => stream.flush(),
      close: () => stream.close(),
    }
    expect(use[member]).toThrow(expect.objectContaining({ code: "EIO", cause }))
    if (member !== "close") expect(stream.size()).toBe(10)
  })

  it("is atomic only when told so", () => {
    expect(fromSeekable(file(makeBytes(1, 1))).atomic).toBe(false)
    expect(fromSeekable(file(makeBytes(1, 1)), { atomic: true }).atomic).toBe(true)
  })
})
