/**
 * Goal: what boards/ says of the memory of a store on a Moddable board is so. Method: a store with the board's defaults is opened, and
 * used until it grows no more, on XS with preloaded modules (board.ts); what is in use then, less what is without a store, is
 * compared with the board's stateBytes. A board without a partition has the store on segment files (inside/files.ts). Slots count 16 bytes, as on every board; chunks have the larger headers of 64 bits.
 */
import { beforeAll, expect, test } from "vitest"
import { boardsOf } from "../../support/boards.ts"
import { type Board, ESP32, type Runner, runner64, runOnBoard } from "./board.ts"
import type { Stage } from "./inside/state.ts"
import { makeModules } from "./modules.ts"
import { COMPILE_MILLISECONDS, describeOnXS } from "./sources.ts"

/** Room enough for any of them: it is not the limits that are tried here. */
const AMPLE: Board = { ...ESP32, chunkBytes: 1 << 20, slots: 20_000, stack: 2048 }
const SLOT_BYTES = 16

let runner: Runner
let main: string

function bytesIn(stage: Stage): number {
  const { abort, liveSlots, liveChunkBytes } = runOnBoard(runner, AMPLE, main, stage)
  expect(abort).toBe("")
  return liveSlots * SLOT_BYTES + liveChunkBytes
}

describeOnXS("a store with the defaults of", () => {
  beforeAll(async () => {
    runner = runner64()
    main = await makeModules("state", "inside/state.ts")
  }, COMPILE_MILLISECONDS)

  const boards = boardsOf("moddable")

  test.each(boards)("$folder takes the memory that its board.json says", ({ folder, board }) => {
    const { size, eraseBlock = 4096 } = board.storage
    const { pagesize, cachesize } = board.defaults
    const load = { size, eraseBlock, pagesize, cachesize, onFiles: board.storage.kind === "files" }
    const nothing = bytesIn({ ...load, stage: "nothing" })
    const afterOpen = bytesIn({ ...load, stage: "open" }) - nothing
    const warm = bytesIn({ ...load, stage: "warm" }) - nothing
    console.log(`XS, ${folder}: a store takes ${afterOpen} bytes after open, ${warm} when warm`)
    expect(afterOpen).toBeLessThanOrEqual(board.stateBytes.afterOpen)
    expect(afterOpen).toBeGreaterThan(board.stateBytes.afterOpen * 0.7)
    expect(warm).toBeLessThanOrEqual(board.stateBytes.warm)
    expect(warm).toBeGreaterThan(board.stateBytes.warm * 0.7)
  })
})
