/** A file of 20 commits for power cuts: some of several pages, long values, deletes. */
import { expect } from "vitest"
import * as append from "../../src/append/index.ts"
import { REVISIONS } from "../../src/append/layout.ts"
import { MemoryStream, type RandomAccessStream } from "../../src/index.ts"
import { commitEnds, digestOf, recordsOf } from "./append.ts"
import { makeBytes } from "./streams.ts"

export const COMMITS = 20
export const clock = () => 1_700_000_000

export interface Sample {
  pagesize: number
  image: Uint8Array
  ends: number[]
  /** Digest of the records after each commit, that of the empty tree first. */
  digests: string[]
  keys: string[]
}

function keyOf(i: number): string {
  return `key ${String((i * 37) % 61).padStart(4, "0")}`
}

export function change(tree: append.AppendTree, commit: number, pagesize: number): void {
  const txn = tree.begin()
  for (let i = 0; i < 3; i++)
    txn.put(keyOf(commit * 7 + i), makeBytes(20 + ((commit + i) % 5) * 9, commit + i + 1))
  if (commit % 5 === 3) txn.put(`long ${commit}`, makeBytes(pagesize + 300, commit))
  if (commit % 3 === 2) txn.delete(keyOf(commit * 7 - 6))
  txn.commit()
}

export function makeSample(pagesize: number): Sample {
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

/** What the rest of a torn page may hold. */
export const FILLS: [string, (length: number) => Uint8Array][] = [
  ["00", (length) => new Uint8Array(length)],
  ["FF", (length) => new Uint8Array(length).fill(255)],
  ["noise", (length) => makeBytes(length, length + 5)],
]

/** Opens what is left, which has to be commit number `commit`. */
export function expectCommit(
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
export function writeOn(sample: Sample, stream: MemoryStream, tree: append.AppendTree, commit: number): void {
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
