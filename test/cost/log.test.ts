/**
 * Goal: the log stays within its budgets: bytes programmed and erases a record, wear, reads to open and to find a time, memory. Method:
 * 20,000 records of 32 bytes on a simulated chip of 256 KiB, counted once the chip has been gone round, so that blocks that were
 * blank from the factory flatter nothing. All figures are counts, so they are the same everywhere.
 */
import { describe, expect, it } from "vitest"
import { SimulatedFlash } from "../../hosts/node/simulator/simulated-flash.ts"
import * as log from "../../src/log/index.ts"
import { runRecords } from "../bench/workloads.mjs"

const PARTS = { log, SimulatedFlash }
const KIB = 1024

const each = runRecords(PARTS, { size: 256 * KIB })
const sixteen = runRecords(PARTS, { size: 256 * KIB }, { every: 16 })

describe("a record of 32 bytes on 256 KiB (W2)", () => {
  it.each([
    ["each durable", 38, 9.5, each],
    ["every 16th durable", 34, 8.5, sixteen],
  ])("%s: at most %f bytes, and %f erases a thousand", (_, bytes, erases, { write }) => {
    console.log(`${write.programBytes.toFixed(2)} bytes, ${write.erasesPerThousand.toFixed(2)} erases`)
    expect(write.programBytes).toBeLessThanOrEqual(bytes)
    expect(write.erasesPerThousand).toBeLessThanOrEqual(erases)
    expect(write.operationErasesMax).toBe(1)
  })

  it.each([1, 16])(
    "takes one program call a flush of 16, and at a block's end two more; alignment %i",
    (writeAlign) => {
      const chip = new SimulatedFlash({ size: 32 * KIB, writeAlign })
      const write = chip.write.bind(chip)
      let made = 0
      chip.write = (bytes, offset) => {
        made++
        write(bytes, offset)
      }
      const it = log.open(chip)
      const calls: number[] = []
      for (let n = 1; n <= 8000; n++) {
        it.append(new Uint8Array(32))
        if (n % 16 !== 0) continue
        it.flush()
        calls.push(made)
        made = 0
      }
      // A group in the old block, unless no record fits there any more, the header of the next one, and what commits.
      expect(new Set(calls)).toEqual(new Set([1, 2, 3]))
      const begun = calls.filter((count) => count > 1).length
      // Each but the first eight blocks by an erase.
      expect(begun).toBe(chip.eraseCounts.reduce((sum, count) => sum + count, 0) + 8)
    },
  )

  it("wears the blocks evenly", () => {
    for (const { write } of [each, sixteen]) expect(write.wearMax).toBeLessThanOrEqual(write.wearMean + 2)
  })

  it("costs no more than 5 bytes a record beyond the alignment of 16", () => {
    const { write } = runRecords(PARTS, { size: 256 * KIB, writeAlign: 16 })
    expect(write.programBytes).toBeLessThanOrEqual(48 + 5)
  })

  it("opens with at most two reads a block and 8 KiB, wherever the head stands", () => {
    const chip = new SimulatedFlash({ size: 256 * KIB })
    const it = log.open(chip)
    const most = { calls: 0, bytes: 0 }
    for (let n = 0; n < 9000; n++) {
      it.append(new Uint8Array(32))
      it.flush()
      if (n % 41 !== 0) continue
      const device = chip.fork()
      device.counters.reset()
      log.open(device)
      most.calls = Math.max(most.calls, device.counters.readCalls)
      most.bytes = Math.max(most.bytes, device.counters.readBytes)
    }
    console.log(`opening: ${most.calls} reads, ${most.bytes} bytes`)
    expect(most.calls).toBeLessThanOrEqual(2 * 64)
    expect(most.bytes).toBeLessThanOrEqual(8 * KIB)
  })
})

