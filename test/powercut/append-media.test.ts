/**
 * Goal: on every medium that the append-only tree may stand on, a power cut leaves the last commit or the one being made, whole. Method: 14 commits, some of several pages, on a
 * plain file whose unflushed writes may be lost, torn or reordered; on a file on LittleFS; on a volume over a chip; and, without cuts, on a real file. The power fails at every change of the medium in turn; then the tree is opened, compared,
 * written on, and opened again.
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import {
  FileStream,
  PowerCut,
  SimulatedFile,
  SimulatedFlash,
  SimulatedLittlefsFile,
  SimulatedPower,
} from "../../hosts/node/node.ts"
import * as append from "../../src/append/index.ts"
import { flash, MemoryStream, type RandomAccessStream } from "../../src/index.ts"
import { digestOf, recordsOf } from "../support/append.ts"
import { makeBytes } from "../support/streams.ts"

const COMMITS = 14
const clock = () => 1_700_000_000
const open = (stream: RandomAccessStream) => append.open(stream, { pagesize: 512, cachesize: 0, clock })

function commit(tree: append.AppendTree, number: number): void {
  const txn = tree.begin()
  for (let i = 0; i < 4; i++) txn.put(`key ${(number * 29 + i * 7) % 60}`, makeBytes(30, number * 10 + i + 1))
  if (number % 4 === 1) txn.put("long", makeBytes(900, number + 1))
  if (number % 3 === 2) txn.delete(`key ${((number - 1) * 29) % 60}`)
  txn.commit()
}

const DIGESTS = (() => {
  const tree = open(new MemoryStream())
  const digests = [digestOf([])]
  for (let number = 0; number < COMMITS; number++) {
    commit(tree, number)
    digests.push(digestOf(recordsOf(tree)))
  }
  return digests
})()

/** Opens what is left: commit number `done` or the next one; and goes on. */
function judge(stream: RandomAccessStream, done: number): void {
  const tree = open(stream)
  const { revisions } = tree.stat()
  if (revisions !== done && revisions !== done + 1) throw new Error(`commit ${revisions}, not ${done}`)
  expect(digestOf(recordsOf(tree))).toBe(DIGESTS[revisions])
  for (let number = revisions; number < Math.min(revisions + 2, COMMITS); number++) commit(tree, number)
  const again = open(stream)
  expect(digestOf(recordsOf(again))).toBe(DIGESTS[again.stat().revisions])
  expect(again.check()).toEqual([])
}

/** Does the work until the power fails; gives how many commits were done, undefined where it lasted. */
function untilCut(stream: () => RandomAccessStream): number | undefined {
  let done = 0
  try {
    const tree = open(stream())
    for (; done < COMMITS; done++) commit(tree, done)
    return undefined
  } catch (error) {
    if (!(error instanceof PowerCut)) throw error
    return done
  }
}

it("a plain file, whose writes since the last flush may be lost, torn or reordered", () => {
  let cuts = 0
  for (let at = 0; ; at++) {
    const file = new SimulatedFile(new Uint8Array(), new SimulatedPower(at))
    const done = untilCut(() => file)
    if (done === undefined) break
    cuts++
    for (const mode of ["lost", "landed", "torn", "shuffled"] as const)
      for (let seed = 0; seed < (mode === "torn" || mode === "shuffled" ? 4 : 1); seed++)
        judge(new MemoryStream(file.crash(mode, seed)), done)
  }
  console.log(`plain file: ${cuts} cuts`)
  expect(cuts).toBeGreaterThan(80)
})

it("a file on LittleFS", () => {
  let cuts = 0
  for (let at = 0; ; at++) {
    const file = new SimulatedLittlefsFile(new Uint8Array(), new SimulatedPower(at))
    const done = untilCut(() => file)
    if (done === undefined) break
    cuts++
    judge(file.crash(), done)
  }
  console.log(`LittleFS: ${cuts} cuts`)
  expect(cuts).toBeGreaterThan(40)
})

it.each(["clean", "torn", "bits"] as const)("a volume over a chip, cut %s at every operation", (mode) => {
  let cuts = 0
  for (let at = 0; ; at++) {
    const chip = new SimulatedFlash({ size: 128 * 1024 })
    flash.open(chip)
    chip.cutAfter(at, mode)
    const done = untilCut(() => flash.open(chip))
    if (done === undefined) break
    cuts++
    judge(flash.open(chip.reboot()), done)
  }
  console.log(`volume, ${mode}: ${cuts} cuts`)
  expect(cuts).toBeGreaterThan(40)
})

it("a real file", () => {
  const folder = mkdtempSync(join(tmpdir(), "flashtree-append-"))
  try {
    const path = join(folder, "data.db")
    const stream = new FileStream(path)
    const tree = open(stream)
    for (let number = 0; number < COMMITS; number++) commit(tree, number)
    tree.close()
    stream.close()
    const again = new FileStream(path)
    const left = open(again)
    expect(digestOf(recordsOf(left))).toBe(DIGESTS[COMMITS])
    const target = new FileStream(join(folder, "compacted.db"))
    left.compact(target)
    expect(digestOf(recordsOf(open(target)))).toBe(DIGESTS[COMMITS])
    expect(() => open(again)).toThrow(/^ESTALE/)
    again.close()
    target.close()
  } finally {
    rmSync(folder, { recursive: true })
  }
})
