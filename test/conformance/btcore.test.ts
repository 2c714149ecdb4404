/**
 * Goal: every file that pyheapfile, pydllfile and pybtreecore wrote is read as they read it and written as they wrote it, and the dump
 * tools print what theirs printed. Method: all conformance files (a set in test/fixtures, all of them where the shared folder is present) are
 * opened from memory and compared with the .json beside them. To be written again, what was decoded is first overwritten with other bytes,
 * so that only encoding it brings the file back; lists are also made from nothing in a new file. Every recorded run of a dump tool
 * whose file is there is repeated: standard output and exit code have to be the same.
 */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { heapfile, MemoryStream } from "../../src/index.ts"
import {
  BTCORE,
  type BtcoreJson,
  btcoreNames,
  type DumpRun,
  type ElementJson,
  hex,
  type NodeJson,
  openBtcore,
  readImage,
  readJson,
  unhex,
} from "../support/btcore.ts"

const { BTreeCoreFile, HeapFile, LinkFile, Node } = heapfile

const files = btcoreNames(/./).filter(
  (name) =>
    readJson<BtcoreJson>(name).file !== undefined && existsSync(join(BTCORE, name.replace(/json$/, "hpf"))),
)

function walk(heap: heapfile.HeapFile): heapfile.HeapNode[] {
  const nodes: heapfile.HeapNode[] = []
  for (let node = heap.readNext(); node !== undefined; node = heap.readNext(node)) nodes.push(node)
  return nodes
}

function listLinks(json: BtcoreJson): number[] {
  return json.links ?? (json.link === undefined ? [] : [json.link])
}

function nodeOf(json: NodeJson): heapfile.Node {
  const { key, data, left, right } = json
  const node = new Node({
    key: key === null ? undefined : unhex(key),
    data: data === null ? undefined : unhex(data),
    left,
    right,
  })
  node.setFlags(255, json.flags)
  return node
}

function nodeToJson({ flags, key, data, left, right }: heapfile.Node): NodeJson {
  return { flags, key: hex(key), data: hex(data), left, right }
}

/** Follows the links from the head of the chain that `any` of its elements is in. */
function chainFrom(links: heapfile.LinkFile, first: number): ElementJson[] {
  const chain: ElementJson[] = []
  for (let link = first; link !== 0; ) {
    const element = links.readElement(link)?.element as heapfile.LinkElement
    chain.push({ pos: element.link, prev: element.prev, succ: element.succ, data: hex(element.data) ?? "" })
    link = element.succ
  }
  return chain
}

