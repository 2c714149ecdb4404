/**
 * Goal: a stream that fails never makes the append-only tree crash, lie or lose a commit.
 *
 * Method: SQLite's anomaly loop. The Nth call of the stream in an operation fails, with EIO or with ENOSPC, once or for ever after, for N = 0, 1, 2 ... until the
 * operation meets no fault; a write that fails has written its first half. After each: the operation gave that error or succeeded; the handle goes on reading what was committed before it; what the
 * medium holds opens at the commit before or at the new one, whole; a handle that was stopped says so, and one that goes on loses nothing. Compaction is
 * done with faults in either stream. On plain and on atomic streams.
 */
import { describe, expect, test } from "vitest"
import * as append from "../../src/append/index.ts"
import type { ErrorCode } from "../../src/errors.ts"
import { isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { digestOf, recordsOf } from "../support/append.ts"
import { leavesOf, sharingTree } from "../support/append-workload.ts"
import { AtomicMemoryStream } from "../support/atomic-stream.ts"
import { FailingStream, Fault, makeBytes } from "../support/streams.ts"

const clock = () => 1_700_000_000

class FailingAtomicStream extends FailingStream {
  rollback(): void {
    ;(this.inner as AtomicMemoryStream).rollback()
  }
}

type Medium = MemoryStream | AtomicMemoryStream

function wrap(medium: Medium, fault: Fault): FailingStream {
  return medium.atomic ? new FailingAtomicStream(medium, fault) : new FailingStream(medium, fault)
}

const keyOf = (i: number) => `key ${String((i * 37) % 400).padStart(4, "0")}`

function make(): Uint8Array {
  const stream = new MemoryStream()
  const tree = append.open(stream, { pagesize: 512, clock })
  for (let commit = 0; commit < 3; commit++) {
    const txn = tree.begin()
    for (let i = 0; i < 40; i++) txn.put(keyOf(commit * 40 + i), makeBytes(i % 11 === 0 ? 700 : 20, i + 1))
    txn.commit()
  }
  return stream.bytes()
}

const image = make()

/**
 * Gives a tree one of whose leaves has a single record, and its key, whose delete takes a record of a neighbour: the neighbours are too full to be merged
 * with what it leaves, and so the leaves stay as many.
 */
function makePoor(): { image: Uint8Array; key: string } {
  const full = sharingTree(640, 0)
  const leaves = leavesOf(append.open(new MemoryStream(full)))
  for (const leaf of leaves) {
    const stream = new MemoryStream(full)
    const tree = append.open(stream, { clock })
    const txn = tree.begin()
    for (const key of leaf.slice(1)) txn.delete(key)
    txn.commit()
    const left = leavesOf(tree)
    const image = stream.bytes()
    const key = leaf[0] as string
    if (!left.some((keys) => keys.length === 1 && keys[0] === key)) continue
    tree.delete(key)
    if (leavesOf(tree).length === left.length) return { image, key }
  }
  throw new Error("no delete borrows")
}

const poor = makePoor()

interface Operation {
  name: string
  /** Of what is opened, where not all have the same. */
  image?: Uint8Array
  run: (tree: append.AppendTree) => void
}

const OPERATIONS: Operation[] = [
  { name: "a put", run: (tree) => tree.put(keyOf(7), "another value") },
  { name: "a long value", run: (tree) => tree.put("long", makeBytes(3000, 9)) },
  { name: "a delete", run: (tree) => tree.delete(keyOf(7)) },
  { name: "a delete that borrows", image: poor.image, run: (tree) => tree.delete(poor.key) },
  {
    name: "a transaction larger than the cache",
    run: (tree) => {
      const txn = tree.begin()
      try {
        for (let i = 0; i < 60; i++) txn.put(keyOf(200 + i), makeBytes(25, i + 1))
        for (let i = 0; i < 30; i++) txn.delete(keyOf(i))
        txn.commit()
      } finally {
        txn.abort()
      }
    },
  },
  { name: "a revert", run: (tree) => tree.revert() },
  {
    name: "an abort",
    run: (tree) => {
      const txn = tree.begin()
      try {
        for (let i = 0; i < 60; i++) txn.put(keyOf(200 + i), makeBytes(25, i + 1))
      } finally {
        txn.abort()
      }
    },
  },
  { name: "a scan", run: (tree) => recordsOf(tree) },
]

function codeOf(task: () => unknown): string | undefined {
  try {
    task()
    return undefined
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    return error.code
  }
}

function digestOfImage(bytes: Uint8Array): string {
  const tree = append.open(new MemoryStream(bytes))
  expect(tree.check()).toEqual([])
  return digestOf(recordsOf(tree))
}

function mediumOf(atomic: boolean, bytes: Uint8Array): Medium {
  return atomic ? new AtomicMemoryStream(bytes) : new MemoryStream(bytes)
}

/** What a power cut now would leave. */
function durable(medium: Medium): Uint8Array {
  if (medium instanceof MemoryStream) return medium.bytes()
  medium.rollback()
  const bytes = new Uint8Array(medium.size())
  medium.read(bytes, 0)
  return bytes
}

describe.each([false, true])("on a stream that is atomic: %s", (atomic) => {
  const cases = OPERATIONS.flatMap((operation) =>
    (["EIO", "ENOSPC"] as ErrorCode[]).flatMap((code) =>
      [false, true].map(
        (forever) =>
          [`${operation.name}, ${code}${forever ? " for ever" : ""}`, operation, code, forever] as const,
      ),
    ),
  )

  test.each(cases)("%s", (_, operation, code, forever) => {
    const bytes = operation.image ?? image
    const before = digestOfImage(bytes)
    const clean = mediumOf(atomic, bytes)
    const done = append.open(clean, { cachesize: 0, clock })
    operation.run(done)
    const after = digestOf(recordsOf(done))
    let met = 0
    for (let at = 0; ; at++) {
      const fault = new Fault(Number.POSITIVE_INFINITY, code, forever)
      const medium = mediumOf(atomic, bytes)
      const tree = append.open(wrap(medium, fault), { cachesize: 0, clock })
      const snapshot = tree.snapshot()
      fault.calls = 0
      fault.at = at
      const got = codeOf(() => operation.run(tree))
      const failures = fault.failures
      fault.at = Number.POSITIVE_INFINITY
      if (failures === 0) {
        expect(got).toBe(undefined)
        break
      }
      met++
      if (got !== undefined) expect(["EIO", "ENOSPC", "ECORRUPT"]).toContain(got)
      // The handle reads one commit or the other, and says when it may not be written any more.
      const now = codeOf(() => expect([before, after]).toContain(digestOf(recordsOf(tree))))
      expect([undefined, "ESTALE", "ECORRUPT"]).toContain(now)
      if (operation.name !== "a revert") expect(digestOf(recordsOf(snapshot))).toBe(before)
      const put = codeOf(() => tree.put("one more", "value"))
      expect([undefined, "EIO", "ESTALE"]).toContain(put)
      if (put === undefined) expect(tree.check()).toEqual([])
      const left = durable(medium)
      const stream = new MemoryStream(left)
      const again = append.open(stream)
      expect(again.check()).toEqual([])
      if (put === undefined) {
        expect(again.delete("one more")).toBe(true)
      }
      const digest = digestOf(recordsOf(again))
      expect([before, after]).toContain(digest)
      if (
        got !== undefined &&
        put !== undefined &&
        code === "ENOSPC" &&
        !forever &&
        operation.name !== "a revert"
      )
        throw new Error("ENOSPC stops the handle")
      if (atomic && put !== undefined && !forever) throw new Error("an atomic stream takes everything back")
    }
    expect(met).toBeGreaterThan(0)
  })
})

test.each([
  ["EIO", 0],
  ["ENOSPC", 0],
  ["EIO", 1],
  ["ENOSPC", 1],
] as [ErrorCode, number][])("compaction with %s in stream %i leaves the old file, or both", (code, which) => {
  const before = digestOfImage(image)
  let met = 0
  for (let at = 0; ; at++) {
    const faults = [new Fault(), new Fault()]
    const source = new MemoryStream(image)
    const target = new MemoryStream()
    const tree = append.open(new FailingStream(source, faults[0] as Fault), { clock })
    const fault = faults[which] as Fault
    fault.code = code
    fault.calls = 0
    fault.at = at
    const got = codeOf(() => tree.compact(new FailingStream(target, faults[1] as Fault)))
    if (fault.failures === 0) {
      expect(got).toBe(undefined)
      expect(codeOf(() => append.open(source))).toBe("ESTALE")
      expect(digestOfImage(target.bytes())).toBe(before)
      break
    }
    met++
    fault.at = Number.POSITIVE_INFINITY
    if (got !== undefined) expect(got).toBe(code)
    const old = codeOf(() => expect(digestOfImage(source.bytes())).toBe(before))
    // Where the old file says that it has been replaced, the new one is whole.
    if (old === "ESTALE") expect(digestOfImage(target.bytes())).toBe(before)
    else expect(old).toBe(undefined)
  }
  expect(met).toBeGreaterThan(5)
})
