/**
 * A log on the simulated chip, on XS: it goes round, is cut off in the middle of its flushes, and after each boot every record is there up
 * to the last flush, or with the one under way.
 */
import "./structured-clone.ts"
import { PowerCut } from "../../../../hosts/node/simulator/errors.ts"
import type { CutMode } from "../../../../hosts/node/simulator/medium.ts"
import { SimulatedFlash } from "../../../../hosts/node/simulator/simulated-flash.ts"
import { type Log, open } from "../../../../src/log/index.ts"
import { makeBytes } from "../../../support/streams.ts"
import { serve } from "./commands.ts"

interface Run {
  writeAlign: number
  encrypted: boolean
  checksum: "crc32" | "sum32"
  /** Records before the cuts, and with them; every `each`-th is cut in each mode. */
  load: number
  cut: number
  each: number
  modes: CutMode[]
}

function recordFor(number: number): Uint8Array {
  return makeBytes(number % 5 === 0 ? number % 70 : 32, number)
}

function append(log: Log, records: number): void {
  for (let i = 0; i < records; i++) {
    const number = log.last + 1
    log.append(recordFor(number), number % 3 === 0 ? undefined : number * 1000)
    log.flush()
  }
}

function expectAll(log: Log, newestFirst: boolean): void {
  let expected = newestFirst ? log.last : log.first
  log.since(
    0,
    (record, number, time) => {
      const wanted = recordFor(number)
      const isRight = record.length === wanted.length && record.every((byte, i) => byte === wanted[i])
      if (number !== expected || !isRight) throw new Error(`record ${number} where ${expected} should be`)
      if (time !== (number % 3 === 0 ? undefined : number * 1000)) throw new Error(`the time is ${time}`)
      expected += newestFirst ? -1 : 1
    },
    { newestFirst, lost: () => undefined },
  )
}

serve({
  run({ writeAlign, encrypted, checksum, load, cut, each, modes }: Run) {
    const chip = new SimulatedFlash({ size: 16_384, writeAlign, encrypted })
    const log = open(chip, { checksum })
    append(log, load)
    let points = 0
    for (let n = 0; n < cut; n++) {
      for (const mode of n % each === 0 ? modes : []) {
        for (let operation = 0; ; operation++) {
          const fork = chip.fork()
          const handle = open(fork)
          fork.cutAfter(operation, mode)
          try {
            append(handle, 1)
            break
          } catch (error) {
            if (!(error instanceof PowerCut)) throw error
          }
          points++
          const booted = fork.reboot()
          const found = open(booted)
          if (found.last !== log.last && found.last !== log.last + 1)
            throw new Error(`the last is ${found.last}`)
          append(found, 5)
          const again = open(booted.reboot())
          if (again.last !== found.last) throw new Error(`${again.last}, not ${found.last}`)
          expectAll(again, false)
        }
      }
      append(log, 1)
    }
    expectAll(log, false)
    expectAll(log, true)
    return { points, first: log.first, last: log.last, findings: log.check().length }
  },
})
