/**
 * Goal: whatever a power cut leaves of an append-only tree opens at the newest whole commit, with nothing wrong in it, and can be written on;
 * and whoever copies the file while it is written gets a commit.
 *
 * Method: a file of 20 commits, with pages of 4096 and of 512 bytes, some of several pages, long values and deletes. It is cut at every byte; its last commit
 * record, and its last leaf, are torn at every byte and filled up with 00, FF or noise; then another commit is made, and cut again. A medium that keeps
 * only some of the writes since the last flush is tried with every subset (two barriers keep the order). The file is copied between every two writes: as a whole, and
 * piece by piece while the writer goes on with the smallest cache.
 *
 * ALL=1 npx vitest run test/powercut/append cuts the larger file at every byte, too.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../src/append/index.ts"
import { REVISIONS } from "../../src/append/layout.ts"
import { MemoryStream, type RandomAccessStream } from "../../src/index.ts"
import { commitEnds, digestOf, recordsOf } from "../support/append.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

const COMMITS = 20
const ALL = process.env.ALL !== undefined
const clock = () => 1_700_000_000

interface Sample {
  pagesize: number
  image: Uint8Array
  ends: number[]
  /** Digest of the records after each commit, that of the empty tree first. */
  digests: string[]
  keys: string[]
}

function keyOf(i: number): string {
  return `key ${String((i * 37) % 101).padStart(4, "0")}`
}

function change(tree: append.AppendTree, commit: number, pagesize: number): void {
  const txn = tree.begin()
  for (let i = 0; i < 3; i++)
    txn.put(keyOf(commit * 7 + i), makeBytes(20 + ((commit + i) % 5) * 9, commit + i + 1))
  if (commit % 5 === 3) txn.put(`long ${commit}`, makeBytes(pagesize + 300, commit))
  if (commit % 3 === 2) txn.delete(keyOf(commit * 7 - 6))
  txn.commit()
}

function makeSample(pagesize: number): Sample {
  const stream = new MemoryStream()
  const tree = append.open(stream, { pagesize, clock })
  const digests = [digestOf([])]
  for (let commit = 0; commit < COMMITS; commit++) {
    change(tree, commit, pagesize)
    digests.push(digestOf(recordsOf(tree)))
  }
  const image = stream.bytes()
  const keys = recordsOf(tree).map(([key]) => new TextDecoder().decode(key))
  return { pagesize, image, ends: commitEnds(image, pagesize), digests, keys }
}

const SAMPLES = [makeSample(4096), makeSample(512)]
const FILLS: [string, (length: number) => Uint8Array][] = [
  ["00", (length) => new Uint8Array(length)],
  ["FF", (length) => new Uint8Array(length).fill(255)],
  ["noise", (length) => makeBytes(length, length + 5)],
]

/** Opens what is left, which has to be commit number `commit`. */
function expectCommit(
  sample: Sample,
  stream: RandomAccessStream,
  commit: number,
  isWhole: boolean,
): append.AppendTree {
  const tree = append.open(stream, { clock })
  const { revisions } = isWhole ? tree.stat() : { revisions: tree._record[REVISIONS] }
  if (revisions !== commit) throw new Error(`${stream.size()} bytes: commit ${revisions}, not ${commit}`)
  if (isWhole && digestOf(recordsOf(tree)) !== sample.digests[commit])
    throw new Error(`commit ${commit} is wrong`)
  return tree
}

/** Another commit behind what is left, and a second cut in it. */
function writeOn(sample: Sample, stream: MemoryStream, tree: append.AppendTree, commit: number): void {
  const before = stream.size()
  tree.put("one more", "value")
  const image = stream.bytes()
  const again = append.open(new MemoryStream(image), { clock })
  expect(again.check()).toEqual([])
  expect(again.stat().givenUpBytes).toBe(0)
  expect(new TextDecoder().decode(again.get("one more"))).toBe("value")
  for (const at of [before + 1, before + sample.pagesize, image.length - 100]) {
    const cut = new MemoryStream(image.subarray(0, at))
    if (at > before && at < image.length) expectCommit(sample, cut, commit, true)
  }
}

