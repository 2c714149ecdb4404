/**
 * Goal: a heap file is the list of blocks that first fit, merging and splitting make; chains of elements and node lists are arrays.
 *
 * Method: fast-check makes lists of operations: alloc of many lengths with and without data, exact or not, free of walked and of unwalked
 * nodes with and without merging, mergeNext, realloc, split with many smallest rests, writes, cuts, new handles on the same stream. Each is
 * done on a HeapFile and on an array of blocks which is searched from its beginning each time. After each one the file is walked,
 * by another handle too: ids, lengths and contents have to be the same, and the file just as long. Chains: elements of several link sizes are
 * inserted before, after and apart from others, known afresh or by old objects, removed, and read forward and backward. Lists: nodes
 * are inserted, found, removed, split and joined beside a sorted array, written, and read again. What an operation must refuse is EINVAL
 * and changes nothing.
 *
 * Replay: SEED=<seed> [FC_PATH=<path>] npx vitest run test/property/heapfile. RUNS=<n> sets the number of runs.
 */
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { heapfile, isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { firstDifference, makeBytes } from "../support/streams.ts"
import { compareBytes, withDeadline } from "./model.ts"

const { BTreeCoreFile, HeapFile, LinkFile, Node, NodeList } = heapfile

const SEED = Number(process.env.SEED ?? 20261128)
const RUNS = Number(process.env.RUNS ?? 300)
const parameters = {
  numRuns: RUNS,
  seed: SEED,
  ...(process.env.FC_PATH ? { path: process.env.FC_PATH } : {}),
}
const TIMEOUT = RUNS > 300 ? 3_000_000 : 120_000

const c = <const T extends string>(name: T): fc.Arbitrary<T> => fc.constant(name)
const which = fc.nat(1000)
const length = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(15, 16, 17, 100, 500, 513, 1300))

type HeapOp =
  | { op: "alloc"; length: number; fill: number; exact: boolean }
  | { op: "free"; which: number; walked: boolean; merge: boolean }
  | { op: "mergeNext"; which: number }
  | { op: "realloc"; which: number; length: number }
  | { op: "split"; which: number; length: number; min: number }
  | { op: "write"; which: number; length: number }
  | { op: "overwrite"; which: number; offset: number; length: number }
  | { op: "trunc"; which: number }
  | { op: "reopen" }

const heapOps: fc.Arbitrary<HeapOp> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({
      op: c("alloc"),
      length,
      fill: fc.integer({ min: 0, max: 4 }),
      exact: fc.boolean(),
    }),
  },
  { weight: 7, arbitrary: fc.record({ op: c("free"), which, walked: fc.boolean(), merge: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: c("mergeNext"), which }) },
  { weight: 4, arbitrary: fc.record({ op: c("realloc"), which, length }) },
  { weight: 4, arbitrary: fc.record({ op: c("split"), which, length, min: fc.constantFrom(0, 1, 16, 30) }) },
  { weight: 2, arbitrary: fc.record({ op: c("write"), which, length }) },
  { weight: 2, arbitrary: fc.record({ op: c("overwrite"), which, offset: fc.nat(60), length }) },
  { weight: 1, arbitrary: fc.record({ op: c("trunc"), which }) },
  { weight: 1, arbitrary: fc.record({ op: c("reopen") }) },
)

interface Block {
  aloc: number
  /** Bytes in use; undefined: it is free. */
  data: Uint8Array | undefined
}

/** Runs `task`; true when it was refused as a wrong argument. */
function isRefused(task: () => unknown): boolean {
  try {
    task()
    return false
  } catch (error) {
    if (isFlashtreeError(error) && error.code === "EINVAL") return true
    throw error
  }
}

class HeapRun {
  readonly stream = new MemoryStream()
  heap = new HeapFile(this.stream)
  blocks: Block[] = []
  seed = 0
  reused = 0

  idOf(index: number): number {
    return this.blocks.slice(0, index).reduce((id, { aloc }) => id + 16 + aloc, 0)
  }

  walk(): heapfile.HeapNode[] {
    const nodes: heapfile.HeapNode[] = []
    for (let node = this.heap.readNext(); node; node = this.heap.readNext(node)) nodes.push(node)
    return nodes
  }

  apply(op: HeapOp): void {
    if (op.op === "reopen") this.heap = new HeapFile(this.stream)
    else if (op.op === "alloc") this.alloc(op.length, op.fill, op.exact)
    else if (this.blocks.length > 0) this.change(op, op.which % this.blocks.length)
    this.compare(this.heap)
    this.compare(new HeapFile(this.stream))
  }

