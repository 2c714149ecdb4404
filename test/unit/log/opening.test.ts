/**
 * Goal: a log opens on what is its own and on nothing else: options and geometry are checked, foreign content, other shapes, later versions
 * and hostile headers are refused, and two handles do not write over each other. Method: headers are made by hand from those of a real
 * log, with their check made right again.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import { crc32 } from "../../../src/checksum.ts"
import * as flash from "../../../src/flash/index.ts"
import { btree } from "../../../src/index.ts"
import * as log from "../../../src/log/index.ts"
import { withDeadline } from "../../support/deadline.ts"
import { appendTo, expectRecords } from "../../support/logs.ts"

const SIZE = 32768

function logged(records = 300, options: log.LogOpenOptions = {}, chip = new SimulatedFlash({ size: SIZE })) {
  const it = log.open(chip, options)
  appendTo(it, records, 1)
  return { chip, it }
}

/** A chip as another, with the header of the block that has the highest sequence number changed, and its check right. */
function withHeader(chip: SimulatedFlash, change: (view: DataView) => void, block = -1): SimulatedFlash {
  const image = chip.image()
  const { blockLength, blocks } = chip.status()
  const headers = Array.from({ length: blocks }, (_, i) => new DataView(image.buffer, i * blockLength, 56))
  const newest = headers.toSorted((a, b) => sequenceOf(b) - sequenceOf(a))[0] as DataView
  const view = block < 0 ? newest : (headers[block] as DataView)
  change(view)
  const bytes = new Uint8Array(image.buffer, view.byteOffset, 56)
  view.setUint32(52, crc32(bytes, 0, 52, 0))
  return new SimulatedFlash({ size: image.length, image })
}

function sequenceOf(view: DataView): number {
  return view.getUint32(0) === 0x46544c31 ? view.getUint32(8) : 0
}