describe.each(SAMPLES)("a file of 20 commits with pages of $pagesize bytes", (sample) => {
  const { image, ends, pagesize } = sample

  it("is what the rest of this test takes it for", () => {
    expect(ends.length).toBe(COMMITS)
    expect(image.length).toBe(ends.at(-1))
    expect(new Set(sample.digests).size).toBe(COMMITS + 1)
  })

  it("cut at every byte opens at the newest whole commit", () => {
    const stream = new MemoryStream(image)
    let commit = COMMITS
    let opened = 0
    for (let size = image.length - 1; size >= 0; size--) {
      stream.setSize(size)
      // 80 bytes are a whole record; the rest of its page says nothing.
      while (commit > 0 && size < (ends[commit - 1] as number)) commit--
      const isEdge = size % pagesize < 2 || size % 257 === 0
      // A file of 4096-byte pages is cut at each byte near the ends of pages and records, and at every 17th elsewhere: ALL=1 takes all.
      const inPage = size % pagesize
      if (size === 0 || (!ALL && pagesize > 512 && inPage > 96 && inPage < pagesize - 16 && size % 17 > 0))
        continue
      expectCommit(sample, stream, size < (ends[0] as number) ? 0 : commit, isEdge && size >= pagesize)
      // A file that had not been begun is begun by opening it.
      if (stream.size() !== size) stream.setSize(size)
      opened++
    }
    console.log(`${pagesize}: ${opened} cuts opened of ${image.length - 1}`)
    expect(opened).toBeGreaterThan(pagesize > 512 && !ALL ? image.length / 17 : image.length - 2)
  }, 60_000)

  it("cut anywhere can be written on, and cut again", () => {
    const random = makeRandom(pagesize)
    for (let n = 0; n < 400; n++) {
      const size = 1 + random(image.length)
      const stream = new MemoryStream(image.subarray(0, size))
      const commit = ends.filter((end) => end <= size).length
      writeOn(sample, stream, expectCommit(sample, stream, commit, true), commit)
    }
  })

  it.each(FILLS)("with its last commit record torn at every byte and filled up with %s", (_, fill) => {
    const start = image.length - pagesize
    for (let at = 0; at < pagesize; at += at < 100 || pagesize === 512 ? 1 : 5) {
      const torn = image.slice()
      torn.set(fill(pagesize - at), start + at)
      const stream = new MemoryStream(torn)
      const commit = at < 80 ? COMMITS - 1 : COMMITS
      const isChosen = at < 96 || at % 61 === 0
      const tree = expectCommit(sample, stream, commit, isChosen)
      if (isChosen) writeOn(sample, stream, tree, commit)
    }
  })

  it.each(FILLS)(
    "with a page of its last commit torn at every byte and filled up with %s, though the record arrived",
    (_, fill) => {
      const outcomes = { before: 0, whole: 0 }
      const from = ends.at(-2) as number
      for (let start = from; start < image.length - pagesize; start += pagesize) {
        for (let at = 0; at < pagesize; at += pagesize > 512 ? 13 : 3) {
          const torn = image.slice()
          torn.set(fill(pagesize - at), start + at)
          const tree = append.open(new MemoryStream(torn), { clock })
          const { revisions, givenUpCommits } = tree.stat()
          const isWhole = revisions === COMMITS
          if (digestOf(recordsOf(tree)) !== sample.digests[revisions])
            throw new Error(`torn at ${start} + ${at}: wrong`)
          if (!isWhole && (revisions !== COMMITS - 1 || givenUpCommits !== 1))
            throw new Error(`commit ${revisions}`)
          outcomes[isWhole ? "whole" : "before"]++
        }
      }
      console.log(
        `${pagesize}: ${outcomes.before} at the commit before, ${outcomes.whole} whole all the same`,
      )
      expect(outcomes.before).toBeGreaterThan(outcomes.whole)
    },
  )

  it.each(FILLS)("with whole pages of %s behind it", (_, fill) => {
    for (let pages = 1; pages < 40; pages += 3) {
      const tail = fill(pages * pagesize + (pages % 7) * 11)
      const stream = new MemoryStream(new Uint8Array([...image, ...tail]))
      const tree = expectCommit(sample, stream, COMMITS, true)
      expect(tree.stat().givenUpBytes).toBe(tail.length)
      writeOn(sample, stream, tree, COMMITS)
    }
  })

  it("goes back no further than it was told", () => {
    const tail = new Uint8Array(10 * pagesize).fill(255)
    const stream = new MemoryStream(new Uint8Array([...image, ...tail]))
    expect(() => append.open(stream, { recoveryPages: 9 })).toThrow(
      /^ECORRUPT: .* no commit in the last 9 pages/,
    )
    expect(append.open(stream, { recoveryPages: 11 }).stat().givenUpBytes).toBe(tail.length)
  })
})

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