describe.each(files)("%s", (name) => {
  const json = readJson<BtcoreJson>(name)
  const image = readImage(json.file as string)

  test("is a heap as it says", () => {
    const heap = new HeapFile(new MemoryStream(image))
    if (json.heap === undefined) {
      expect(json.heap_error).toBeDefined()
      expect(() => walk(heap)).toThrow("ECORRUPT: node 0, offset 0: no node begins here")
      return
    }
    const nodes = walk(heap).map((node) => {
      const data = heap.readNodeContent(node)
      return { id: node.id, aloc: node.aloc, used: node.used, data: hex(data) ?? "" }
    })
    expect(nodes).toEqual(json.heap)
  })

  test("is written again as it was", () => {
    if (json.heap === undefined) return
    const stream = new MemoryStream(image)
    const heap = new HeapFile(stream)
    for (const node of walk(heap)) {
      const data = heap.readNodeContent(node)
      if (data !== undefined) {
        heap.writeNode(node, new Uint8Array(node.aloc).fill(0xee).subarray(0, data.length))
        heap.writeNodeContent(
          node,
          data.map((byte) => byte ^ 255),
        )
      }
      heap.writeNode(node, data)
    }
    expect(hex(stream.bytes())).toBe(hex(image))
  })

  test("has the elements that it says", () => {
    const links = new LinkFile(new HeapFile(new MemoryStream(image)), json.link_size)
    for (const chain of [json.chain, json.forward]) {
      if (chain !== undefined) expect(chainFrom(links, chain[0]?.pos as number)).toEqual(chain)
    }
    for (const { pos } of json.chain ?? []) {
      const { node, element } = links.readElement(pos) as heapfile.Linked
      const data = element.data
      element.data = data?.map(() => 0xee) as Uint8Array
      links.writeElement(node, element)
      element.data = data
      links.writeElement(node, element)
    }
    expect(hex((links.heap.stream as MemoryStream).bytes())).toBe(hex(image))
  })

  test("has the lists that it says, written again as they were", () => {
    const stream = new MemoryStream(image)
    const core = new BTreeCoreFile(new HeapFile(stream))
    for (const link of listLinks(json)) {
      const found = core.readList(link) as heapfile.BTreeElement
      if (json.parent !== undefined) expect(found.list.parent).toBe(json.parent)
      if (json.nodes !== undefined) expect(found.list.nodes.map(nodeToJson)).toEqual(json.nodes)
      if (json.lengths !== undefined)
        expect(found.list.nodes.map(({ key, data }) => [key.length, data.length])).toEqual(json.lengths)
      // A list that was made and never written has no link of a parent; writing it would add one.
      if (found.element.data === undefined) continue
      expect(hex(found.list.toBytes())).toBe(hex(found.element.data))
      core.heap.writeNodeContent(found.node, new Uint8Array(found.node.used).fill(0xee))
      core.writeList(found)
    }
    expect(hex(stream.bytes())).toBe(hex(image))
  })

  test("is made from nothing, where it is one list", () => {
    if (json.link === undefined || json.heap === undefined || json.heap.length !== 2) return
    const stream = new MemoryStream()
    const core = new BTreeCoreFile(new HeapFile(stream))
    const made = core.createEmptyList(json.heap[1]?.aloc)
    const decoded = new BTreeCoreFile(new HeapFile(new MemoryStream(image))).readList(json.link)
    made.list.parent = decoded?.list.parent as number
    const nodes = json.nodes?.map(nodeOf) ?? (decoded?.list.nodes as heapfile.Node[])
    made.list.nodes.push(...nodes)
    core.writeList(made)
    expect(made.element.link).toBe(json.link)
    expect(hex(stream.bytes())).toBe(hex(image))
  })
})

describe("one node", () => {
  test.each(btcoreNames(/^node_flag_/))("%s", (name) => {
    const json = readJson<{ flags: number; node: NodeJson; bytes: string }>(name)
    const bytes = unhex(json.bytes)
    const { node, next } = Node.fromBytes(bytes)
    expect(next).toBe(bytes.length)
    expect(nodeToJson(node)).toEqual(json.node)
    expect(hex(node.toBytes())).toBe(json.bytes)
    expect(hex(nodeOf(json.node).toBytes())).toBe(json.bytes)
    expect(nodeOf(json.node).equals(node)).toBe(true)
  })
})

const { complex, float, integer, raw, text } = heapfile.converters
const CONVERTERS: Record<string, heapfile.Converter> = {
  int: integer(),
  "int signed": integer(true),
  "float double": float(),
  "float single": float(true),
  complex: complex(),
  "complex double": complex(),
  "complex single": complex(true),
  str: text(),
  raw: raw(),
}

/** Gives the value that the original's language writes so. */
function valueFrom(converter: string, written: string): unknown {
  if (converter.startsWith("int")) {
    const value = Number(written)
    return Number.isSafeInteger(value) ? value : written
  }
  if (converter.startsWith("float")) return Number(written)
  if (converter === "str") return written.slice(1, -1)
  if (converter === "raw") return unhex(written.slice(2, -1).replace(/\\x/g, ""))
  const [, real, imaginary] = /^\((.*?)([+-][^+-]*)j\)$/.exec(written) ?? []
  return { real: Number(real), imaginary: Number(imaginary) }
}

describe("the converters", () => {
  const samples =
    readJson<{ converter: string; value: string; encoded: string; node: string }[]>("converters.json")

  test.each(samples)("$converter $value", ({ converter: name, value: written, encoded, node }) => {
    const converter = CONVERTERS[name] as heapfile.Converter
    const value = valueFrom(name, written)
    expect(hex(converter.encode(value))).toBe(encoded)
    expect(converter.decode(unhex(encoded))).toEqual(value)
    const made = new Node({ leaf: true, key: value, data: value })
    expect(hex(made.toBytes(converter, converter))).toBe(node)
    const read = Node.fromBytes(unhex(node), 0, converter, converter).node
    expect([read.key, read.data]).toEqual([value, value])
  })
})

