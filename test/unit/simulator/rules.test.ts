/**
 * Goal: the simulated chip refuses what a real one would silently spoil, and what it refuses leaves no trace.
 * Method: each rule is kept and broken at its edges, for several program units; after each violation the image,
 * the counters and the wear must be as before.
 */
import { describe, expect, it } from "vitest"
import { FlashViolation, SimulatedFlash, type SimulatedFlashOptions } from "../../../hosts/node/node.ts"
import { failure } from "../../../src/errors.ts"
import { firstDifference, makeBytes } from "../../support/streams.ts"

const code = (expected: string) => expect.objectContaining({ code: expected })

function chip(options: Partial<SimulatedFlashOptions> = {}): SimulatedFlash {
  return new SimulatedFlash({ size: 16384, ...options })
}

function at(flash: SimulatedFlash, byteOffset: number, length: number): Uint8Array {
  return flash.image().subarray(byteOffset, byteOffset + length)
}

/** Expects a violation at `byteOffset` whose message matches, and no other effect. */
function expectViolation(flash: SimulatedFlash, call: () => void, byteOffset: number, what: RegExp): void {
  const image = flash.image()
  const counted = () => [{ ...flash.counters }, flash.eraseCounts.slice(), flash.operations]
  const before = counted()
  let error: unknown
  try {
    call()
  } catch (thrown) {
    error = thrown
  }
  expect(error).toBeInstanceOf(FlashViolation)
  expect(error).toMatchObject({ name: "FlashViolation", byteOffset })
  expect((error as Error).message).toMatch(new RegExp(`^byte ${byteOffset}: .*${what.source}`))
  expect(counted()).toEqual(before)
  expect(firstDifference(flash.image(), image)).toBe(-1)
}

describe("a new chip", () => {
  it("is erased, and tells its geometry", () => {
    const flash = chip()
    expect(flash.image()).toEqual(new Uint8Array(16384).fill(0xff))
    expect(flash.status()).toEqual({
      size: 16384,
      blocks: 4,
      blockLength: 4096,
      writeAlign: 1,
      eraseValue: 0xff,
      erasedReads: "ff",
    })
    expect(flash.eraseCounts).toEqual(new Uint32Array(4))
  })

  it("has the geometry it was asked for", () => {
    const flash = chip({ blockLength: 2048, writeAlign: 8, erasedReads: "unknown" })
    expect(flash.status()).toMatchObject({
      blocks: 8,
      blockLength: 2048,
      writeAlign: 8,
      erasedReads: "unknown",
    })
  })

  it.each<[string, Partial<SimulatedFlashOptions>]>([
    ["size is 0", { size: 0 }],
    ["size is 10000", { size: 10000 }],
    ["size is 4096.5", { size: 4096.5 }],
    ["blockLength is 0", { blockLength: 0 }],
    ["blockLength is 128", { blockLength: 128 }],
    ["writeAlign is 0", { writeAlign: 0 }],
    ["writeAlign is 3", { writeAlign: 3 }],
    ["writeAlign is 512", { writeAlign: 512 }],
    ["writeAlign is 8, expected a power of two from 16", { writeAlign: 8, encrypted: true }],
    ["the image has 16385 bytes", { image: new Uint8Array(16385) }],
  ])("is refused when %s", (what, options) => {
    expect(() => chip(options)).toThrow(code("EINVAL"))
    expect(() => chip(options)).toThrow(what)
  })
})

describe("a read", () => {
  it("fills the buffer up to the last byte, and a view of one", () => {
    const flash = chip()
    flash.write(makeBytes(8, 1), 16376)
    const buffer = new Uint8Array(12)
    expect(flash.read(buffer.subarray(2, 10), 16376)).toBe(8)
    expect(buffer).toEqual(Uint8Array.from([0, 0, ...makeBytes(8, 1), 0, 0]))
    expect(flash.read(new Uint8Array(0), 16384)).toBe(0)
  })

  it.each([-1, 0.5, 16381, 16385, Number.NaN])("is refused at %d", (byteOffset) => {
    const flash = chip()
    expectViolation(flash, () => flash.read(new Uint8Array(4), byteOffset), byteOffset, /read of 4 bytes/)
  })
})

