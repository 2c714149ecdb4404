/**
 * Goal: when the stream fails, the caller is told, nothing is changed behind its back, and the heap stays one: what was in nodes that the
 * operation does not touch is there, and after a reopening all nodes can be walked; what is left of a node that was never finished is at the end of the file, and is named. Method: each
 * operation is done on a heap with its N-th call of the stream failing (writes leave their first half, or nothing), N = 0, 1, 2 ... until it gets
 * through; once, and for ever after. Afterwards the handle must refuse more changes unless it took back what it had done, and the nodes
 * are read by a new one. On a stream that is atomic rollback() must heal the handle, with everything as before.
 */
import { describe, expect, it, test } from "vitest"
import { heapfile, isFlashtreeError, journaled, MemoryStream } from "../../src/index.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"
import { FailingStream, Fault } from "../support/streams.ts"

const { BTreeCoreFile, HeapFile, LinkFile, Node } = heapfile

/** Fails before anything of a write is done. */
class RefusingStream extends FailingStream {
  override write(buffer: Uint8Array, position: number, start = 0, length = buffer.length - start): void {
    if (this.fault.next()) throw this.fault.error("write")
    this.inner.write(buffer, position, start, length)
  }
}

/** Nodes 0 (reserved), 1 to 5 in use, 6 free, 7 and 8 linked elements, in the file `inner`. */
function prepare(inner: MemoryStream): number[] {
  const heap = new HeapFile(inner)
  const links = new LinkFile(heap)
  const ids = [heap.alloc(8, "reserved").id]
  for (let i = 1; i < 6; i++) ids.push(heap.alloc(60, `content of node ${i}`).id)
  const spare = heap.alloc(100, "spare")
  const first = links.insertElement("first")
  links.insertElement("second", undefined, first.element, false)
  heap.free(spare)
  return [...ids, spare.id, first.node.id]
}

type Operation = (heap: heapfile.HeapFile, ids: number[]) => void

const at = (heap: heapfile.HeapFile, id: number | undefined) =>
  heap.readNode(id as number) as heapfile.HeapNode
const insertBefore: Operation = (heap, ids) => {
  const links = new LinkFile(heap)
  links.insertElement("new", undefined, links.readFromNode(ids[7] as number)?.element)
}

const OPERATIONS: Record<string, Operation> = {
  "alloc at the end": (heap) => heap.alloc(300, "something new"),
  "alloc of a free node": (heap) => heap.alloc(90, "something new"),
  "alloc without data": (heap) => heap.alloc(500),
  free: (heap, ids) => heap.free(at(heap, ids[5])),
  "free with merging": (heap, ids) => heap.free(heap.readNext(at(heap, ids[4])) as heapfile.HeapNode),
  "realloc into the next": (heap, ids) => heap.realloc(at(heap, ids[5]), 120),
  "realloc to the end": (heap, ids) => heap.realloc(at(heap, ids[5]), 900),
  split: (heap, ids) => heap.split(at(heap, ids[5]), 20),
  write: (heap, ids) => heap.writeNode(at(heap, ids[5]), "written anew"),
  "insert before": insertBefore,
  remove: (heap, ids) => {
    const links = new LinkFile(heap)
    const { node, element } = links.readFromNode(ids[7] as number) as heapfile.Linked
    links.removeElement(node, element)
  },
  "a new list": (heap) => {
    const core = new BTreeCoreFile(heap)
    const made = core.createEmptyList()
    made.list.insert(new Node({ leaf: true, key: "key", data: "data" }))
    core.writeList(made)
  },
}

function walk(stream: RandomAccessStream): void {
  const heap = new HeapFile(stream)
  for (let node = heap.readNext(); node; node = heap.readNext(node)) heap.readNodeContent(node)
}

