/**
 * Goal: chains of elements keep their order whatever is inserted where, also where the original's go wrong, and what is wrong is refused by
 * name. Method: small chains in memory; the files of the originals' set are made by the operations that made those.
 */
import { describe, expect, it } from "vitest"
import { heapfile, MemoryStream } from "../../../src/index.ts"
import { hex, readImage } from "../../support/btcore.ts"

const { HeapFile, LinkFile } = heapfile

function makeLinks(linkSize?: number): heapfile.LinkFile {
  return new LinkFile(new HeapFile(new MemoryStream()), linkSize)
}

function read(links: heapfile.LinkFile, from: number, way: "prev" | "succ"): string {
  let text = ""
  for (let link = from; link > 0; ) {
    const element = links.readElement(link)?.element as heapfile.LinkElement
    text += Buffer.from(element.data ?? new Uint8Array()).toString()
    link = element[way]
  }
  return text
}

const imageOf = (links: heapfile.LinkFile) => hex((links.heap.stream as MemoryStream).bytes())

describe("the files of the originals are made again", () => {
  it("dll_chain", () => {
    const links = makeLinks()
    const five = links.insertElement("five").element
    let last = links.insertElement("one", undefined, five).element
    for (const word of ["two", "three", "four"]) last = links.insertElement(word, 40, last, false).element
    expect(imageOf(links)).toBe(hex(readImage("dll_chain.hpf")))
  })

  it("dll_link4", () => {
    const links = makeLinks(4)
    const b = links.insertElement("b").element
    links.insertElement("a", undefined, b)
    expect(imageOf(links)).toBe(hex(readImage("dll_link4.hpf")))
  })
})

describe("insertElement", () => {
  it("is right before and after any element", () => {
    const links = makeLinks()
    const c = links.insertElement("c").element
    const e = links.insertElement("e", undefined, c, false).element
    const d = links.insertElement("d", undefined, e).element
    const a = links.insertElement("a", undefined, c).element
    links.insertElement("b", undefined, a, false)
    const f = links.insertElement("f", undefined, e, false).element
    expect([read(links, a.link, "succ"), read(links, f.link, "prev")]).toEqual(["abcdef", "fedcba"])
    expect([e.prev, e.succ]).toEqual([d.link, f.link])
    expect(links.heap.readNode(0)?.used).toBe(8)
  })

  it("believes the file, not an object that is out of date", () => {
    const links = makeLinks()
    const a = links.insertElement("a").element
    const old = links.readElement(a.link)?.element as heapfile.LinkElement
    const c = links.insertElement("c", undefined, a, false).element
    links.insertElement("b", undefined, old, false)
    expect([read(links, a.link, "succ"), read(links, c.link, "prev")]).toEqual(["abc", "cba"])
  })

  it("never uses node 0, free or not", () => {
    const heap = new HeapFile(new MemoryStream())
    heap.free(heap.alloc(100))
    const links = new LinkFile(heap)
    expect(links.insertElement("x").element.link).toBe(116 + 16)
    expect(heap.readNode(0)?.used).toBe(0)
  })

  it("takes elements without data", () => {
    const links = makeLinks()
    const { node, element } = links.insertElement(undefined, 20)
    expect([node.aloc, node.used, element.data]).toEqual([20, 16, undefined])
    expect(links.readElement(element.link)?.element.data).toBeUndefined()
  })

  it.each<[string, (links: heapfile.LinkFile, other: heapfile.LinkElement) => unknown]>([
    ["EINVAL: length is 18, expected a whole number from 19", (links) => links.insertElement("abc", 18)],
    ["EINVAL: not an element", (links) => links.insertElement("abc", 30, {} as heapfile.LinkElement)],
    ["EINVAL: link is 16", (links) => links.readElement(16)],
    ["EINVAL: id is 0", (links) => links.readFromNode(0)],
    ["ECORRUPT: node 25", (links, other) => links.readElement(other.link + 1)],
    [
      "EINVAL: the element takes 37 bytes with its links, the node has 17",
      (links, other) => {
        other.data = new Uint8Array(21)
        links.writeElement(links.heap.readNode(other.link - 16) as heapfile.HeapNode, other)
      },
    ],
    [
      "EINVAL: the element is at 40, the node's is at 73",
      (links, other) => {
        links.writeElement(links.insertElement("y").node, other)
      },
    ],
  ])("refuses: %s", (message, call) => {
    const links = makeLinks()
    const { element } = links.insertElement("x")
    expect(() => call(links, element)).toThrow(message)
  })

  it("refuses links that do not fit their bytes", () => {
    const links = makeLinks(1)
    links.insertElement("x".repeat(100))
    expect(() => {
      for (let i = 0; i < 5; i++) links.insertElement("y".repeat(60))
    }).toThrow(/^EINVAL: the link \d+ does not fit 1 bytes/)
    for (const wrong of [0, 9, 1.5, "8"])
      expect(() => makeLinks(wrong as number)).toThrow("EINVAL: linkSize is")
  })
})

describe("removeElement", () => {
  it.each([
    ["a", "bc"],
    ["b", "ac"],
    ["c", "ab"],
  ])("of %s leaves %s", (word, rest) => {
    const links = makeLinks()
    const elements: Record<string, heapfile.Linked> = {}
    let last: heapfile.LinkElement | undefined
    for (const text of ["a", "b", "c"]) {
      const made = links.insertElement(text, undefined, last, false)
      elements[text] = made
      last = made.element
    }
    const { node, element } = elements[word] as heapfile.Linked
    links.removeElement(node, element, false)
    const at = (text: string | undefined) => elements[text as string]?.element.link as number
    expect(read(links, at(rest[0]), "succ")).toBe(rest)
    expect(read(links, at(rest[1]), "prev")).toBe([...rest].reverse().join(""))
    expect(links.heap.readNode(node.id)?.used).toBe(0)
    expect(() => links.removeElement(node, element)).toThrow(`ECORRUPT: node ${node.id}, offset 16`)
  })
})