describe("options", () => {
  it.each([
    [{ writeAlign: 3 }, /writeAlign 3.* expected .*1, 4, 8, 16 or 32/],
    [{ buffer: 127 }, /buffer 127.* expected .*128 to half of one/],
    [{ buffer: 2049 }, /buffer 2049/],
    [{ buffer: 200.5 }, /buffer is 200.5, expected a whole number/],
    [{ buffer: "768" as unknown as number }, /buffer is 768, expected a whole number/],
    [{ full: "explode" as "stop" }, /full is explode, expected overwrite or stop/],
    [{ format: "x" as "never" }, /format is x/],
    [{ checksum: "md5" as "crc32" }, /checksum is md5/],
    [{ pagesize: 512 } as log.LogOpenOptions, /unknown option "pagesize"; the options are firstBlock/],
    [{ blockCount: 3 }, /blocks 0 to 3 of 8.* expected 4 blocks or more/],
    [{ firstBlock: 5 }, /blocks 5 to 8 of 8/],
    [{ firstBlock: 0.5, blockCount: 4.5 }, /firstBlock is 0.5/],
    [{ firstBlock: -1, blockCount: 5 }, /firstBlock is -1/],
    [{ blockCount: 9 }, /blocks 0 to 9/],
  ])("%o is EINVAL", (options, message) => {
    expect(() => log.open(new SimulatedFlash({ size: SIZE }), options)).toThrow(message)
    expect(() => log.open(new SimulatedFlash({ size: SIZE }), options)).toThrow(/^EINVAL/)
  })

  it("what is no device is EINVAL", () => {
    for (const device of [undefined, null, {}]) {
      expect(() => log.open(device as unknown as log.FlashDevice)).toThrow(/EINVAL: not a flash device/)
    }
  })

  it("of a device that erases to 0 are EINVAL", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const device = { ...bound(chip), status: () => ({ ...chip.status(), eraseValue: 0 }) }
    expect(() => log.open(device)).toThrow(/EINVAL: .*erased bytes 0 .*255/)
  })

  it('format: "never" begins none, "always" begins anew with another id, "blank" refuses what is foreign', () => {
    const { chip, it } = logged()
    expect(() => log.open(new SimulatedFlash({ size: SIZE }), { format: "never" })).toThrow(/EFTYPE: no log/)
    expect(log.open(chip, { format: "never" }).last).toBe(it.last)
    const anew = log.open(chip, { format: "always" })
    expect(anew.count).toBe(0)
    // Until the first flush the old one is there.
    expect(log.open(chip).last).toBe(300)
    appendTo(anew, 3, 1)
    expect(log.open(chip).last).toBe(3)
    expect(expectRecords(log.open(chip))).toEqual([])
    appendTo(anew, 2000, 1)
    expect(expectRecords(log.open(chip))).toEqual([])
    const image = new Uint8Array(SIZE).fill(0xff)
    image[20000] = 0
    const foreign = new SimulatedFlash({ size: SIZE, image })
    expect(() => log.open(foreign)).toThrow(/EFTYPE: erase block 4 holds something else/)
    appendTo(log.open(foreign, { format: "always" }), 2000, 1)
    expect(log.open(foreign).last).toBe(2000)
  })

  it("readonly refuses changes and reads", () => {
    const { chip } = logged()
    const it = log.open(chip, { readonly: true })
    for (const change of [() => it.append("x"), () => it.flush(), () => it.maintain()])
      expect(change).toThrow(/EROFS/)
    expect(expectRecords(it)).toEqual([])
    const { operations } = chip
    it.rollback()
    it.close()
    expect(chip.operations).toBe(operations)
  })

  it.each(["crc32", "sum32"] as const)("checksum %s is the log's, whoever opens it", (checksum) => {
    const { chip } = logged(400, { checksum })
    appendTo(log.open(chip, { checksum: "crc32" }), 400, 3)
    appendTo(log.open(chip, { checksum: "sum32" }), 400, 3)
    expect(expectRecords(log.open(chip))).toEqual([])
    expect(log.open(chip).check()).toEqual([])
    expect(log.open(chip).last).toBe(1200)
  })

  it("buffers of different sizes write and read one log", () => {
    const chip = new SimulatedFlash({ size: SIZE })
    const long = new Uint8Array(1500).fill(65)
    for (let round = 0; round < 24; round++) {
      const buffer = [768, 2048, 128, 900, 1700][round % 5] as number
      const it = log.open(chip, { buffer })
      expect(it.last).toBe(round * 20)
      for (let n = 0; n < 20; n++) {
        it.append(it.status().recordMax >= 1500 ? long : "short", n)
        if (n % 3 === 0) it.flush()
      }
      it.flush()
      let count = 0
      const reader = log.open(chip)
      reader.since(0, (record) => {
        expect([5, 1500]).toContain(record.length)
        count++
      })
      expect(count).toBe(reader.count)
      expect(reader.last).toBe((round + 1) * 20)
      expect(reader.check()).toEqual([])
    }
  })
})

describe("one partition", () => {
  it("has several logs, and a volume beside them", () => {
    const chip = new SimulatedFlash({ size: 131072 })
    const places = [
      { firstBlock: 0, blockCount: 4 },
      { firstBlock: 4, blockCount: 9 },
      { firstBlock: 28, blockCount: 4 },
    ]
    const open = () => places.map((place) => log.open(chip, place))
    const openTree = () => btree.open(flash.open(chip, { firstBlock: 13, blockCount: 15 }))
    let logs = open()
    let tree = openTree()
    for (let round = 0; round < 400; round++) {
      for (const [i, it] of logs.entries()) appendTo(it, 2 + i, 2)
      tree.set(`key${round % 50}`, `${round}`)
      tree.flush()
      if (round % 50 === 49) {
        logs = open()
        tree = openTree()
      }
    }
    for (const [i, it] of logs.entries()) {
      expect(it.last).toBe((2 + i) * 400)
      expect(expectRecords(it)).toEqual([])
    }
    expect(tree.check()).toEqual([])
    expect(tree.stat().entries).toBe(50)
    for (const place of [{ firstBlock: 13, blockCount: 5 }, { blockCount: 32 }])
      expect(() => log.open(chip, place)).toThrow(/EFTYPE/)
  })
})

describe("two handles on one log", () => {
  it.each([
    [1, false],
    [16, true],
  ])("alignment %i, encrypted %s: the second to write is ESTALE", (writeAlign, encrypted) => {
    for (const records of [0, 300, 2000]) {
      const chip = new SimulatedFlash({ size: SIZE, writeAlign, encrypted })
      if (records > 0) appendTo(log.open(chip), records, 1)
      const [one, two] = [log.open(chip), log.open(chip)]
      appendTo(one, 1, 1)
      two.append("too late")
      expect(() => two.flush()).toThrow(/ESTALE/)
      expect(() => two.append("still")).toThrow(/ESTALE/)
      expect(() => two.rollback()).toThrow(/ESTALE/)
      two.close()
      appendTo(one, 200, 1)
      expect(log.open(chip).last).toBe(records + 201)
      expect(expectRecords(log.open(chip))).toEqual([])
    }
  })
})

