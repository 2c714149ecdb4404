/**
 * Goal: the two writers take what they should, and each order, size and phase error of the original is an EINVAL here; nothing that opens is left
 * by a write that was cut off or failed. Method: each error once; a chip whose power is cut at every operation; streams that fail the
 * n-th call.
 */
import { describe, expect, it } from "vitest"
import { PowerCut, SimulatedFlash } from "../../../hosts/node/node.ts"
import * as constant from "../../../src/constant/index.ts"
import { failure, isFlashtreeError } from "../../../src/errors.ts"
import { MemoryStream } from "../../../src/stream/memory-stream.ts"
import { firstDifference } from "../../support/streams.ts"

const { uint32 } = constant

function declared(): constant.SequentialWriter<number> {
  const writer = new constant.SequentialWriter({ key: uint32 })
  writer.add(1, 3)
  writer.add(5, 0)
  return writer
}

function started(): constant.SequentialWriter<number> {
  const writer = declared()
  writer.writeHeader(new MemoryStream())
  return writer
}

function written(): constant.SequentialWriter<number> {
  const writer = started()
  writer.writeValue(1, "abc")
  writer.writeValue(5, "")
  return writer
}

function finished(): constant.SequentialWriter<number> {
  const writer = written()
  writer.writeFinalize()
  return writer
}

describe("the sequential writer", () => {
  it.each<[string, () => unknown, RegExp]>([
    ["a smaller key", () => declared().add(4, 1), /ascending/],
    ["an equal key", () => declared().add(5, 1), /ascending/],
    ["a size that is none", () => declared().add(6, -1), /valueSize is -1/],
    ["a size of 4 GiB", () => declared().add(6, 2 ** 32), /valueSize is 4294967296/],
    ["a leaf of 4 GiB", () => declared().add(6, 2 ** 32 - 3), /values of one leaf/],
    ["add() after writeHeader()", () => started().add(6, 1), /after writeHeader/],
    ["a smaller key after writeHeader(): the order is checked first", () => started().add(4, 1), /ascending/],
    ["writeHeader() twice", () => started().writeHeader(new MemoryStream()), /called once/],
    [
      "writeValue() before writeHeader()",
      () => declared().writeValue(1, "abc"),
      /writeHeader\(\) comes first/,
    ],
    ["writeFinalize() before writeHeader()", () => declared().writeFinalize(), /writeHeader\(\) comes first/],
    ["another key", () => started().writeValue(2, "abc"), /another key/],
    ["another size", () => started().writeValue(1, "ab"), /has 2 bytes, 3 were declared/],
    ["a value too many", () => written().writeValue(6, ""), /all 2 declared values/],
    ["writeFinalize() too early", () => started().writeFinalize(), /after 0 of 2/],
    ["writeFinalize() twice", () => finished().writeFinalize(), /finished/],
    ["writeValue() after writeFinalize()", () => finished().writeValue(1, "abc"), /finished/],
    ["add() after writeFinalize()", () => finished().add(6, 1), /after writeHeader/],
    ["what is no target", () => declared().writeHeader({} as never), /no stream and no flash device|neither/],
    [
      "an application version that is none",
      () => new constant.SequentialWriter({ key: uint32, appVersion: -1 }),
      /appVersion is -1/,
    ],
  ])("refuses %s", (_, action, message) => {
    try {
      action()
    } catch (error) {
      expect(error).toMatchObject({ code: "EINVAL" })
      expect((error as Error).message).toMatch(message)
      return
    }
    throw new Error("nothing was thrown")
  })

  it("goes on after a wrong key, order or size", () => {
    const stream = new MemoryStream()
    const writer = declared()
    expect(() => writer.add(2, 1)).toThrow("EINVAL")
    writer.writeHeader(stream)
    expect(() => writer.writeValue(5, "")).toThrow("EINVAL")
    expect(() => writer.writeValue(1, "abcd")).toThrow("EINVAL")
    writer.writeValue(1, "abc")
    writer.writeValue(5, "")
    writer.writeFinalize()
    const reader = new constant.Reader({ key: uint32 })
    reader.open(stream)
    expect(reader.verify()).toEqual([])
    expect(reader.size).toBe(2)
  })
})

describe("the writer", () => {
  it("refuses a key that was added twice", () => {
    const writer = new constant.Writer({ key: uint32 })
    writer.add(7, "first")
    writer.add(3, "")
    writer.add(7, "second")
    expect(() => writer.write(new MemoryStream())).toThrow("EINVAL: the key 7 was added twice")
  })

  it("copies values, writes again, and is ended by progress", () => {
    const writer = new constant.Writer({ key: uint32 })
    const value = new Uint8Array([1, 2, 3])
    writer.add(1, value)
    value.fill(9)
    writer.add(2, "x")
    const [one, two, three] = [new MemoryStream(), new MemoryStream(), new MemoryStream()]
    const seen: [number, number][] = []
    expect(writer.write(one, undefined, (done, total) => void seen.push([done, total]))).toBe(true)
    expect(seen).toEqual([[1, 2], [2, 2]]) // biome-ignore format: one line
    writer.write(two)
    expect(firstDifference(one.bytes(), two.bytes())).toBe(-1)
    expect(writer.write(three, undefined, () => false)).toBe(false)
    const reader = new constant.Reader({ key: uint32 })
    expect(() => reader.open(three)).toThrow(/EFTYPE|ECORRUPT/)
    reader.open(one)
    expect(reader.lookup(1)).toEqual(new Uint8Array([1, 2, 3]))
  })
})

