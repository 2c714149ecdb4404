/**
 * Goal: a medium that keeps only some of the writes since the last flush leaves a whole commit, and whoever copies the file while it is written gets a commit.
 *
 * Method: every subset of the writes between two barriers is tried. The file is copied between every two writes: as a whole, and piece by piece
 * while the writer goes on with the smallest cache.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../src/append/index.ts"
import { MemoryStream } from "../../src/index.ts"
import { digestOf, recordsOf } from "../support/append.ts"
import { change, clock, type Sample } from "../support/append-sample.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

/** Keeps what a medium might have: any of the writes since the last flush. */
class LossyStream extends MemoryStream {
  flushed: Uint8Array = new Uint8Array()
  pending: { position: number; bytes: Uint8Array }[] = []
  /** Called before each write and each flush. */
  watch: () => void = () => undefined

  override write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    this.watch()
    this.pending.push({ position, bytes: buffer.slice(start, start + length) })
    super.write(buffer, position, start, length)
  }

  override flush(): void {
    this.watch()
    this.flushed = this.bytes()
    this.pending = []
  }

  /** What is there when of the writes since the last flush just those in `kept` have arrived. */
  rest(kept: number): MemoryStream {
    const stream = new MemoryStream(this.flushed)
    for (const [i, { position, bytes }] of this.pending.entries())
      if ((kept >> i) & 1) stream.write(bytes, position)
    return stream
  }
}

describe("the two barriers", () => {
  it("leave the commit before, or the one being made, of whatever a medium keeps of the writes between them", () => {
    const stream = new LossyStream()
    const pagesize = 512
    const tree = append.open(stream, { pagesize, clock })
    const sample: Sample = { pagesize, image: new Uint8Array(), ends: [], digests: [digestOf([])], keys: [] }
    let commits = 0
    let tried = 0
    const expected: string[] = []
    stream.watch = () => {
      const all = 2 ** Math.min(stream.pending.length, 7)
      for (let kept = 0; kept < all; kept++) {
        const left = append.open(stream.rest(kept), { clock })
        const { revisions } = left.stat()
        tried++
        if (revisions !== commits && revisions !== commits + 1)
          throw new Error(`commit ${revisions} of ${commits}`)
        const digest = digestOf(recordsOf(left))
        if (revisions === commits) expect(digest).toBe(sample.digests[commits])
        else expected[revisions] = digest
      }
    }
    for (let commit = 0; commit < 12; commit++) {
      change(tree, commit, pagesize)
      commits++
      sample.digests.push(digestOf(recordsOf(tree)))
      // What was whole before its record was flushed is what was committed.
      if (expected[commits] !== undefined) expect(expected[commits]).toBe(sample.digests[commits])
    }
    console.log(`${tried} subsets of writes`)
    expect(tried).toBeGreaterThan(200)
  })
})

describe("a hot backup", () => {
  it.each([512, 4096])("copied between every two writes is a commit, with pages of %i", (pagesize) => {
    const stream = new LossyStream()
    const tree = append.open(stream, { pagesize, cachesize: 0, clock })
    const digests = new Set([digestOf([])])
    const copies: Uint8Array[] = []
    stream.watch = () => copies.push(stream.bytes())
    for (let commit = 0; commit < 15; commit++) {
      change(tree, commit, pagesize)
      digests.add(digestOf(recordsOf(tree)))
    }
    expect(copies.length).toBeGreaterThan(60)
    for (const copy of copies) {
      const left = append.open(new MemoryStream(copy))
      expect(digests).toContain(digestOf(recordsOf(left)))
      expect(left.check()).toEqual([])
    }
  })

  it.each([1, 2, 3, 4, 5, 6])(
    "copied piece by piece while large transactions leave a small cache is a commit (%i)",
    (seed) => {
      const random = makeRandom(seed)
      const stream = new LossyStream()
      const tree = append.open(stream, { pagesize: 512, cachesize: 0, clock })
      const digests = new Set([digestOf([])])
      const target = new MemoryStream()
      stream.watch = () => {
        const piece = new Uint8Array(Math.min(stream.size() - target.size(), random(1200)))
        stream.read(piece, target.size())
        target.write(piece, target.size())
        stream.pending = []
      }
      for (let commit = 0; commit < 6; commit++) {
        const txn = tree.begin()
        for (let i = 0; i < 200; i++)
          txn.put(`key ${random(400)}`, makeBytes(10 + random(30), commit * 1000 + i))
        for (let i = 0; i < 50; i++) txn.delete(`key ${random(400)}`)
        txn.commit()
        digests.add(digestOf(recordsOf(tree)))
      }
      expect(target.size()).toBeGreaterThan(100_000)
      const left = append.open(target)
      expect(left.stat().revisions).toBeGreaterThan(0)
      expect(digests).toContain(digestOf(recordsOf(left)))
      expect(left.check()).toEqual([])
    },
  )

  it("writes no byte of the file twice", () => {
    const stream = new LossyStream()
    const tree = append.open(stream, { pagesize: 512, cachesize: 0, clock })
    let end = stream.size()
    const plain = stream.write.bind(stream)
    const seen = new Set<number>()
    stream.write = (buffer, position, start = 0, length = buffer.length - start) => {
      expect(position % 512).toBe(0)
      expect(position).toBeGreaterThanOrEqual(end)
      expect(seen).not.toContain(position)
      seen.add(position)
      plain(buffer, position, start, length)
    }
    for (let commit = 0; commit < 10; commit++) {
      change(tree, commit, 512)
      const txn = tree.begin()
      for (let i = 0; i < 150; i++) txn.put(`key ${(i * 71 + commit) % 300}`, "value".repeat(5))
      txn.commit()
      end = stream.size()
      seen.clear()
    }
  })
})