describe("a header", () => {
  const { chip } = logged(2000)

  it.each<[string, (view: DataView) => void, RegExp]>([
    [
      "of another block length",
      (view) => view.setUint16(30, 8192),
      /EFTYPE: the log has .* 8,8192,1,0,1, not 8,4096,1,0,1/,
    ],
    ["of another number of blocks", (view) => view.setUint16(32, 9), /EFTYPE: .* 9,4096,1,0,1, not/],
    ["of another alignment", (view) => view.setUint8(41, 4), /EFTYPE: .* 8,4096,4,0,1, not/],
    ["with a feature to be known", (view) => view.setUint8(42, 1), /EFTYPE: .* 8,4096,1,1,1, not/],
    ["with an unknown check", (view) => view.setUint8(40, 3), /EFTYPE: .* 8,4096,1,0,3, not/],
    [
      "with frames longer than half a block",
      (view) => view.setUint16(50, 40000),
      /EFTYPE: .*frames of 40000/,
    ],
    ["with a time that is none", (view) => view.setFloat64(20, Number.NaN), /ECORRUPT/],
    ["with a time without end", (view) => view.setFloat64(20, Number.POSITIVE_INFINITY), /ECORRUPT/],
  ])("%s is refused", (_, change, message) => {
    const changed = withHeader(chip, change)
    expect(() => withDeadline(5000, () => log.open(changed))).toThrow(message)
    appendTo(log.open(changed, { format: "always" }), 500, 1)
    expect(expectRecords(log.open(changed))).toEqual([])
  })

  it("with a feature to be known to write opens read-only", () => {
    const it = log.open(withHeader(chip, (view) => view.setUint8(43, 1)))
    expect(it.status().readonly).toBe(true)
    expect(expectRecords(it)).toEqual([])
  })

  it("of a log in fewer or more blocks is found, and refused", () => {
    expect(() => log.open(chip, { blockCount: 7 })).toThrow(/EFTYPE: .* 8,4096,1,0,1, not 7,/)
    const large = new SimulatedFlash({ size: 65536, image: chip.image() })
    expect(() => log.open(large)).toThrow(/EFTYPE: .* 8,4096,1,0,1, not 16,/)
  })

  it("with any numbers in it ends in records or an error, never a hang", () => {
    const fields: [string, number, number][] = [
      ["sequence", 8, 4],
      ["first record", 12, 4],
      ["falls", 18, 2],
      ["end before", 28, 2],
      ["erase count", 36, 4],
      ["retired", 44, 2],
      ["retired", 46, 2],
      ["longest", 50, 2],
    ]
    let opened = 0
    for (const [, offset, size] of fields) {
      for (const value of [0, 1, 7, 55, 4095, 4096, 0x7fff, 0xffff, 0xfffffff8, 0xffffffff]) {
        for (let block = -1; block < 8; block++) {
          const set = (view: DataView) =>
            size === 2 ? view.setUint16(offset, value) : view.setUint32(offset, value)
          const changed = withHeader(chip, set, block)
          withDeadline(5000, () => {
            try {
              const it = log.open(changed)
              opened++
              it.check()
              for (const newestFirst of [false, true])
                it.since(0, () => undefined, { newestFirst, lost: () => undefined })
              it.between(1000, 2000, () => undefined, { lost: () => undefined })
              for (let n = 0; n < 300; n++) {
                it.append(new Uint8Array(60), n)
                it.flush()
              }
            } catch (error) {
              expect((error as Error).message).toMatch(/^(EFTYPE|ECORRUPT|EIO|ENOSPC|ESTALE)/)
            }
          })
        }
      }
    }
    expect(opened).toBeGreaterThan(300)
  })
})

function bound(chip: SimulatedFlash) {
  return {
    read: chip.read.bind(chip),
    write: chip.write.bind(chip),
    eraseBlock: chip.eraseBlock.bind(chip),
    close: () => undefined,
  }
}
