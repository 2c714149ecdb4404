/**
 * Goal: commits are gone back from one by one, and left behind by compaction, and every handle and snapshot notices. Method: small trees in memory; one on a
 * stream of more than 4 GiB of which only what is written takes memory; one whose newest commit lacks a page.
 */
import { beforeEach, describe, expect, it } from "vitest"
import * as append from "../../../src/append/index.ts"
import { MemoryStream } from "../../../src/index.ts"
import { recordsOf } from "../../support/append.ts"
import { SparseStream } from "../../support/sparse-stream.ts"
import { makeBytes } from "../../support/streams.ts"

const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : new TextDecoder().decode(bytes)

let stream: MemoryStream
let tree: append.AppendTree
let time = 0

beforeEach(() => {
  stream = new MemoryStream()
  time = 1000
  tree = append.open(stream, { pagesize: 512, clock: () => ++time })
})

describe("versions", () => {
  it("are reverted one by one, down to the empty file", () => {
    for (let i = 0; i < 4; i++) tree.put("a", `${i}`)
    tree.delete("a")
    const held = tree.snapshot()
    tree.revert()
    expect(text(tree.get("a"))).toBe("3")
    expect(() => held.has("a")).toThrow(/ESTALE/)
    const kept = tree.snapshot()
    tree.put("a", "again")
    expect(text(kept.get("a"))).toBe("3")
    for (let i = 0; i < 5; i++) tree.revert()
    expect(stream.size()).toBe(512)
    expect(tree.get("a")).toBe(undefined)
    expect(() => tree.revert()).toThrow(/EINVAL: there is no commit to revert/)
    tree.put("a", "after")
    expect(text(append.open(stream).get("a"))).toBe("after")
  })

  it("are reverted past a commit that opening has given up", () => {
    for (const value of ["1", "2", "3"]) tree.put("a", value)
    const image = stream.bytes()
    // The record of the third arrived, its leaf did not.
    image.fill(0, image.length - 1024, image.length - 512)
    const left = new MemoryStream(image)
    const again = append.open(left, { clock: () => ++time })
    expect([text(again.get("a")), again.stat().givenUpCommits]).toEqual(["2", 1])
    again.put("a", "4")
    again.revert()
    expect([text(again.get("a")), again.stat().revisions, left.size()]).toEqual(["2", 2, image.length - 1024])
    again.revert()
    expect(text(again.get("a"))).toBe("1")
  })

  it("lie beyond 4 GiB as well", () => {
    const far = new SparseStream()
    const large = append.open(far, { pagesize: 32768, clock: () => 1, recoveryPages: 200_000 })
    large.put("a", "near")
    const near = far.size()
    // Junk up to there, as a medium may leave it, and commits behind.
    far.setSize(2 ** 32 + 5)
    large.put("a", "far")
    large.put("b", "farther")
    expect(far.size()).toBe(2 ** 32 + 4 * 32768)
    const reader = append.open(far, { recoveryPages: 10 })
    expect([text(reader.get("a")), text(reader.get("b")), reader.stat().revisions]).toEqual([
      "far",
      "farther",
      3,
    ])
    large.revert()
    expect(far.size()).toBe(2 ** 32 + 2 * 32768)
    expect([text(large.get("a")), large.get("b")]).toEqual(["far", undefined])
    large.revert()
    expect([far.size(), text(large.get("a"))]).toEqual([near, "near"])
  })

  it("show other handles that the file was cut", () => {
    tree.put("a", "1")
    tree.put("a", "2")
    const other = append.open(stream)
    tree.revert()
    expect(() => other.get("a")).toThrow(/ESTALE/)
    tree.put("a", "3")
    expect(() => other.put("a", "4")).toThrow(/ESTALE/)
  })

  it("are left behind by compaction, which other handles notice", () => {
    for (let i = 0; i < 300; i++) tree.put(`key ${i % 80}`, makeBytes(i % 3 === 0 ? 900 : 9, i + 1))
    const other = append.open(stream)
    const snapshot = other.snapshot()
    const records = recordsOf(tree)
    const target = new MemoryStream()
    const calls: number[] = []
    tree.compact(new MemoryStream(), (done) => calls.push(done) < 2)
    expect(recordsOf(tree)).toEqual(records)
    tree.compact(target)
    expect(target.size()).toBeLessThan(stream.size() / 10)
    for (const act of [
      () => tree.get("a"),
      () => other.get("a"),
      () => tree.begin(),
      () => append.open(stream),
    ])
      expect(act).toThrow(/ESTALE/)
    expect(recordsOf(snapshot)).toEqual(records)
    const fresh = append.open(target)
    expect(recordsOf(fresh)).toEqual(records)
    expect(fresh.stat()).toMatchObject({ revisions: 1, entries: 80 })
    expect(() => fresh.compact(stream)).toThrow(/EINVAL: the target has/)
    expect(() => fresh.compact(target)).toThrow(/EINVAL: the target is not another stream/)
    const empty = new MemoryStream()
    append.open(new MemoryStream(), { pagesize: 512 }).compact(empty)
    expect([empty.size(), append.open(empty).stat().entries]).toEqual([512, 0])
  })
})
