/**
 * Goal: a SegmentedFileStream holds, after a power cut at any moment, exactly what was last flushed, or what was being flushed, whole.
 * Method: one seeded run of writes, size changes, flushes and rollbacks with a log so short that it is carried over every few flushes
 * is cut before every change that LittleFS makes to the medium, and before every call on a file system that keeps a random part of
 * what was not synced. What is found then is compared with the states of an uncut run; the run goes on from it, and is cut again.
 */
import { describe, expect, it } from "vitest"
import { SegmentedFileStream } from "../../hosts/moddable/moddable.ts"
import * as btree from "../../src/btree/index.ts"
import { DirectoryDouble, LooseFs, makeLittleFs } from "../support/moddable/files-double.ts"
import { firstDifference, makeBytes, makeRandom, readAll } from "../support/streams.ts"

interface Board {
  root: DirectoryDouble
  /** The power went off. */
  wasCut(): boolean
  cutAfter(steps: number): void
  reboot(seed: number): void
}

function littleFsBoard(): Board {
  const { fs, root } = makeLittleFs()
  return {
    root,
    wasCut: () => fs.isCut,
    cutAfter: (steps) => fs.cutAfter(steps),
    reboot: () => fs.reboot(),
  }
}

function looseBoard(): Board {
  const fs = new LooseFs()
  return {
    root: new DirectoryDouble(fs),
    wasCut: () => fs.isCut,
    cutAfter: (steps) => fs.cutAfter(steps),
    reboot: (seed) => fs.reboot(seed),
  }
}

const open = (board: Board) =>
  new SegmentedFileStream("db", { files: board.root, segmentLength: 512, logLength: 600 })

/** One transaction, the same for the same number: writes, cuts, extensions, now and then given up. True when it was flushed. */
function transact(stream: SegmentedFileStream, number: number): boolean {
  const random = makeRandom(number + 1)
  for (let i = 1 + random(4); i > 0; i--) {
    const size = stream.size()
    const kind = random(10)
    if (kind === 0) stream.setSize(random(size + 1))
    else if (kind === 1) stream.setSize(size + random(700))
    else stream.write(makeBytes(1 + random(kind === 2 ? 900 : 60), number), random(size + 40))
  }
  if (random(8) === 0) {
    stream.rollback()
    return false
  }
  stream.flush()
  return true
}

const TRANSACTIONS = 60

/** The contents after each transaction of an uncut run. */
function statesOf(): Uint8Array[] {
  const stream = open(littleFsBoard())
  const states = [readAll(stream)]
  for (let i = 0; i < TRANSACTIONS; i++) {
    transact(stream, i)
    states.push(readAll(stream))
  }
  return states
}

/** Calls `run`; what it throws when the power went off is not an error. */
function untilCut(board: Board, run: () => void): void {
  try {
    run()
  } catch (error) {
    if (!board.wasCut()) throw error
  }
}

/** Runs from transaction `first` until the end or a cut; gives the number of the transaction that was cut, or -1. */
function runOn(board: Board, first: number): number {
  let current = first
  untilCut(board, () => {
    const stream = open(board)
    for (; current < TRANSACTIONS; current++) transact(stream, current)
    stream.close()
  })
  return board.wasCut() ? current : -1
}

/** After a cut in transaction `cut`: gives the transaction to go on with. Fails when the contents are of no right state. */
function inspect(board: Board, states: Uint8Array[], cut: number): number {
  const stream = open(board)
  const found = readAll(stream)
  stream.close()
  const before = firstDifference(found, states[cut]) < 0
  if (!before && (cut === TRANSACTIONS || firstDifference(found, states[cut + 1]) >= 0))
    throw new Error(`after a cut in transaction ${cut} the contents are of no flushed state`)
  return before ? cut : cut + 1
}

describe.each([
  ["LittleFS", littleFsBoard, 1],
  ["a file system that keeps a part of what was not synced", looseBoard, 3],
] as const)("a SegmentedFileStream on %s", (_name, makeBoard, seeds) => {
  const states = statesOf()

  it("has a run that carries the log over and shrinks", () => {
    const sizes = states.map((state) => state.length)
    expect(Math.max(...sizes)).toBeGreaterThan(1200)
    expect(sizes.filter((size, i) => i > 0 && size < sizes[i - 1]).length).toBeGreaterThan(2)
    const board = makeBoard()
    expect(runOn(board, 0)).toBe(-1)
    expect(board.root.status("db/log0").mode + board.root.status("db/log1").mode).toBe(2)
    expect(board.root.status("db/0").mode).toBe(1)
    expect(board.root.stillOpen).toBe(0)
  })

  it("holds a flushed state after a cut at every step, and goes on from it", () => {
    let cuts = 0
    for (let steps = 0; ; steps++) {
      let cut = 0
      for (let seed = 1; seed <= seeds; seed++) {
        const board = makeBoard()
        board.cutAfter(steps)
        cut = runOn(board, 0)
        if (cut < 0) break
        cuts++
        board.reboot(steps * 7 + seed)
        const next = inspect(board, states, cut)
        expect(runOn(board, next)).toBe(-1)
        expect(inspect(board, states, TRANSACTIONS - 1)).toBe(TRANSACTIONS)
      }
      if (cut < 0) break
    }
    expect(cuts).toBeGreaterThan(60)
  })

  it("holds a flushed state after a second cut soon after the first", () => {
    let cuts = 0
    for (let steps = 0; ; steps += 3) {
      let first = 0
      for (let second = 0; second < 9; second++) {
        const board = makeBoard()
        board.cutAfter(steps)
        first = runOn(board, 0)
        if (first < 0) break
        board.reboot(steps + second)
        const next = inspect(board, states, first)
        board.cutAfter(second)
        const cut = runOn(board, next)
        if (cut < 0) continue
        cuts++
        board.reboot(steps * 3 + second)
        inspect(board, states, cut)
      }
      if (first < 0) break
    }
    expect(cuts).toBeGreaterThan(100)
  })
})

describe("a btree on segment files", () => {
  it("has every key that was flushed, after a cut at every step", () => {
    let cuts = 0
    for (let steps = 0; ; steps++) {
      const board = littleFsBoard()
      let flushed = -1
      board.cutAfter(steps)
      untilCut(board, () => {
        const db = btree.open(open(board), { pagesize: 512, cachesize: 2560 })
        for (let i = 0; i < 60; i++) {
          db.set(`key ${i % 40}`, `value ${i}`.padEnd(40, "."))
          db.flush()
          flushed = i
        }
      })
      if (!board.wasCut()) break
      cuts++
      board.reboot(1)
      const stream = open(board)
      const db = btree.open(stream)
      expect(db.check()).toEqual([])
      const found: number[] = []
      for (let i = 0; i < 40; i++) {
        const value = db.get(`key ${i}`)
        if (value) found.push(Number(/\d+/.exec(String.fromCharCode(...value))?.[0]))
      }
      const newest = Math.max(-1, ...found)
      expect([flushed, flushed + 1]).toContain(newest)
      const expected = Array.from({ length: Math.min(newest + 1, 40) }, (_, i) =>
        i + 40 <= newest ? i + 40 : i,
      )
      expect(found).toEqual(expected)
      stream.close()
    }
    expect(cuts).toBeGreaterThan(60)
  })
})