/** What no operation touches has to be as it was. */
function expectOthers(inner: MemoryStream, ids: number[]): void {
  const heap = new HeapFile(inner)
  for (const [i, id] of ids.slice(1, 5).entries())
    expect(Buffer.from(heap.readNodeContent(at(heap, id)) as Uint8Array).toString()).toBe(
      `content of node ${i + 1}`,
    )
}

/** Where a new node could neither be finished nor taken back, the file has bytes behind the nodes that it had; cutting them off mends it. */
function expectTail(inner: MemoryStream, end: number): void {
  try {
    walk(inner)
  } catch (error) {
    if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
    expect(error.page).toBe(end)
    inner.setSize(end)
    walk(inner)
  }
}

/** Does the operation with call `fails` of the stream failing; false when it got through. */
function tryOne(operation: Operation, fails: number, forever: boolean, torn: boolean): boolean {
  const inner = new MemoryStream()
  const ids = prepare(inner)
  const end = inner.size()
  const fault = new Fault(fails, fails % 2 === 0 ? "EIO" : "ENOSPC", forever)
  const heap = new HeapFile(torn ? new FailingStream(inner, fault) : new RefusingStream(inner, fault))
  let code: string | undefined
  try {
    operation(heap, ids)
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    code = error.code
  }
  if (fault.failures === 0) {
    expect(code).toBeUndefined()
    walk(inner)
    return false
  }
  expect(code).toBe(fault.code)
  expectOthers(inner, ids)
  if (heap._failed) expectTail(inner, end)
  else walk(inner)
  fault.at = Number.POSITIVE_INFINITY
  if (heap._failed) expect(() => heap.alloc(1)).toThrow("EIO: an earlier write failed")
  else {
    heap.alloc(1)
    walk(inner)
  }
  return true
}

describe.each(Object.entries(OPERATIONS))("%s", (_name, operation) => {
  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])("tells of a failing call; for ever after: %s, torn: %s", (forever, torn) => {
    let count = 0
    while (tryOne(operation, count, forever, torn)) count++
    expect(count).toBeGreaterThan(1)
    expect(count).toBeLessThan(60)
  })

  it("is rolled back on an atomic stream", () => {
    for (let fails = 0, more = true; more; fails++) {
      const inner = new MemoryStream()
      const ids = prepare(inner)
      const before = inner.bytes()
      const fault = new Fault(fails)
      const heap = new HeapFile(journaled(new FailingStream(inner, fault), new MemoryStream()))
      try {
        operation(heap, ids)
        more = false
      } catch (error) {
        if (!isFlashtreeError(error)) throw error
      }
      fault.at = Number.POSITIVE_INFINITY
      heap.rollback()
      expect(inner.bytes()).toEqual(before)
      operation(heap, ids)
      heap.flush()
      walk(inner)
    }
  })
})

test("an insert that fails is read forward as done or as not done", () => {
  for (let fails = 0; ; fails++) {
    const inner = new MemoryStream()
    const ids = prepare(inner)
    const fault = new Fault(fails, "EIO", true)
    try {
      const links = new LinkFile(new HeapFile(new RefusingStream(inner, fault)))
      const first = links.readFromNode(ids[7] as number)?.element
      links.insertElement("between", undefined, first, false)
      break
    } catch {}
    const links = new LinkFile(new HeapFile(inner))
    const texts: string[] = []
    for (let link = (ids[7] as number) + 16; link > 0; ) {
      const { element } = links.readElement(link) as heapfile.Linked
      texts.push(Buffer.from(element.data as Uint8Array).toString())
      link = element.succ
    }
    expect(["first,second", "first,between,second"]).toContain(texts.join())
  }
})

test("what may only be read is not written", () => {
  const inner = new MemoryStream()
  const ids = prepare(inner)
  const readonly = Object.assign(new FailingStream(inner, new Fault()), { readonly: true })
  for (const operation of Object.values(OPERATIONS))
    expect(() => operation(new HeapFile(readonly), ids)).toThrow("EROFS")
  expect(() => new HeapFile(inner).rollback()).toThrow("EINVAL: the stream cannot roll back")
})