  alloc(wanted: number, fill: number, exact: boolean): void {
    const count = Math.ceil((wanted * fill) / 4)
    const data = count === 0 ? undefined : makeBytes(count, ++this.seed)
    const index = this.findFit(wanted, exact)
    const node = this.heap.alloc(wanted, data, exact)
    expect(node.id).toBe(this.idOf(index))
    this.put(index, wanted, data ?? (this.heap.readNodeContent(node) as Uint8Array))
    expect(node.used).toBe(count === 0 ? wanted : count)
  }

  findFit(wanted: number, exact: boolean): number {
    const fits = ({ aloc, data }: Block) => data === undefined && (exact ? aloc === wanted : aloc >= wanted)
    const index = this.blocks.findIndex(fits)
    if (index >= 0) this.reused++
    return index < 0 ? this.blocks.length : index
  }

  put(index: number, wanted: number, data: Uint8Array): void {
    const block = this.blocks[index]
    if (block === undefined) this.blocks.push({ aloc: wanted, data })
    else block.data = data
  }

  swallowNext(index: number): void {
    const [next] = this.blocks.splice(index + 1, 1)
    ;(this.blocks[index] as Block).aloc += 16 + (next as Block).aloc
  }

  isFree(index: number): boolean {
    const block = this.blocks[index]
    return block !== undefined && block.data === undefined
  }

  change(op: Exclude<HeapOp, { op: "alloc" | "reopen" }>, index: number): void {
    const block = this.blocks[index] as Block
    const walked = this.walk()[index] as heapfile.HeapNode
    const node =
      op.op === "free" && !op.walked ? (this.heap.readNode(walked.id) as heapfile.HeapNode) : walked
    const used = block.data?.length ?? 0
    if (op.op === "free") this.free(node, index, op)
    else if (op.op === "mergeNext") {
      expect(this.heap.mergeNext(node)).toBe(this.isFree(index + 1))
      if (this.isFree(index + 1)) this.swallowNext(index)
    } else if (op.op === "realloc") this.realloc(node, index, op.length)
    else if (op.op === "split") {
      const isWrong = op.length < used
      expect(isRefused(() => this.heap.split(node, op.length, op.min))).toBe(isWrong)
      const rest = block.aloc - op.length - 16
      if (isWrong || rest <= op.min) return
      block.aloc = op.length
      this.blocks.splice(index + 1, 0, { aloc: rest, data: undefined })
    } else if (op.op === "write") {
      const data = makeBytes(op.length, ++this.seed)
      const isWrong = op.length > block.aloc
      expect(isRefused(() => this.heap.writeNode(node, data))).toBe(isWrong)
      if (!isWrong) block.data = data
    } else if (op.op === "overwrite") {
      const data = makeBytes(op.length, ++this.seed)
      const isWrong = op.offset + op.length > used
      expect(isRefused(() => this.heap.writeNodeContent(node, data, op.offset))).toBe(isWrong)
      if (!isWrong) block.data?.set(data, op.offset)
    } else {
      this.heap.trunc(node)
      this.blocks.length = index
    }
  }

  free(node: heapfile.HeapNode, index: number, { walked, merge }: { walked: boolean; merge: boolean }): void {
    const free = this.heap.free(node, merge)
    ;(this.blocks[index] as Block).data = undefined
    if (merge && this.isFree(index + 1)) this.swallowNext(index)
    const intoPrev = merge && walked && this.isFree(index - 1)
    if (intoPrev) this.swallowNext(index - 1)
    expect(free.id).toBe(this.idOf(intoPrev ? index - 1 : index))
  }

  realloc(node: heapfile.HeapNode, index: number, wanted: number): void {
    const block = this.blocks[index] as Block
    const isWrong = block.data === undefined || wanted < block.data.length
    let result = node
    expect(isRefused(() => (result = this.heap.realloc(node, wanted)))).toBe(isWrong)
    if (isWrong || block.aloc >= wanted) return
    const next = this.blocks[index + 1]
    if (next !== undefined && next.data === undefined && block.aloc + 16 + next.aloc >= wanted) {
      this.swallowNext(index)
      return
    }
    const target = this.findFit(wanted, false)
    this.put(target, wanted, block.data as Uint8Array)
    expect(result.id).toBe(this.idOf(target))
    block.data = undefined
    if (this.isFree(index + 1)) this.swallowNext(index)
    if (this.isFree(index - 1)) this.swallowNext(index - 1)
  }

