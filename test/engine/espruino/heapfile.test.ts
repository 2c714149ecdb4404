/**
 * Goal: the module "heapfile" makes on a board the bytes that the portable engine makes under Node, and reads its own and those. Method: the
 * finished module runs in a realm without what Espruino lacks; the same operations, drawn from a seed, are done there and here, and the
 * files are compared.
 */
import { expect, it } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { makeBytes, makeRandom } from "../../support/streams.ts"
import { Realm } from "./realm.ts"
import { Stream } from "./stream.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

/** Makes lists, links them, and frees and moves nodes between them. */
function work(module: Foreign, stream: unknown, bytes: (of: Uint8Array) => unknown, seed: number): number[] {
  const random = makeRandom(seed)
  const core = new module.BTreeCoreFile(new module.HeapFile(stream), {
    keysPerNode: 4,
    keySize: 12,
    dataSize: 12,
  })
  const made: Foreign[] = []
  for (let i = 0; i < 20; i++) {
    const element = core.createEmptyList()
    for (let j = 0; j < 4; j++) {
      const key = bytes(makeBytes(1 + random(12), seed + 4 * i + j))
      element.list.insert(
        new module.Node({ leaf: true, key, data: bytes(makeBytes(random(12), j)), left: random(2) * 99 }),
      )
    }
    element.list.parent = i
    core.writeList(element)
    made.push(element)
    const before = made[random(made.length)].element
    const linked = core.links.insertElement(bytes(makeBytes(random(50), i)), 70, before, i % 2 === 0)
    if (random(2) === 0) core.links.removeElement(linked.node, linked.element)
    const node = core.heap.alloc(1 + random(60))
    if (random(2) === 0) core.heap.free(core.heap.realloc(node, node.used + random(90)))
    else core.heap.split(node, node.used)
  }
  return made.map(({ element }) => element.link)
}

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
