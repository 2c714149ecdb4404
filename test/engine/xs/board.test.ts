/**
 * Goal: a config store on raw flash lives in the memory that Moddable gives to XS on each board, also when everything that the
 * modules made at their start has become read-only firmware (preload). Method: the modules are evaluated and preloaded in one
 * machine, then inside/board.ts runs 10,000 mixed operations in another one that has the board's slots, chunks and stack and cannot
 * grow; where they do not suffice XS ends the machine, as it does on a board.
 */
import { beforeAll, expect, test } from "vitest"
import {
  type Board,
  ESP32,
  ESP32C3,
  ESP8266,
  type Report,
  type Runner,
  runner32,
  runner64,
  runOnBoard,
} from "./board.ts"
import type { Load } from "./inside/board.ts"
import { makeModules } from "./modules.ts"
import { COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

const LOAD: Load = { flashSize: 65_536, pagesize: 512, frames: 16, keys: 200, operations: 10_000 }
/** Enough for every path to be taken, when a processor is emulated. */
const FEW_OPERATIONS = 400

/** What the library writes of what was preloaded: the list of places in use (hosts/store.ts). */
const ALIASES = 1

interface Outcome {
  frames: number
  findings: number
  misses: number
}

const AMPLE_STACK = 4096

let runner: Runner
let stackNeeded: number
let main: string

function run(board: Board, load: Load, by = runner) {
  return runOnBoard<Outcome>(by, board, main, load)
}

function show(what: string, report: Report<Outcome>): void {
  const { peakSlots, slots, liveSlots, peakChunkBytes, liveChunkBytes, peakStack, stack, slotBytes } = report
  console.log(
    `XS, ${what}: peak ${peakSlots} of ${slots} slots (${liveSlots} live), ${peakChunkBytes} chunk bytes ` +
      `(${liveChunkBytes} live), ${peakStack} of ${stack} stack slots; slots of ${slotBytes} bytes`,
  )
}

function expectSound(report: Report<Outcome> & { callers: string }): void {
  expect(report.abort && `${report.abort}: ${report.callers}`).toBe("")
  expect(report.result.findings).toBe(0)
  expect(report.aliases).toBe(ALIASES)
}

/** Gives the board with the stack that the library needs, if its own is smaller; an arena pays for it. */
function withEnoughStack(board: Board): Board {
  return { ...board, stack: Math.max(board.stack, stackNeeded) }
}

/** Gives the most frames, up to 16, with which the board gets through, and how many bytes 16 lack. */
function limitsOf(board: Board): { frames: number; missing: number } {
  const holds = (tried: Board, frames: number) =>
    run(tried, { ...LOAD, frames, operations: 1000 }).abort === ""
  let frames = LOAD.frames
  while (frames > 0 && !holds(board, frames)) frames--
  let missing = 0
  while (missing < board.arena && !holds({ ...board, arena: board.arena + missing }, LOAD.frames))
    missing += 512
  return { frames, missing }
}

describeOnXS("firmware with a board's memory", () => {
  beforeAll(async () => {
    runner = runner64()
    main = await makeModules("board", "inside/board.ts")
    const needs = [4, 8, 16].map(
      (frames) => run({ ...ESP32, stack: AMPLE_STACK }, { ...LOAD, frames }).peakStack,
    )
    stackNeeded = Math.max(...needs)
    console.log(`XS: the deepest calls take ${stackNeeded} stack slots, with the application's`)
  }, COMPILE_MILLISECONDS)

  test.each([
    ["an ESP32", ESP32],
    ["an ESP32-C3", ESP32C3],
    ["an ESP8266", ESP8266],
  ])("%s has enough stack", (_, board) => {
    expect(stackNeeded).toBeLessThanOrEqual(board.stack)
  })

  test.each([
    ["an ESP32", 4, ESP32],
    ["an ESP32", 16, ESP32],
    ["an ESP32-C3", 4, ESP32C3],
    ["an ESP32-C3", 16, ESP32C3],
    ["an ESP8266", 4, ESP8266],
  ])("%s has slots and chunks for 10,000 operations with %i frames", (_, frames, board) => {
    const report = run(withEnoughStack(board), { ...LOAD, frames })
    show(`${board.name}, ${frames} frames`, report)
    expectSound(report)
  })

  test("an ESP8266 has no room for 16 frames of 512 bytes, but for 8", () => {
    const board = withEnoughStack(ESP8266)
    const { frames, missing } = limitsOf(board)
    console.log(`XS, ESP8266: at most ${frames} frames; 16 lack ${missing} bytes`)
    expect(frames).toBeGreaterThanOrEqual(8)
    const report = run(board, { ...LOAD, frames: 8 })
    show("ESP8266, 8 frames", report)
    expectSound(report)
  })

  test(
    "the same in a 32-bit program, whose slots have a board's 16 bytes",
    () => {
      const exact = runner32()
      const operations = exact.emulated ? FEW_OPERATIONS : LOAD.operations
      for (const board of [ESP32, ESP32C3]) {
        const report = run(withEnoughStack(board), { ...LOAD, operations }, exact)
        show(`${board.name}, 16 frames, ${operations} operations in 32 bits`, report)
        expect(report.slotBytes).toBe(16)
        expectSound(report)
      }
    },
    COMPILE_MILLISECONDS,
  )

  test("a machine that is too small is noticed", () => {
    expect(run({ ...ESP32, slots: 400 }, LOAD).abort).toBe("memory full")
    expect(run({ ...ESP32, chunkBytes: 8192 }, LOAD).abort).toBe("memory full")
    expect(run({ ...ESP32, stack: 100 }, LOAD).abort).toBe("stack overflow")
  })
})

describeOnXS("preloaded modules", () => {
  let frozen: string

  beforeAll(async () => {
    runner = runner64()
    frozen = await makeModules("frozen", "inside/frozen.ts")
  }, COMPILE_MILLISECONDS)

  const write = (what: string) => runOnBoard<{ sum: number }>(runner, ESP32, frozen, what)

  test("cannot write a typed array that they made at their start", () => {
    expect(() => write("typed array")).toThrow("read-only buffer")
  })

  test.each(["array", "variable"])("take RAM when they write an object or a variable: %s", (what) => {
    expect(write("nothing").aliases).toBe(0)
    expect(write(what).aliases).toBe(1)
  })
})