describe("a program", () => {
  it.each([1, 4, 8, 16, 32])(
    "may touch any run of units of %d, across pages and blocks, once",
    (writeAlign) => {
      const flash = chip({ writeAlign })
      const bytes = makeBytes(600 + (-600 & (writeAlign - 1)), 2)
      const start = 4096 - 10 * writeAlign
      flash.write(bytes, start)
      expect(at(flash, start, bytes.length)).toEqual(bytes)
      flash.write(makeBytes(writeAlign, 3), start - writeAlign)
      flash.write(makeBytes(writeAlign, 4), start + bytes.length)
      expect(at(flash, start, bytes.length)).toEqual(bytes)
    },
  )

  it("of nothing does nothing", () => {
    const flash = chip()
    flash.write(new Uint8Array(0), 16384)
    expect(flash.counters).toMatchObject({ programCalls: 0, programBytes: 0, microseconds: 0 })
  })

  it.each([
    [-1, 1],
    [0.5, 1],
    [16380, 5],
    [16385, 0],
  ])("at %d of %d bytes lies beyond the chip", (byteOffset, length) => {
    const flash = chip()
    const program = () => flash.write(new Uint8Array(length), byteOffset)
    expectViolation(flash, program, byteOffset, /the chip has 16384 bytes/)
  })

  it.each([4, 8, 16, 32])("has to start and end on the write alignment of %d", (writeAlign) => {
    const flash = chip({ writeAlign })
    const program = (byteOffset: number, length: number) => () =>
      flash.write(new Uint8Array(length), byteOffset)
    expectViolation(flash, program(1, writeAlign - 1), 1, /starts off the write alignment/)
    expectViolation(flash, program(writeAlign - 1, 1), writeAlign - 1, /starts off/)
    expectViolation(flash, program(0, writeAlign + 1), writeAlign + 1, /ends off the write alignment/)
    expectViolation(flash, program(writeAlign, writeAlign - 1), 2 * writeAlign - 1, /ends off/)
  })

  it("must not set a bit: the message names the byte and both values", () => {
    const flash = chip({ writeAlign: 4 })
    flash.write(Uint8Array.of(1, 0x0f, 3, 4), 8)
    const program = () => flash.write(Uint8Array.of(9, 9, 9, 9, 1, 0x10, 0, 0), 4)
    expectViolation(flash, program, 9, /a program of 0x10 over 0x0f would set a bit/)
  })

  it.each([1, 4, 16])("must not touch a unit of %d a second time, even to clear more bits", (writeAlign) => {
    const flash = chip({ writeAlign })
    flash.write(new Uint8Array(writeAlign).fill(0xfe), 64)
    const unit =
      writeAlign === 1 ? /this byte is programmed/ : new RegExp(`this unit of ${writeAlign} bytes is`)
    const program = (byteOffset: number, value: number, units: number) => () =>
      flash.write(new Uint8Array(units * writeAlign).fill(value), byteOffset)
    expectViolation(flash, program(64, 0xfc, 1), 64, unit)
    expectViolation(flash, program(64, 0xfe, 1), 64, unit)
    expectViolation(flash, program(64 - writeAlign, 0, 3), 64, unit)
  })

  it("counts for the rule also where its data were 0xFF", () => {
    const flash = chip({ writeAlign: 8 })
    flash.write(new Uint8Array(8).fill(0xff), 800)
    const program = () => flash.write(new Uint8Array(16), 792)
    expectViolation(flash, program, 800, /this unit of 8 bytes is programmed a second time/)
  })

  it("may come again after an erase of its block, and only then", () => {
    const flash = chip({ writeAlign: 4 })
    flash.write(new Uint8Array(8), 4092)
    flash.eraseBlock(1, 2)
    flash.write(makeBytes(4, 5), 4096)
    expectViolation(flash, () => flash.write(new Uint8Array(4), 4092), 4092, /a second time/)
    flash.eraseBlock(0, 1)
    flash.write(makeBytes(4, 6), 4092)
    expect(at(flash, 4092, 8)).toEqual(Uint8Array.from([...makeBytes(4, 6), ...makeBytes(4, 5)]))
  })
})

