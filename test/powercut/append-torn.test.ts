/**
 * Goal: a page of the newest commit that has arrived in part leaves the commit before, or the new one whole. Method: files of 20 commits, with pages of 4096 and of 512
 * bytes. The last commit record, and each page of the last commit under a record that has arrived, are torn at every byte and filled up with 00, FF or noise; behind
 * the torn record another commit is made, and at every byte that matters that is cut, too.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../src/append/index.ts"
import { MemoryStream } from "../../src/index.ts"
import { digestOf, recordsOf } from "../support/append.ts"
import { COMMITS, clock, expectCommit, FILLS, makeSample, writeOn } from "../support/append-sample.ts"

const SAMPLES = [makeSample(4096), makeSample(512)]

describe.each(SAMPLES)("a file of 20 commits with pages of $pagesize bytes", (sample) => {
  const { image, ends, pagesize } = sample

  it.each(FILLS)("with its last commit record torn at every byte and filled up with %s", (_, fill) => {
    const start = image.length - pagesize
    for (let at = 0; at < pagesize; at++) {
      const torn = image.slice()
      torn.set(fill(pagesize - at), start + at)
      const stream = new MemoryStream(torn)
      const commit = at < 80 ? COMMITS - 1 : COMMITS
      const isChosen = at < 96 || at % 61 === 0
      const tree = expectCommit(sample, stream, commit, isChosen)
      if (isChosen) {
        writeOn(sample, stream, tree, commit)
        continue
      }
      tree.put("one more", "value")
      const again = expectCommit(sample, stream, commit + 1, false)
      expect(again.has("one more")).toBe(true)
    }
  })

  it.each(FILLS)(
    "with a page of its last commit torn at every byte and filled up with %s, though the record arrived",
    (_, fill) => {
      const outcomes = { before: 0, whole: 0 }
      const from = ends.at(-2) as number
      for (let start = from; start < image.length - pagesize; start += pagesize) {
        for (let at = 0; at < pagesize; at++) {
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
})
