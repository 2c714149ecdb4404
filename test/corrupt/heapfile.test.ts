/**
 * Goal: a damaged heap file gives ECORRUPT with its place, or an answer that the bytes really say; never a hang, a crash, or another kind of
 * error. Method: heaps with free nodes, chains and node lists; in each a bit is flipped, a few bytes are overwritten, the file is cut, or a
 * part of it is copied over another, all seeded. Then everything is read: all nodes, each element, both ways along the chains with a
 * limit, each list; the dump tools are run; nodes are made, freed, linked and unlinked. Besides, each field of a header and of a node list
 * is damaged by hand, and the error has to name it. Outcomes are printed.
 *
 * Replay: SEED=<seed> npx vitest run test/corrupt/heapfile; CASES=<n> sets the number of damages.
 */
import { describe, expect, it, test } from "vitest"
import { type FlashtreeError, heapfile, isFlashtreeError, MemoryStream } from "../../src/index.ts"
import { withDeadline } from "../support/deadline.ts"
import { makeBytes, makeRandom } from "../support/streams.ts"

const { BTreeCoreFile, F_DATA, F_KEY, HeapFile, Node, NodeList } = heapfile

const SEED = Number(process.env.SEED ?? 20261128)
const CASES = Number(process.env.CASES ?? 1500)
const TOOLS: heapfile.HexdumpTool[] = ["pyheapfile", "pydllfile", "pybtreecore"]

interface Sample {
  image: Uint8Array
  ids: number[]
  links: number[]
}

function makeSample(seed: number): Sample {
  const random = makeRandom(seed)
  const stream = new MemoryStream()
  const core = new BTreeCoreFile(new HeapFile(stream), { keysPerNode: 3, keySize: 8, dataSize: 8 })
  const links: number[] = []
  let last: heapfile.LinkElement | undefined
  for (let i = 0; i < 8; i++) {
    const made = core.createEmptyList()
    for (let j = 0; j < 3; j++)
      made.list.insert(
        new Node({ leaf: true, key: makeBytes(random(8), i + j), data: makeBytes(random(8), j), left: i }),
      )
    core.writeList(made)
    links.push(made.element.link)
    const extra = core.links.insertElement(makeBytes(10 + random(20), i), 50, last, random(2) === 0)
    last = extra.element
    links.push(last.link)
    const free = core.heap.alloc(1 + random(40))
    if (random(2) === 0) core.heap.free(free)
  }
  const ids: number[] = []
  for (let node = core.heap.readNext(); node; node = core.heap.readNext(node)) ids.push(node.id)
  return { image: stream.bytes(), ids, links }
}

/** Runs `task`; gives the code of what it throws, which must be an error of ours, or "". */
function codeOf(task: () => unknown): string {
  try {
    task()
    return ""
  } catch (error) {
    if (!isFlashtreeError(error)) throw error
    if (error.code === "ECORRUPT" && (error.page === undefined || error.offset === undefined))
      throw new Error(`no place: ${error.message}`)
    return error.code
  }
}

function useEverything({ ids, links }: Sample, image: Uint8Array, outcomes: Record<string, number>): void {
  const stream = new MemoryStream(image)
  const core = new BTreeCoreFile(new HeapFile(stream))
  const count = (code: string) => {
    outcomes[code] = (outcomes[code] ?? 0) + 1
    if (!["", "ECORRUPT", "ESTALE", "EINVAL"].includes(code)) throw new Error(`${code} of a damaged file`)
  }
  const { heap } = core
  count(
    codeOf(() => {
      for (let node = heap.readNext(); node; node = heap.readNext(node)) heap.readNodeContent(node)
    }),
  )
  for (const id of ids) count(codeOf(() => heap.readNode(id)))
  for (const link of links) {
    count(codeOf(() => core.readList(link)))
    for (const way of ["prev", "succ"] as const)
      count(
        codeOf(() => {
          let at = core.links.readElement(link)
          for (let steps = 0; at !== undefined && at.element[way] > 0 && steps < 50; steps++)
            at = core.links.readElement(at.element[way])
        }),
      )
  }
  for (const tool of TOOLS) {
    const args = [
      "-f",
      "x",
      ...(tool === "pyheapfile" ? ["-r", "3"] : ["-l", (links[3] as number).toString(16), "-r", "2"]),
    ]
    const { exitCode } = heapfile.hexdump(tool, args, () => new MemoryStream(image))
    expect([0, 1]).toContain(exitCode)
  }
  count(
    codeOf(() => {
      const at = core.links.readElement(links[5] as number)
      if (at === undefined) return
      core.links.insertElement("new one", undefined, at.element)
      core.links.removeElement(at.node, at.element)
    }),
  )
  count(codeOf(() => heap.free(heap.realloc(heap.alloc(30), 300))))
  count(codeOf(() => heap.split(heap.readNode(ids[3] as number) ?? (undefined as never), 20)))
}

