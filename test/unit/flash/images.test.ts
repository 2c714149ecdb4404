/**
 * Goal: a page comes back as it was written, whatever runs of zeros it has (an image leaves them out, in place), and however
 * many ranges were changed. Method: pages made of runs of zeros and others are written through a volume and read back at once,
 * after the flush, and after reopening; on top of that come changes of ranges.
 */
import fc from "fast-check"
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as flash from "../../../src/flash/index.ts"

const run = fc.tuple(
  fc.boolean(),
  fc.oneof(fc.integer({ min: 1, max: 14 }), fc.integer({ min: 1, max: 300 })),
)

test("every shape of page comes back", () => {
  const pages = fc.array(run, { maxLength: 60, size: "max" })
  const changes = fc.array(fc.tuple(fc.nat(511), fc.integer({ min: 1, max: 200 })), { maxLength: 8 })
  const property = fc.property(
    pages,
    changes,
    fc.constantFrom(1, 4, 32),
    fc.constantFrom(256, 512, 1024),
    (runs, list, writeAlign, pagesize) => {
      const page = new Uint8Array(pagesize)
      let at = 0
      for (const [zeros, length] of runs) {
        if (!zeros) page.fill(1 + (at % 250), at, at + length)
        at += length
      }
      const device = new SimulatedFlash({ size: 32768, writeAlign })
      const volume = flash.open(device, { pagesize })
      volume.write(page, pagesize)
      const read = (from: flash.FlashVolume): Uint8Array => {
        const target = new Uint8Array(pagesize)
        expect(from.read(target, pagesize)).toBe(pagesize)
        return target
      }
      expect(read(volume)).toEqual(page)
      volume.flush()
      expect(read(volume)).toEqual(page)
      for (const [start, length] of list) {
        const bytes = new Uint8Array(Math.min(length, Math.max(pagesize - start, 0))).fill(start & 0xff)
        if (bytes.length === 0) continue
        volume.write(bytes, pagesize + start)
        page.set(bytes, start)
        expect(read(volume)).toEqual(page)
      }
      volume.flush()
      expect(read(flash.open(device.reboot(), { pagesize }))).toEqual(page)
    },
  )
  fc.assert(property, { seed: Number(process.env.SEED ?? 20261123), numRuns: 300 })
})
