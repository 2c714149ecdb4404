/**
 * Goal: a delete that empties a leaf leaves a tree without empty leaves and only children, whatever its neighbours hold, and loses nothing. Method: trees of three levels
 * and more, whose leaves are full of keys that grow where a bound goes, so that merging does not fit; of each leaf in turn, in a copy, all records are
 * deleted, from either end, one commit or many; of each internal page above the leaves all children. What is left is compared.
 */
import { describe, expect, it } from "vitest"
import * as append from "../../../src/append/index.ts"
import { MemoryStream } from "../../../src/index.ts"
import { recordsOf } from "../../support/append.ts"
import { leavesOf, poorPages, sharingTree } from "../../support/append-workload.ts"

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1")

function expectWithout(image: Uint8Array, gone: string[], oneByOne: boolean): void {
  const stream = new MemoryStream(image)
  const tree = append.open(stream)
  const txn = oneByOne ? undefined : tree.begin()
  const left = new Set(recordsOf(tree).map(([key]) => text(key)))
  for (const key of gone) {
    const bytes = Buffer.from(key, "latin1")
    if (!(txn ?? tree).delete(bytes)) throw new Error(`${key} is not there`)
    left.delete(key)
  }
  txn?.commit()
  const again = append.open(stream)
  expect(recordsOf(again).map(([key]) => text(key))).toEqual([...left])
  expect(again.check()).toEqual([])
  expect(poorPages(stream, again.stat().pagesize)).toEqual({ empty: 0, single: 0 })
}

describe.each([
  [640, 0],
  [640, append.BT_REVERSEKEY],
  [1024, 0],
])("pages of %i bytes, flags %i", (pagesize, flags) => {
  const image = sharingTree(pagesize, flags)
  const leaves = leavesOf(append.open(new MemoryStream(image)))

  it("make a tree of three levels and more", () => {
    expect(append.open(new MemoryStream(image)).stat().depth).toBeGreaterThanOrEqual(3)
    expect(leaves.length).toBeGreaterThan(20)
  })

  it.each(["from the first record on", "from the last record back"])("emptying each leaf, %s", (way) => {
    for (const leaf of leaves)
      for (const oneByOne of [false, true])
        expectWithout(image, way.includes("last") ? leaf.toReversed() : leaf, oneByOne)
  })

  it("emptying three, seven and twenty leaves in a row", () => {
    for (const count of [3, 7, 20])
      for (let at = 0; at + count <= leaves.length; at += 2) {
        const gone = leaves.slice(at, at + count).flat()
        expectWithout(image, gone, false)
        expectWithout(image, gone.toReversed(), false)
      }
  })

  it("emptying it down to one record of each leaf, and then of those", () => {
    const rest = leaves.map((leaf) => leaf[leaf.length >> 1] as string)
    const most = leaves.flat().filter((key) => !rest.includes(key))
    expectWithout(image, [...most, ...rest.slice(1)], false)
    expectWithout(image, [...most, ...rest], false)
  })
})
