/** The same work on a heap file wherever the engine runs. */
import { makeBytes, makeRandom } from "./streams.ts"

// biome-ignore lint/suspicious/noExplicitAny: what lives in another realm has no types here
type Foreign = any

/** Makes lists, links them, and frees and moves nodes between them. */
export function work(
  module: Foreign,
  stream: unknown,
  bytes: (of: Uint8Array) => unknown,
  seed: number,
): number[] {
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