/** The tree whose dumps are recorded, as they show it: six leaves in a row, three lists above them, one above these. */
function makeTree(): MemoryStream {
  const stream = new MemoryStream()
  const core = new BTreeCoreFile(new HeapFile(stream))
  const leaves: heapfile.BTreeElement[] = []
  for (let i = 5; i >= 0; i--) {
    const leaf = core.createEmptyList(400)
    for (let j = 0; j < 4; j++) {
      const key = `k${String(10 * i + j).padStart(3, "0")}`
      leaf.list.insert(new Node({ leaf: true, key, data: `value-${i}-${j}`.repeat(j + 1) }))
    }
    leaves[i] = leaf
  }
  const inner = [0, 1, 2].map(() => core.createEmptyList(400))
  const root = core.createEmptyList(400)
  const linkOf = (of: heapfile.BTreeElement | undefined) => of?.element.link as number
  for (const [i, list] of inner.entries()) {
    const [left, right] = [linkOf(leaves[2 * i]), linkOf(leaves[2 * i + 1])]
    list.list.insert(new Node({ key: `k0${2 * i + 1}0`, left, right }))
    list.list.parent = linkOf(root)
    core.writeList(list)
  }
  root.list.insert(new Node({ key: "k020", left: linkOf(inner[0]) }))
  root.list.insert(new Node({ key: "k040", left: linkOf(inner[1]), right: linkOf(inner[2]) }))
  core.writeList(root)
  for (const [i, leaf] of leaves.entries()) {
    leaf.list.parent = linkOf(inner[i >> 1])
    leaf.element.prev = i > 0 ? linkOf(leaves[i - 1]) : 0
    leaf.element.succ = i < 5 ? linkOf(leaves[i + 1]) : 0
    core.writeList(leaf)
  }
  return stream
}

function makeHeap(change: (heap: heapfile.HeapFile) => void): MemoryStream {
  const stream = new MemoryStream()
  change(new HeapFile(stream))
  return stream
}

/** Files of recorded runs that are not in our part of the set, as their runs show them. */
const MADE: Record<string, () => MemoryStream> = {
  "bt_tree.hpf": makeTree,
  "heap_free_merge.hpf": () =>
    makeHeap((heap) => {
      const nodes = ["A", "B", "C", "D"].map((letter) => heap.alloc(20, letter.repeat(20)))
      heap.free(nodes[2] as heapfile.HeapNode)
      heap.free(nodes[1] as heapfile.HeapNode)
    }),
  "heap_realloc.hpf": () =>
    makeHeap((heap) => {
      const node = heap.alloc(10, "0123456789")
      heap.alloc(10, "next after")
      heap.realloc(node, 40)
    }),
}

describe("a recorded run of a dump tool", () => {
  const { dumps } = readJson<{ dumps: DumpRun[] }>("hexdump_outputs.json")
  const fileOf = ({ args }: DumpRun) => args[args.indexOf("-f") + 1] ?? ""
  const isThere = (name: string) => existsSync(join(BTCORE, name))
  // What is wrong with the options needs no file.
  const runs = dumps.filter((run) => run.rc === 2 || isThere(fileOf(run)) || fileOf(run) in MADE)

  test("is there to be repeated", () => {
    expect(runs.length).toBeGreaterThanOrEqual(40)
  })

  test.each(runs)("$tool $args", ({ tool, args, rc, stdout, error }) => {
    const open = (name: string) => (isThere(name) ? openBtcore(name) : (MADE[name]?.() as MemoryStream))
    const result = heapfile.hexdump(tool, args, open)
    expect(result.stdout).toBe(stdout)
    expect(result.exitCode).toBe(rc)
    expect(result.error === "").toBe(error === "")
  })
})

test("an insert of the original that went wrong is found, and not made worse", () => {
  const image = readImage("dll_defect_before.hpf")
  const stream = new MemoryStream(image)
  const links = new LinkFile(new HeapFile(stream))
  const { forward = [] } = readJson<BtcoreJson>("dll_defect_before.json")
  // Its next one is linked back to the one between them, which it passes by.
  const first = links.readElement(forward[0]?.pos as number) as heapfile.Linked
  expect(() => links.insertElement("new", undefined, first.element, false)).toThrow(
    /^ECORRUPT: .*linked back to 112$/,
  )
  expect(() => links.removeElement(first.node, first.element)).toThrow(/^ECORRUPT: .*linked back to 112$/)
  expect(hex(stream.bytes())).toBe(hex(image))
})