  compare(heap: heapfile.HeapFile): void {
    let node = heap.readNext()
    for (const [index, { aloc, data }] of this.blocks.entries()) {
      if (node === undefined) throw new Error(`no node ${index} of ${this.blocks.length}`)
      if (node.id !== this.idOf(index) || node.aloc !== aloc)
        throw new Error(
          `node ${index} is at ${node.id} with ${node.aloc} bytes, not at ${this.idOf(index)} with ${aloc}`,
        )
      const content = heap.readNodeContent(node)
      if ((content === undefined) !== (data === undefined))
        throw new Error(`node ${index} is free, or is not`)
      if (data !== undefined && firstDifference(content as Uint8Array, data) >= 0)
        throw new Error(`node ${index} has other content`)
      node = heap.readNext(node)
    }
    if (node !== undefined) throw new Error(`a node more, at ${node.id}`)
    if (this.stream.size() !== this.idOf(this.blocks.length))
      throw new Error("the file is longer than its nodes")
  }
}

test(
  "a heap is a list of blocks",
  () => {
    let reused = 0
    fc.assert(
      fc.property(fc.array(heapOps, { minLength: 5, maxLength: 60, size: "max" }), (list) => {
        withDeadline(10_000, () => {
          const run = new HeapRun()
          for (const op of list) run.apply(op)
          reused += run.reused
        })
      }),
      parameters,
    )
    if (!process.env.FC_PATH) expect(reused).toBeGreaterThan(RUNS)
  },
  TIMEOUT,
)

type LinkOp =
  | {
      op: "insert"
      which: number
      length: number
      where: "before" | "after" | "apart"
      room: number
      fresh: boolean
    }
  | { op: "remove"; which: number; fresh: boolean; merge: boolean }
  | { op: "write"; which: number }

const linkOps: fc.Arbitrary<LinkOp> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      op: c("insert"),
      which,
      length: fc.nat(30),
      where: fc.constantFrom<("before" | "after" | "apart")[]>("before", "after", "before", "after", "apart"),
      room: fc.nat(20),
      fresh: fc.boolean(),
    }),
  },
  { weight: 5, arbitrary: fc.record({ op: c("remove"), which, fresh: fc.boolean(), merge: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ op: c("write"), which }) },
)

interface Known {
  linked: heapfile.Linked
  data: Uint8Array
}

class LinkRun {
  readonly links: heapfile.LinkFile
  chains: Known[][] = []
  seed = 0

  constructor(linkSize: number) {
    this.links = new LinkFile(new HeapFile(new MemoryStream()), linkSize)
  }

  find(number: number): { chain: Known[]; index: number; known: Known } | undefined {
    const all = this.chains.flatMap((chain) => chain.map((known, index) => ({ chain, index, known })))
    return all.length === 0 ? undefined : all[number % all.length]
  }

  /** The element read anew, or as it was when it was made, with links that may be long out of date. */
  take({ linked }: Known, fresh: boolean): heapfile.Linked {
    return fresh ? (this.links.readElement(linked.element.link) as heapfile.Linked) : linked
  }

  apply(op: LinkOp): void {
    const found = this.find(op.which)
    if (op.op === "insert") this.insert(op, found)
    else if (found === undefined) return
    else if (op.op === "remove") {
      const { node, element } = this.take(found.known, op.fresh)
      this.links.removeElement(node, element, op.merge)
      found.chain.splice(found.index, 1)
      this.chains = this.chains.filter((chain) => chain.length > 0)
      // Merging makes other nodes larger than the objects that were made of them say.
      this.refresh()
    } else {
      const { node, element } = this.take(found.known, true)
      const data = makeBytes(found.known.data.length, ++this.seed)
      element.data = data
      this.links.writeElement(node, element)
      found.known.data = data
    }
    this.compare()
  }

  insert(op: Extract<LinkOp, { op: "insert" }>, found: ReturnType<LinkRun["find"]>): void {
    const data = makeBytes(op.length, ++this.seed)
    const room = 2 * this.links.linkSize + op.length + op.room
    const isApart = op.where === "apart" || found === undefined
    const other = isApart ? undefined : this.take(found.known, op.fresh).element
    const linked = this.links.insertElement(data, room, other, op.where === "before")
    if (isApart) this.chains.push([{ linked, data }])
    else found.chain.splice(op.where === "before" ? found.index : found.index + 1, 0, { linked, data })
    if (other !== undefined) {
      const now = this.links.readElement(other.link)?.element
      expect([other.prev, other.succ]).toEqual([now?.prev, now?.succ])
    }
  }