describe("reading", () => {
  const chip = new SimulatedFlash({ size: 256 * KIB })
  const handle = log.open(chip)
  for (let n = 0; n < 12_000; n++) {
    handle.append(new Uint8Array(32), n * 1000)
    handle.flush()
  }

  function readsOf(action: () => void): number {
    chip.counters.reset()
    action()
    return chip.counters.readCalls
  }

  it("finds a time, or a number, with at most 20 reads", () => {
    const most = { time: 0, number: 0, back: 0 }
    for (let n = handle.first; n <= handle.last; n += 13) {
      let found = 0
      const visit = (_: Uint8Array, number: number) => {
        found = number
        return false
      }
      most.time = Math.max(
        most.time,
        readsOf(() => handle.between((n - 1) * 1000, 1e9, visit)),
      )
      expect(found).toBe(n)
      most.number = Math.max(
        most.number,
        readsOf(() => handle.since(n, visit)),
      )
      expect(found).toBe(n)
      most.back = Math.max(
        most.back,
        readsOf(() => handle.between(0, (n - 1) * 1000, visit, { newestFirst: true })),
      )
      expect(found).toBe(n)
    }
    console.log(
      `reads to find a time ${most.time}, a number ${most.number}, a time newest first ${most.back}`,
    )
    expect(most.time).toBeLessThanOrEqual(20)
    expect(most.number).toBeLessThanOrEqual(20)
    expect(most.back).toBeLessThanOrEqual(40)
  })

  it("takes a read for each 760 bytes of the log, and four a block", () => {
    const used = handle.status().usedBlocks
    const reads = readsOf(() => handle.since(0, () => undefined))
    expect(reads).toBeLessThanOrEqual(used * (Math.ceil(4096 / 740) + 4))
    const back = readsOf(() => handle.since(0, () => undefined, { newestFirst: true }))
    expect(back).toBeLessThanOrEqual(used * (2 * Math.ceil(4096 / 740) + 16))
  })
})

/** Bytes of the buffers that a log holds, each counted once, and of those that a visit makes. */
function buffersOf(handle: log.Log): number {
  const buffers = new Set<ArrayBufferLike>()
  for (const value of Object.values(handle)) if (ArrayBuffer.isView(value)) buffers.add(value.buffer)
  return [...buffers].reduce((sum, buffer) => sum + buffer.byteLength, 0)
}

describe("memory", () => {
  it.each([
    [256 * KIB, 4096],
    [4096 * KIB, 4096],
    [256 * KIB, 16384],
    [256 * KIB, 32768],
  ])(
    "besides the buffer is at most 300 bytes on %i bytes in blocks of %i, newest first as well",
    (size, blockLength) => {
      const handle = log.open(new SimulatedFlash({ size, blockLength }), { buffer: 768 })
      for (let n = 0; n < 300; n++) {
        handle.append("x".repeat(30))
        handle.flush()
      }
      const before = buffersOf(handle)
      const made: number[] = []
      const Original = globalThis.Uint16Array
      class Counted extends Original {
        constructor(length: number) {
          super(length)
          made.push(this.byteLength)
        }
      }
      globalThis.Uint16Array = Counted as Uint16ArrayConstructor
      try {
        handle.since(0, () => undefined, { newestFirst: true })
      } finally {
        globalThis.Uint16Array = Original
      }
      const inVisit = made.reduce((sum, bytes) => sum + bytes, 0)
      const fields = Object.keys(handle).length
      console.log(
        `${before - 768} bytes held, ${inVisit} while newest first; ${fields} fields, ${16 * fields} bytes as XS slots`,
      )
      expect(inVisit).toBeGreaterThan(0)
      expect(before - 768 + inVisit).toBeLessThanOrEqual(300)
    },
  )

  it("does not grow: appending, flushing and reading keep their buffers", () => {
    const handle = log.open(new SimulatedFlash({ size: 64 * KIB }))
    const before = buffersOf(handle)
    for (let n = 0; n < 5000; n++) {
      handle.append("x".repeat(n % 90), n)
      if (n % 3 === 0) handle.flush()
      if (n % 500 === 0) handle.since(n - 50, () => undefined)
    }
    expect(buffersOf(handle)).toBe(before)
  })
})
