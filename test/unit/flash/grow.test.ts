/**
 * Goal: a volume takes over blocks added to its range, and keeps its contents, wherever its log stands when that happens; and a volume with
 * the quicker check, on flash whose erased blocks read as garbage, holds over many reopenings. Method: real trees, compared after each step.
 */
import { expect, test } from "vitest"
import { SimulatedFlash } from "../../../hosts/node/simulator/simulated-flash.ts"
import * as flash from "../../../src/flash/index.ts"
import { btree } from "../../../src/index.ts"

test("grows, with its log anywhere in the ring", () => {
  for (const n of [10, 500, 2000, 2100, 2350]) {
    const dev = new SimulatedFlash({ size: 131072 })
    let vol = flash.open(dev, { blockCount: 16 })
    let db = btree.open(vol)
    for (let i = 0; i < n; i++) {
      db.set("k" + (i % 100), "v".repeat(30) + i)
      db.flush()
    }
    const all = [...Array(Math.min(n, 100)).keys()].map((i) => Buffer.from(db.get("k" + i)!).toString())
    expect(() => flash.open(dev)).toThrow(/16 blocks.*32/)
    vol = flash.open(dev, { resize: "grow" })
    expect(vol.status().blocks).toBe(32)
    for (let r = 0; r < 2; r++) {
      db = btree.open(vol)
      expect(db.check()).toEqual([])
      all.forEach((v, i) => expect(Buffer.from(db.get("k" + i)!).toString()).toBe(v))
      for (let i = 0; i < 3000; i++) {
        db.set("z" + (i % 100), "v".repeat(30) + i)
        db.flush()
      }
      vol = flash.open(dev)
    }
  }
})
test("holds with sum32 on encrypted flash", () => {
  let dev = new SimulatedFlash({ size: 65536, encrypted: true, writeAlign: 16 })
  let vol = flash.open(dev, { checksum: "sum32" })
  let db = btree.open(vol)
  for (let r = 0; r < 30; r++) {
    for (let i = 0; i < 200; i++) {
      db.set("k" + (i % 100), "r" + r + "-" + i)
      db.flush()
    }
    dev = dev.reboot()
    vol = flash.open(dev)
    db = btree.open(vol)
    expect(db.check()).toEqual([])
    expect(db.stat().entries).toBe(100)
  }
})
