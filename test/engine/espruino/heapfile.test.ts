/**
 * Goal: the module "heapfile" makes on a board the bytes that the portable engine makes under Node, and reads its own and those. Method: the
 * finished module runs in a realm without what Espruino lacks; the same operations, drawn from a seed, are done there and here, and the
 * files are compared.
 */
import { expect, it } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { work } from "../../support/heapfile-work.ts"
import { Realm } from "./realm.ts"
import { Stream } from "./stream.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

it.each([1, 2, 3, 4, 5])("makes the same file, seed %i", (seed) => {
  const realm = new Realm({})
  const module: Foreign = realm.require("heapfile")
  const there = new Stream()
  const links = work(module, there, (of) => realm.bytes(of), seed)
  const here = new MemoryStream()
  expect(work(heapfile, here, (of) => of, seed)).toEqual(links)
  expect(Buffer.from(there.data).equals(Buffer.from(here.bytes()))).toBe(true)
  const core = new module.BTreeCoreFile(new module.HeapFile(new Stream(here.bytes())), { keysPerNode: 4 })
  for (const [parent, link] of links.entries()) {
    const { list } = core.readList(link)
    expect([list.parent, list.length]).toEqual([parent, 4])
    const ours = new heapfile.BTreeCoreFile(new heapfile.HeapFile(here)).readList(link)?.list
    expect(Buffer.from(list.toBytes()).equals(Buffer.from(ours?.toBytes() as Uint8Array))).toBe(true)
  }
})

it("refuses what the portable one refuses", () => {
  const realm = new Realm({})
  const module: Foreign = realm.require("heapfile")
  const stream = new Stream()
  const heap = new module.HeapFile(stream)
  const node = heap.alloc(20, "text")
  expect(() => heap.alloc(0)).toThrow("EINVAL: length is 0")
  expect(() => heap.readNodeContent(node, 5)).toThrow("EINVAL: offset is 5")
  expect(() => new module.Node({ key: realm.bytes(new Uint8Array(4096)) })).toThrow(
    "EINVAL: the key has 4096 bytes",
  )
  stream.data[0] = 0
  expect(() => heap.readNode(0)).toThrow("ECORRUPT: node 0, offset 0: no node begins here")
})
