/**
 * Goal: the memory of a volume is what FORMAT.md's formula says: at most 4 bytes a page, 6 a block, two page buffers and 1.5 KiB,
 * and in a transaction 6 bytes more for each page it has changed. Method: the bytes of every buffer that the handle reaches are
 * summed up, over the page sizes and partitions that a device may have.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/node.ts"
import * as flash from "../../../src/flash/index.ts"

/** The bytes of all buffers that an object's fields hold, each counted once. */
function bufferBytes(owner: object, seen = new Set<unknown>()): number {
  let bytes = 0
  for (const value of Object.values(owner)) {
    if (value === null || typeof value !== "object" || value instanceof SimulatedFlash) continue
    const held = ArrayBuffer.isView(value) ? value.buffer : value
    if (seen.has(held)) continue
    seen.add(held)
    bytes += held instanceof ArrayBuffer ? held.byteLength : bufferBytes(held, seen)
  }
  return bytes
}

function bound(pagesize: number, blocks: number): number {
  const pages = Math.floor((blocks * 4096) / pagesize)
  return 4 * pages + 6 * blocks + 2 * pagesize + 1536
}

const CASES = [256, 512, 1024, 2048].flatMap((pagesize) =>
  [8, 16, 64, 1024].flatMap((blocks) => [1, 32].map((writeAlign) => ({ pagesize, blocks, writeAlign }))),
)

describe("memory of a volume", () => {
  it.each(CASES.filter(({ pagesize, blocks }) => (blocks * 4096) / pagesize <= 32767))(
    "is bounded: pages of $pagesize, $blocks blocks, align $writeAlign",
    ({ pagesize, blocks, writeAlign }) => {
      const device = new SimulatedFlash({ size: blocks * 4096, writeAlign })
      const volume = flash.open(device, { pagesize })
      const page = new Uint8Array(pagesize).fill(7)
      volume.write(page, 0)
      volume.flush()
      expect(bufferBytes(volume)).toBeGreaterThan(2 * pagesize + 6 * blocks)
      expect(bufferBytes(volume)).toBeLessThanOrEqual(bound(pagesize, blocks))
    },
  )

  it("grows by at most 6 bytes for each page that a transaction changes", () => {
    const volume = flash.open(new SimulatedFlash({ size: 1 << 20 }), { pagesize: 512 })
    const page = new Uint8Array(512).fill(7)
    for (let i = 0; i < 1000; i++) {
      volume.write(page, i * 512)
      if (i % 50 === 49) expect(bufferBytes(volume)).toBeLessThanOrEqual(bound(512, 256) + 6 * (i + 1))
    }
    volume.flush()
    expect(bufferBytes(volume)).toBeLessThanOrEqual(bound(512, 256) + 6 * 1000)
  })
})