  refresh(): void {
    for (const known of this.chains.flat()) {
      const node = this.links.heap.readNode(known.linked.node.id) as heapfile.HeapNode
      known.linked = { node, element: known.linked.element }
    }
  }

  compare(): void {
    for (const chain of this.chains) {
      const forward = this.walk(chain[0] as Known, "succ")
      const backward = this.walk(chain.at(-1) as Known, "prev").reverse()
      for (const read of [forward, backward]) {
        if (read.length !== chain.length) throw new Error(`${read.length} elements, not ${chain.length}`)
        for (const [i, { linked, data }] of chain.entries()) {
          if (read[i]?.link !== linked.element.link) throw new Error(`element ${i} is another one`)
          if (firstDifference(read[i]?.data ?? [], data) >= 0) throw new Error(`element ${i} has other data`)
        }
      }
    }
  }

  walk(from: Known, way: "prev" | "succ"): heapfile.LinkElement[] {
    const found: heapfile.LinkElement[] = []
    for (let link = from.linked.element.link; link !== 0 && found.length < 1000; ) {
      const element = this.links.readElement(link)?.element as heapfile.LinkElement
      found.push(element)
      link = element[way]
    }
    return found
  }
}

test(
  "chains of elements are arrays",
  () => {
    const ops = fc.array(linkOps, { minLength: 5, maxLength: 50, size: "max" })
    fc.assert(
      fc.property(fc.constantFrom(2, 3, 4, 7, 8, 8), ops, (linkSize, list) => {
        withDeadline(10_000, () => {
          const run = new LinkRun(linkSize)
          for (const op of list) run.apply(op)
        })
      }),
      parameters,
    )
  },
  TIMEOUT,
)

const bytes = fc.uint8Array({ minLength: 0, maxLength: 12 })
const nodes: fc.Arbitrary<heapfile.NodeOptions> = fc.record(
  { leaf: fc.boolean(), key: bytes, data: bytes, left: fc.nat(), right: fc.nat() },
  { requiredKeys: ["leaf", "key"] },
)

describe("node lists", () => {
  test("are sorted arrays", () => {
    const property = fc.property(
      fc.array(nodes, { maxLength: 60 }),
      fc.nat(60),
      fc.nat(),
      (options, cut, parent) => {
        const list = new NodeList(parent)
        const sorted: heapfile.Node[] = []
        for (const option of options) {
          const node = new Node(option)
          const after = sorted.findIndex(({ key }) => compareBytes(key, node.key) > 0)
          const index = after < 0 ? sorted.length : after
          expect(list.insert(node)).toBe(index)
          sorted.splice(index, 0, node)
        }
        expect(list.nodes).toEqual(sorted)
        for (const { key } of options) {
          const index = sorted.findIndex((node) => compareBytes(node.key, key) === 0)
          expect(list.findKey(key)).toBe(index)
        }
        const read = NodeList.fromBytes(list.toBytes())
        expect(read.equals(list)).toBe(true)
        expect(read.nodes).toEqual(list.nodes)
        const at = Math.min(cut, sorted.length)
        const second = read.splitAt(at)
        expect([read.length, second.length, second.parent]).toEqual([at, sorted.length - at, parent])
        read.join(second)
        expect(read.equals(list)).toBe(true)
        read.nodes.reverse()
        read.sort()
        expect(read.nodes.map(({ key }) => key)).toEqual(sorted.map(({ key }) => key))
        for (const node of sorted) read.remove(node)
        expect(read.length).toBe(0)
      },
    )
    fc.assert(property, parameters)
  })

  test("come back from a file as they were, beside one another", () => {
    const property = fc.property(fc.array(fc.array(nodes, { maxLength: 20 }), { maxLength: 6 }), (lists) => {
      const core = new BTreeCoreFile(new HeapFile(new MemoryStream()))
      const made = lists.map((options) => {
        const element = core.createEmptyList()
        for (const option of options) element.list.insert(new Node(option))
        element.list.parent = element.element.link
        return element
      })
      for (const element of made.toReversed()) core.writeList(element)
      const other = new BTreeCoreFile(new HeapFile(core.heap.stream))
      for (const { element, list } of made) expect(other.readList(element.link)?.list.equals(list)).toBe(true)
    })
    fc.assert(property, parameters)
  })
})