function damage(image: Uint8Array, random: (limit: number) => number): Uint8Array {
  const bytes = image.slice()
  const at = random(bytes.length)
  const kind = random(10)
  if (kind < 6) bytes[at] = (bytes[at] as number) ^ (1 << random(8))
  else if (kind < 8) bytes.fill(random(3) === 0 ? 0xff : random(256), at, at + 1 + random(20))
  else if (kind === 8) return bytes.subarray(0, at)
  else bytes.copyWithin(at, random(bytes.length), random(bytes.length))
  return bytes
}

test(`${CASES} damages: errors with a place, and no hang`, () => {
  const outcomes: Record<string, number> = {}
  const random = makeRandom(SEED)
  let sample = makeSample(SEED)
  for (let i = 0; i < CASES; i++) {
    if (i % 50 === 0) sample = makeSample(SEED + i)
    const image = damage(sample.image, random)
    try {
      withDeadline(5_000, () => useEverything(sample, image, outcomes))
    } catch (error) {
      throw new Error(`SEED=${SEED}, damage ${i}: ${(error as Error).stack}`)
    }
  }
  console.log(`damages: ${CASES}, outcomes of what was done: ${JSON.stringify(outcomes)}`)
  expect(outcomes.ECORRUPT).toBeGreaterThan(CASES / 4)
})

describe("a header", () => {
  const build = () => {
    const stream = new MemoryStream()
    const heap = new HeapFile(stream)
    for (const text of ["first", "second", "third"]) heap.alloc(20, text)
    return stream.bytes()
  }
  /** Gives what reading all nodes throws. */
  const errorOf = (image: Uint8Array): FlashtreeError => {
    const heap = new HeapFile(new MemoryStream(image))
    try {
      for (let node = heap.readNext(); node; node = heap.readNext(node)) heap.readNodeContent(node)
    } catch (error) {
      if (isFlashtreeError(error)) return error
      throw error
    }
    throw new Error("nothing was found")
  }

  it.each<[string, number, number[], number, number, string]>([
    ["magic", 36, [0x2b, 0xad, 0xde, 0xae], 36, 0, "no node begins here (0x2baddeae)"],
    ["the magic of a swallowed one", 36, [0xaa, 0xaa, 0xaa, 0xaa], 36, 0, "its neighbour has taken it in"],
    [
      "a length beyond the file",
      36 + 4,
      [1],
      36,
      4,
      "it has 1099511627796 bytes, of which 56 are in the file",
    ],
    ["a length that ends elsewhere", 36 + 9, [21], 73, 0, "no node begins here"],
    ["the last one's length", 72 + 9, [21], 72, 4, "it has 21 bytes, of which 20 are in the file"],
    ["more in use than it has", 36 + 15, [21], 36, 10, "21 bytes are in use, of the 20 that it has"],
  ])("with %s", (_what, at, bytes, page, offset, message) => {
    const image = build()
    image.set(bytes, at)
    const error = errorOf(image)
    expect(error.message).toContain(message)
    expect([error.code, error.page, error.offset]).toEqual(["ECORRUPT", page, offset])
  })

  it("that is cut off", () => {
    for (const size of [1, 15, 16, 35, 37, 51, 107]) {
      const error = errorOf(build().subarray(0, size))
      expect([size, error.code]).toEqual([size, "ECORRUPT"])
    }
  })
})

describe("a node list", () => {
  const good = new NodeList(40)
  good.insert(new Node({ leaf: true, key: "key", data: "data", left: 24 }))
  const bytes = good.toBytes()

  it("that ends within a node", () => {
    for (let size = 1; size < bytes.length; size++) {
      if (size === 8) continue
      expect(codeOf(() => NodeList.fromBytes(bytes.subarray(0, size)))).toBe("ECORRUPT")
    }
  })

  it.each<[string, number[]]>([
    ["a length of a key without one", [F_DATA, 0x10, 1, 65]],
    ["a length of data without any", [F_KEY, 0x01, 1, 65]],
    ["a link beyond any file", [8, 255, 255, 255, 255, 255, 255, 255, 255]],
    ["256 nodes", Array.from({ length: 256 }, () => 0)],
  ])("with %s", (_what, nodes) => {
    expect(codeOf(() => NodeList.fromBytes(Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, ...nodes])))).toBe(
      "ECORRUPT",
    )
  })

  it("in a file names its heap node and the offset in it", () => {
    const core = new BTreeCoreFile(new HeapFile(new MemoryStream()))
    const made = core.createEmptyList()
    made.list.insert(new Node({ leaf: true, key: "key", data: "data" }))
    core.writeList(made)
    core.heap.writeNodeContent(made.node, Uint8Array.from([0x0f]), 16 + 8 + 2)
    try {
      core.readList(made.element.link)
      throw new Error("nothing was found")
    } catch (error) {
      const { code, page, offset } = error as FlashtreeError
      expect([code, page, offset]).toEqual(["ECORRUPT", made.node.id, 16 + 16 + 8])
    }
  })
})
