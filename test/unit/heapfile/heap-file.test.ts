/**
 * Goal: each operation on a heap file leaves the bytes that FORMAT.md says, and refuses what it cannot do by name. Method: small heaps in
 * memory, looked at byte by byte; the files of the originals' set are made by the operations that made those.
 */
import { describe, expect, it } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { hex, readImage } from "../../support/btcore.ts"
import { CountingStream } from "../../support/streams.ts"

const { HeapFile } = heapfile

function makeHeap(...nodes: [number, string][]): {
  stream: MemoryStream
  heap: heapfile.HeapFile
  nodes: heapfile.HeapNode[]
} {
  const stream = new MemoryStream()
  const heap = new HeapFile(stream)
  return { stream, heap, nodes: nodes.map(([length, data]) => heap.alloc(length, data)) }
}

/** Gives [id, aloc, used] of all nodes. */
function layoutOf(heap: heapfile.HeapFile): number[][] {
  const found: number[][] = []
  for (let node = heap.readNext(); node; node = heap.readNext(node))
    found.push([node.id, node.aloc, node.used])
  return found
}

const text = (bytes: Uint8Array | undefined) =>
  bytes === undefined ? undefined : Buffer.from(bytes).toString()

describe("the files of the originals are made again", () => {
  const same = (stream: MemoryStream, name: string) => expect(hex(stream.bytes())).toBe(hex(readImage(name)))

  it("heap_empty, heap_exact, heap_three", () => {
    same(makeHeap().stream, "heap_empty.hpf")
    same(makeHeap([5, "hello"], [5, "world"]).stream, "heap_exact.hpf")
    same(makeHeap([16, "hello"], [10, "world"], [10, "!"]).stream, "heap_three.hpf")
  })

  it("heap_free_middle", () => {
    const { stream, heap, nodes } = makeHeap(
      ...["A", "B", "C", "D"].map((letter): [number, string] => [20, letter.repeat(20)]),
    )
    heap.free(nodes[1] as heapfile.HeapNode)
    same(stream, "heap_free_middle.hpf")
  })

  it("heap_reuse", () => {
    const { stream, heap, nodes } = makeHeap(
      ...["A", "B", "C"].map((letter): [number, string] => [20, letter.repeat(20)]),
    )
    heap.free(nodes[0] as heapfile.HeapNode)
    expect(heap.alloc(8, "reused!!").id).toBe(0)
    same(stream, "heap_reuse.hpf")
  })

  it("heap_split", () => {
    const { stream, heap, nodes } = makeHeap([100, "z".repeat(10)])
    const rest = heap.split(nodes[0] as heapfile.HeapNode, 20)
    expect([rest?.id, rest?.aloc, rest?.used]).toEqual([36, 64, 0])
    same(stream, "heap_split.hpf")
  })
})

describe("alloc", () => {
  it("marks all bytes as used where no data are given, so that the next one takes another node", () => {
    const { heap } = makeHeap()
    const first = heap.alloc(8)
    expect(first.used).toBe(8)
    expect(hex(heap.readNodeContent(first))).toBe("00".repeat(8))
    expect(heap.alloc(8).id).toBe(24)
  })

  it("takes the first free node that fits, or one just as large", () => {
    const { heap, nodes } = makeHeap([30, "a"], [5, "b"], [20, "c"], [5, "d"])
    for (const index of [0, 2]) heap.free(nodes[index] as heapfile.HeapNode)
    expect(heap.alloc(20, "x", true).id).toBe(nodes[2]?.id)
    const found = heap.alloc(20, "y")
    expect([found.id, found.aloc, found.used, found.prev]).toEqual([0, 30, 1, undefined])
    expect(heap.alloc(1, "z").id).toBe(heap.stream.size() - 17)
  })

  it("does not walk what it knows to be in use", () => {
    const counting = new CountingStream(new MemoryStream())
    const heap = new HeapFile(counting)
    for (let i = 0; i < 200; i++) heap.alloc(10, "x")
    counting.reset()
    const node = heap.alloc(10, "x")
    expect([counting.reads, counting.bytesRead]).toEqual([1, 16])
    expect([counting.writes, counting.bytesWritten]).toEqual([4, 1 + 1 + 12 + 4])
    heap.free(node)
    counting.reset()
    expect(heap.alloc(9, "y").id).toBe(node.id)
    expect(counting.reads).toBeLessThan(4)
    counting.reset()
    new HeapFile(counting).alloc(10, "x")
    expect([counting.reads, counting.bytesRead]).toEqual([201, 201 * 16])
  })

  it.each<[string, (heap: heapfile.HeapFile) => unknown]>([
    ["length is 0, expected a whole number from 1 to 281474976710655", (heap) => heap.alloc(0)],
    ["length is 1.5", (heap) => heap.alloc(1.5)],
    ["length is 281474976710656", (heap) => heap.alloc(2 ** 48)],
    ["length is 8", (heap) => heap.alloc("8" as unknown as number)],
    ["the data's length is 9, expected a whole number from 1 to 8", (heap) => heap.alloc(8, "too long.")],
    ["the data's length is 0", (heap) => heap.alloc(8, "")],
    ["the data is number", (heap) => heap.alloc(8, 5 as unknown as string)],
  ])("refuses: %s", (message, call) => {
    const { stream, heap } = makeHeap([8, "there"])
    const before = stream.bytes()
    expect(() => call(heap)).toThrow(`EINVAL: ${message}`)
    expect(stream.bytes()).toEqual(before)
  })
})