describe("an erase", () => {
  it("sets every byte of its blocks and no other, and counts their wear", () => {
    const flash = chip()
    const bytes = makeBytes(16384, 7)
    flash.write(bytes, 0)
    flash.eraseBlock(1, 3)
    flash.eraseBlock(2, 3)
    const expected = bytes.slice()
    expected.fill(0xff, 4096, 12288)
    expect(flash.image()).toEqual(expected)
    expect(flash.eraseCounts).toEqual(Uint32Array.of(0, 1, 2, 0))
  })

  it("of no blocks does nothing", () => {
    const flash = chip()
    flash.eraseBlock(4, 4)
    expect(flash.operations).toBe(0)
  })

  it.each([
    [0, 5],
    [4, 5],
    [-1, 1],
    [2, 1],
    [0.5, 1],
  ])("of blocks %d to %d is refused", (start, end) => {
    const flash = chip()
    flash.write(new Uint8Array(1), 0)
    expectViolation(flash, () => flash.eraseBlock(start, end), start * 4096, /the chip has 4 blocks/)
  })

  it("is refused without an end, as Moddable's is", () => {
    const flash = chip()
    const erase = () => flash.eraseBlock(1, undefined as unknown as number)
    expectViolation(flash, erase, 4096, /erase of blocks 1 to undefined/)
  })
})

describe("an image", () => {
  it("comes back from a chip, and makes another with the same bytes", () => {
    const flash = chip()
    flash.write(makeBytes(1000, 8), 3900)
    const image = flash.image()
    const copy = chip({ image })
    expect(copy.image()).toEqual(image)
    image.fill(0)
    expect(copy.image()).toEqual(flash.image())
    copy.write(new Uint8Array(4), 0)
    expect(at(flash, 0, 4)).toEqual(new Uint8Array(4).fill(0xff))
  })

  it("that is shorter than the chip is followed by erased blocks", () => {
    const flash = chip({ image: makeBytes(5000, 9) })
    expect(at(flash, 0, 5000)).toEqual(makeBytes(5000, 9))
    expect(at(flash, 5000, 11384)).toEqual(new Uint8Array(11384).fill(0xff))
  })

  it("makes programmed every unit that is not all 0xFF", () => {
    const image = new Uint8Array(64).fill(0xff)
    image[21] = 0xfe
    const flash = chip({ image, writeAlign: 4 })
    flash.write(new Uint8Array(20), 0)
    flash.write(new Uint8Array(40), 24)
    expectViolation(flash, () => flash.write(new Uint8Array(4), 20), 20, /a second time/)
  })
})

describe("a closed chip", () => {
  it("throws ECLOSED, twice closed too, until it is rebooted", () => {
    const flash = chip()
    flash.write(makeBytes(4, 1), 0)
    flash.close()
    flash.close()
    const closed = failure("ECLOSED", "the simulated flash is closed")
    expect(() => flash.read(new Uint8Array(1), 0)).toThrow(closed)
    expect(() => flash.write(new Uint8Array(1), 0)).toThrow(closed)
    expect(() => flash.eraseBlock(0, 1)).toThrow(closed)
    expect(() => flash.status()).toThrow(closed)
    expect(at(flash.reboot(), 0, 4)).toEqual(makeBytes(4, 1))
  })
})
