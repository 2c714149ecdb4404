/**
 * Goal: whatever a power cut leaves of an append-only tree opens at the newest whole commit, with nothing wrong in it, and can be written on.
 *
 * Method: a file of 20 commits, with pages of 4096 and of 512 bytes, some of several pages, long values and deletes. It is cut at every byte; at some another commit
 * is made, and cut again. Whole pages of junk are put behind it.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../src/append/index.ts"
import { MemoryStream } from "../../src/index.ts"
import { COMMITS, expectCommit, FILLS, makeSample, writeOn } from "../support/append-sample.ts"
import { makeRandom } from "../support/streams.ts"

const SAMPLES = [makeSample(4096), makeSample(512)]

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
      if (size === 0) continue
      expectCommit(sample, stream, size < (ends[0] as number) ? 0 : commit, isEdge && size >= pagesize)
      // A file that had not been begun is begun by opening it.
      if (stream.size() !== size) stream.setSize(size)
      opened++
    }
    console.log(`${pagesize}: ${opened} cuts opened of ${image.length - 1}`)
    expect(opened).toBe(image.length - 1)
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