describe("reading", () => {
  it("walks, filling in what is before and after", () => {
    const { heap } = makeHeap([10, "a"], [20, "b"])
    const first = heap.readNext() as heapfile.HeapNode
    expect([first.prev, first.succ]).toEqual([undefined, undefined])
    const second = heap.readNext(first) as heapfile.HeapNode
    expect([first.succ, second.prev]).toEqual([26, 0])
    expect([heap.readNext(second), second.succ]).toEqual([undefined, 62])
    expect([heap.readNode(62), heap.readNode(1000)]).toEqual([undefined, undefined])
    expect(() => heap.readNode(-1)).toThrow("EINVAL: id is -1")
  })

  it("gives parts of what is in use, and nothing of a free node", () => {
    const { heap, nodes } = makeHeap([10, "content"])
    const node = nodes[0] as heapfile.HeapNode
    expect(["content", "tent", "on", ""]).toEqual(
      [[], [3], [1, 2], [7]].map(([offset, length]) => text(heap.readNodeContent(node, offset, length))),
    )
    expect(() => heap.readNodeContent(node, 8)).toThrow(
      "EINVAL: offset is 8, expected a whole number from 0 to 7",
    )
    expect(() => heap.readNodeContent(node, 3, 5)).toThrow(
      "EINVAL: length is 5, expected a whole number from 0 to 4",
    )
    heap.free(node)
    expect(heap.readNodeContent(node)).toBeUndefined()
    expect(() => heap.readNodeContent({ id: 0, aloc: 1, used: 1 } as heapfile.HeapNode)).toThrow(
      "EINVAL: not a node",
    )
  })
})

describe("free", () => {
  it("keeps the data, and merges with free neighbours only", () => {
    const { stream, heap } = makeHeap([10, "aaaaaaaaaa"], [10, "bbbbbbbbbb"], [10, "cccccccccc"])
    const first = heap.readNext() as heapfile.HeapNode
    const second = heap.readNext(first) as heapfile.HeapNode
    const third = heap.readNext(second) as heapfile.HeapNode
    // The one before it is in use: it does not get it.
    expect(heap.free(second)).toBe(second)
    expect(layoutOf(heap)).toEqual([
      [0, 10, 10],
      [26, 10, 0],
      [52, 10, 10],
    ])
    expect(heap.free(third).id).toBe(26)
    expect(layoutOf(heap)).toEqual([
      [0, 10, 10],
      [26, 36, 0],
    ])
    expect(hex(stream.bytes().subarray(26))).toBe(
      `2baddead000000000024000000000000${"62".repeat(10)}aaaaaaaa00000000000a000000000000${"63".repeat(10)}`,
    )
    heap.free(first)
    expect(layoutOf(heap)).toEqual([[0, 62, 0]])
  })

  it("leaves neighbours alone when told so", () => {
    const { heap, nodes } = makeHeap([10, "a"], [10, "b"])
    for (const node of nodes.toReversed()) heap.free(node, false)
    expect(layoutOf(heap)).toEqual([
      [0, 10, 0],
      [26, 10, 0],
    ])
    expect(heap.mergeNext(heap.readNode(0) as heapfile.HeapNode)).toBe(true)
    expect(layoutOf(heap)).toEqual([[0, 36, 0]])
  })
})

