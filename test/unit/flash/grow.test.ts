/**
 * Goal: a volume takes over blocks added to its range, and keeps its contents, wherever its log stands when that happens; and a volume
 * with the quicker check, on flash whose erased blocks read as garbage, holds over many reopenings. Method: real trees on the
 * simulated chip, compared after each step.
 */
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as flash from "../../../src/flash/index.ts"
import { btree } from "../../../src/index.ts"

const KEYS = 100

/** Puts `count` records under `KEYS` keys, a flush each; gives what the tree then holds. */
function fill(tree: btree.BTree, prefix: string, count: number): Map<string, string> {
  const model = new Map<string, string>()
  for (let i = 0; i < count; i++) {
    const key = `${prefix}${i % KEYS}`
    const value = `${"v".repeat(30)}${i}`
    tree.set(key, value)
    tree.flush()
    model.set(key, value)
  }
  return model
}

function expectHolds(tree: btree.BTree, model: Map<string, string>): void {
  expect(tree.check()).toEqual([])
  for (const [key, value] of model) expect(Buffer.from(tree.get(key) ?? []).toString()).toBe(value)
}

test.each([10, 500, 2000, 2100, 2350])("grows after %i puts, wherever the log stands", (puts) => {
  const device = new SimulatedFlash({ size: 131072 })
  const model = fill(btree.open(flash.open(device, { blockCount: 16 })), "k", puts)
  expect(() => flash.open(device)).toThrow(/16 blocks.*32/)
  let volume = flash.open(device, { resize: "grow" })
  expect(volume.status().blocks).toBe(32)
  for (let round = 0; round < 2; round++) {
    const tree = btree.open(volume)
    expectHolds(tree, model)
    for (const [key, value] of fill(tree, "z", 3000)) model.set(key, value)
    volume = flash.open(device)
  }
  expectHolds(btree.open(volume), model)
})

test("holds with the quicker check on encrypted flash, over 30 reopenings", () => {
  let device = new SimulatedFlash({ size: 65536, encrypted: true, writeAlign: 16 })
  let tree = btree.open(flash.open(device, { checksum: "sum32" }))
  for (let round = 0; round < 30; round++) {
    const model = fill(tree, "k", 2 * KEYS)
    device = device.reboot()
    tree = btree.open(flash.open(device))
    expectHolds(tree, model)
    expect(tree.stat().entries).toBe(KEYS)
  }
})