/** Writes 300 keys of version `version` to a chip that may be cut. */
function writeTo(device: SimulatedFlash, version: number): void {
  const writer = new constant.Writer({ key: uint32, pagesize: 256, appVersion: version })
  for (let i = 0; i < 300; i++) writer.add(i * 3, `${version} ${i}`)
  writer.write(device, { firstBlock: 1 })
}

describe("on flash", () => {
  it.each(["clean", "torn", "bits"] as const)(
    "a cut anywhere leaves nothing that opens, or all of it (%s)",
    (mode) => {
      let cuts = 0
      let whole = 0
      for (let operation = 0; ; operation++) {
        const device = new SimulatedFlash({ size: 8 * 4096, writeAlign: 16, seed: operation + 1 })
        writeTo(device, 1)
        device.cutAfter(operation, mode)
        try {
          writeTo(device, 2)
          break
        } catch (error) {
          if (!(error instanceof PowerCut)) throw error
        }
        cuts++
        const after = device.reboot()
        for (const appVersion of [1, 2]) {
          const reader = new constant.Reader({ key: uint32, pagesize: 256, appVersion })
          try {
            reader.open(after, { firstBlock: 1 })
          } catch (error) {
            if (!isFlashtreeError(error)) throw error
            continue
          }
          // The first erase was cut before it began, or the last program when it was through.
          expect(appVersion === 1 ? operation : appVersion).toBe(appVersion === 1 ? 0 : 2)
          // A torn signature page whose fields are whole: what is behind them may not be zero.
          const findings = reader.verify().filter(({ page, offset }) => page > 0 || offset < 144)
          expect(findings).toEqual([])
          whole++
        }
        writeTo(after, 3)
        const again = new constant.Reader({ key: uint32, pagesize: 256, appVersion: 3 })
        again.open(after, { firstBlock: 1 })
        expect(again.verify()).toEqual([])
      }
      expect(cuts).toBeGreaterThan(15)
      expect(whole).toBeLessThan(5)
    },
  )

  it("refuses what does not fit before anything is erased, and alignments that cannot be", () => {
    const device = new SimulatedFlash({ size: 4 * 4096, writeAlign: 32 })
    const big = new constant.Writer({ key: uint32 })
    big.add(1, new Uint8Array(4 * 4096))
    expect(() => big.write(device)).toThrow("ENOSPC: the database has 18432 bytes, the blocks 16384")
    const odd = new constant.Writer({ key: uint32, pagesize: 1000 })
    expect(() => odd.write(device)).toThrow(
      "EINVAL: the page size 1000 is no multiple of the write alignment 32",
    )
    expect(() => big.write(device, { writeAlign: 3 })).toThrow("EINVAL: write alignment 3")
    expect(device.counters.erases).toBe(0)
    expect(device.counters.programCalls).toBe(0)
  })

  it("programs each unit once, and reads back what it programmed", () => {
    const device = new SimulatedFlash({ size: 8 * 4096, writeAlign: 16 })
    writeTo(device, 1) // SimulatedFlash throws at a second program of a unit
    const bad = new SimulatedFlash({ size: 8 * 4096 })
    bad.failBlock(2, "program")
    expect(() => writeTo(bad, 1)).toThrow("EIO")
    expect(() =>
      new constant.Reader({ key: uint32, pagesize: 256, appVersion: 1 }).open(bad, { firstBlock: 1 }),
    ).toThrow()
  })
})

/** A stream whose n-th write, setSize or flush fails. */
class Failing extends MemoryStream {
  left: number
  constructor(left: number, initial?: Uint8Array) {
    super(initial)
    this.left = left
  }
  spend(): void {
    if (this.left-- === 0) throw failure("EIO", "the medium fails")
  }
  override write(buffer: Uint8Array, position: number, start?: number, length?: number): void {
    this.spend()
    super.write(buffer, position, start, length)
  }
  override flush(): void {
    this.spend()
    super.flush()
  }
}

it("a stream that fails at any call stops the writer, and keeps nothing that opens", () => {
  const old = new MemoryStream()
  const options = { key: uint32, pagesize: 256 }
  const first = new constant.Writer(options)
  for (let i = 0; i < 400; i++) first.add(i, `old ${i}`)
  first.write(old)
  let failures = 0
  for (let n = 0; ; n++) {
    const stream = new Failing(n, old.bytes())
    const writer = new constant.SequentialWriter(options)
    for (let i = 0; i < 100; i++) writer.add(i, 5)
    try {
      writer.writeHeader(stream)
      for (let i = 0; i < 100; i++) writer.writeValue(i, "value")
      writer.writeFinalize()
      const reader = new constant.Reader(options)
      reader.open(stream)
      expect([reader.size, reader.verify(), stream.size()]).toEqual([100, [], 256 * 6 + 500])
      break
    } catch (error) {
      if (!isFlashtreeError(error)) throw error
      expect(error.code).toBe("EIO")
    }
    failures++
    expect(() => writer.writeFinalize()).toThrow(/EIO: an earlier call|EINVAL: writeHeader\(\) comes first/)
    const reader = new constant.Reader(options)
    // The first call zeroes the old signature, the last one flushes the new.
    if (n === 0) {
      reader.open(stream)
      expect(reader.size).toBe(400)
    } else if (stream.bytes()[0] === 0) expect(() => reader.open(stream)).toThrow("EFTYPE")
  }
  expect(failures).toBeGreaterThan(8)
})