describe("realloc", () => {
  it("stays where there is room, grows into the next, or moves", () => {
    const { heap, nodes } = makeHeap([20, "stays"], [20, "free"], [20, "c"])
    const [first, second] = nodes as [heapfile.HeapNode, heapfile.HeapNode]
    expect(heap.realloc(first, 20)).toBe(first)
    expect(layoutOf(heap)).toHaveLength(3)
    heap.free(second)
    expect(heap.realloc(first, 56)).toBe(first)
    expect(layoutOf(heap)).toEqual([
      [0, 56, 5],
      [72, 20, 1],
    ])
    const moved = heap.realloc(first, 57)
    expect(text(heap.readNodeContent(moved))).toBe("stays")
    expect(layoutOf(heap)).toEqual([
      [0, 56, 0],
      [72, 20, 1],
      [108, 57, 5],
    ])
    expect(() => heap.realloc(moved, 4)).toThrow("EINVAL: length is 4, expected a whole number from 5")
    expect(() => heap.realloc(heap.readNode(0) as heapfile.HeapNode, 9)).toThrow("EINVAL: node 0 is free")
  })

  it("moves more than it holds at a time", () => {
    const { heap, nodes } = makeHeap([2000, "0123456789".repeat(150)], [1, "x"])
    const moved = heap.realloc(nodes[0] as heapfile.HeapNode, 3000)
    expect(text(heap.readNodeContent(moved))).toBe("0123456789".repeat(150))
  })
})

describe("split and trunc", () => {
  it.each([
    [7, 16, 17],
    [8, 16, undefined],
    [23, 0, 1],
    [24, 0, undefined],
    [5, 16, 19],
  ])("at %i with a rest of more than %i", (length, min, rest) => {
    const { heap, nodes } = makeHeap([40, "data."])
    expect(heap.split(nodes[0] as heapfile.HeapNode, length, min)?.aloc).toBe(rest)
    expect(layoutOf(heap)).toHaveLength(rest === undefined ? 1 : 2)
  })

  it("refuse to lose data", () => {
    const { heap, nodes } = makeHeap([40, "data."])
    expect(() => heap.split(nodes[0] as heapfile.HeapNode, 4)).toThrow(
      "EINVAL: length is 4, expected a whole number from 5",
    )
  })

  it("cut the file where a node begins", () => {
    const { stream, heap, nodes } = makeHeap([40, "a"], [10, "b"])
    heap.trunc(nodes[1] as heapfile.HeapNode)
    expect([stream.size(), layoutOf(heap)]).toEqual([56, [[0, 40, 1]]])
    expect(() => heap.writeNode(nodes[1] as heapfile.HeapNode, "c")).toThrow("ESTALE: node 56")
  })
})

describe("a node object that is out of date", () => {
  it("is refused by whatever would change the file", () => {
    const { stream, heap, nodes } = makeHeap([40, "a"], [10, "b"], [10, "c"])
    const [first, second] = nodes as [heapfile.HeapNode, heapfile.HeapNode]
    const old = heap.readNode(0) as heapfile.HeapNode
    heap.free(second)
    heap.mergeNext(first)
    const before = stream.bytes()
    const calls: ((node: heapfile.HeapNode) => unknown)[] = [
      (node) => heap.free(node),
      (node) => heap.writeNode(node, "x"),
      (node) => heap.writeNodeContent(node, ""),
      (node) => heap.realloc(node, 99),
      (node) => heap.split(node, 9),
      (node) => heap.mergeNext(node),
      (node) => heap.trunc(node),
    ]
    for (const call of calls) for (const node of [old, second]) expect(() => call(node)).toThrow("ESTALE")
    expect(stream.bytes()).toEqual(before)
  })
})

it("what is no stream is refused", () => {
  for (const wrong of [undefined, null, {}, "file"])
    expect(() => new HeapFile(wrong as never)).toThrow("EINVAL: not a stream")
})
