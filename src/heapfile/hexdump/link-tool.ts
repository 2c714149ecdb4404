/** What the dump tools of pydllfile and pybtreecore print: one element, or the node list in it. They read what is there, sound or not. */
import { refuse } from "../../errors.ts"
import { getNumber } from "../fields.ts"
import type { HeapFile } from "../heap-file.ts"
import type { HeapNode } from "../heap-node.ts"
import { F_DATA, F_KEY, F_LEAF, F_LEFT, F_RIGHT, HEADER, LINK } from "../layout.ts"
import type { HexdumpOptions } from "./arguments.ts"
import type { Output } from "./hexdump.ts"
import { address, bytesLiteral, hexNumber, linkAndNode, printData } from "./text.ts"

/** More bytes than that no link has. */
const LINK_SIZE_MAX = 4096

/** An element with the bytes of its links. */
export interface RawElement {
  node: HeapNode
  prev: Uint8Array
  succ: Uint8Array
  /** Undefined where nothing is behind the links. */
  data: Uint8Array | undefined
}

interface RawNode {
  flags: number
  key: Uint8Array
  data: Uint8Array
  left: Uint8Array
  right: Uint8Array
}

interface RawList {
  parent: Uint8Array
  nodes: RawNode[]
}

/** Gives the element that -l or -n and -r lead to; undefined when the list ends before, which is said. @throws EINVAL, ECORRUPT */
export function findElement(
  heap: HeapFile,
  link: number,
  node: number,
  options: HexdumpOptions,
  output: Output,
): RawElement | undefined {
  let at = link !== 0 ? readLink(heap, link, options) : readElement(heap, startNode(heap, node), options)
  for (let left = options.relative; left !== 0; left += left > 0 ? -1 : 1) {
    const target = left > 0 ? at.succ : at.prev
    if (options.verbose) {
      const prev = linkAndNode(at.prev).node
      output.text += `next ${linkAndNode(target).node} prev ${prev} succ ${linkAndNode(at.succ).node}\n`
    }
    const next = follow(heap, target, options, output)
    if (next === undefined) return undefined
    at = next
  }
  return at
}

/** Prints an element. @throws EINVAL it has no data */
export function dumpElement(at: RawElement, options: HexdumpOptions, output: Output): void {
  output.text += `Node base : 0x${at.node.id.toString(16)} : ${linksText(at)}\n`
  if (options.headerOnly) return
  if (at.data === undefined) refuse("EINVAL", `node ${at.node.id} has no data behind the links`)
  printData(at.data, at.node.id + HEADER, options, output)
}

/** Goes where -nav says; undefined when a link on the way is 0, which is said. @throws EINVAL no such node or letter; ECORRUPT */
export function navigate(
  heap: HeapFile,
  start: RawElement,
  options: HexdumpOptions,
  output: Output,
): RawElement | undefined {
  let at = start
  let digits = ""
  for (let i = 0; i < options.navigate.length; i++) {
    const letter = options.navigate.charAt(i)
    if (/[0-9a-fA-F]/.test(letter)) {
      digits += letter
      continue
    }
    const index = digits === "" ? 0 : parseInt(digits, 16)
    digits = ""
    const target = linkOf(at, letter, index)
    if (options.verbose && linkAndNode(target).link !== "0x0")
      output.text += `navigate ${index} ${letter} link 0x${hexNumber(target, options.addressWidth)}\n`
    const next = follow(heap, target, options, output)
    if (next === undefined) return undefined
    at = next
  }
  return at
}

/** Prints an element and the nodes in it. */
export function dumpList(at: RawElement, options: HexdumpOptions, output: Output): void {
  const list = readList(at)
  const parent = linkAndNode(list.parent)
  const id = at.node.id
  output.text += `Node : 0x${id.toString(16)} link 0x${(id + HEADER).toString(16)} : ${linksText(at)}\n`
  output.text += `parent ${parent.link} Node ${parent.node}\n`
  output.text += "======= left and right is link address use with -l option\n"
  for (let i = 0; i < list.nodes.length; i++) {
    const node = list.nodes[i]
    const left = hexNumber(node.left, options.addressWidth)
    const right = hexNumber(node.right, options.addressWidth)
    const key = node.flags & F_KEY ? bytesLiteral(node.key) : "None"
    output.text += `${address(i, options)} : ${flagLetters(node.flags)} l: 0x${left} r: 0x${right} k: ${key}\n`
    if (options.headerOnly || !(node.flags & F_DATA)) continue
    printData(node.data, i, options, output)
    if (i + 1 < list.nodes.length) output.text += "-------\n"
  }
  output.text += "=======\n"
}

function linksText(at: RawElement): string {
  const prev = linkAndNode(at.prev)
  const succ = linkAndNode(at.succ)
  return `prev / succ : ${prev.link} / ${succ.link} : Node : ${prev.node} / ${succ.node}`
}

function flagLetters(flags: number): string {
  return (
    (flags & F_LEAF ? "X" : ".") +
    (flags & F_KEY ? "K" : ".") +
    (flags & F_DATA ? "D" : ".") +
    (flags & F_LEFT ? "L" : ".") +
    (flags & F_RIGHT ? "R" : ".")
  )
}

function linkOf(at: RawElement, letter: string, index: number): Uint8Array {
  if (letter === "-") return at.prev
  if (letter === "+") return at.succ
  if (letter !== "p" && letter !== "l" && letter !== "r")
    refuse("EINVAL", `unknown navigation link '${letter}'`)
  const list = readList(at)
  if (index >= list.nodes.length) refuse("EINVAL", `no node ${index} in a list of ${list.nodes.length}`)
  return letter === "p" ? list.parent : letter === "l" ? list.nodes[index].left : list.nodes[index].right
}

function startNode(heap: HeapFile, id: number): number {
  if (id !== 0) return id
  // Node 0 can hold no element.
  const first = heap.readNode(0)
  const second = first === undefined ? undefined : heap.readNext(first)
  if (second === undefined) refuse("EINVAL", "the heap has no second node")
  return second.id
}

function follow(
  heap: HeapFile,
  target: Uint8Array,
  options: HexdumpOptions,
  output: Output,
): RawElement | undefined {
  const link = getNumber(target, 0, target.length)
  if (link !== 0) return readLink(heap, link, options)
  output.text += "out of border\n"
  return undefined
}

function readLink(heap: HeapFile, link: number, options: HexdumpOptions): RawElement {
  if (link <= HEADER) refuse("EINVAL", `no element can be at ${link < 0 ? "so large a link" : link}`)
  return readElement(heap, link - HEADER, options)
}

/** Links are read also where the node has nothing in use, and beyond it. */
function readElement(heap: HeapFile, id: number, options: HexdumpOptions): RawElement {
  const size = options.linkSize
  if (size < 0 || size > LINK_SIZE_MAX) refuse("EINVAL", `-ls is ${size}, expected 0 to ${LINK_SIZE_MAX}`)
  const node = heap.readNode(id)
  if (node === undefined) refuse("EINVAL", `no node is at 0x${id.toString(16)}: the heap ends before`)
  const links = new Uint8Array(2 * size)
  const count = heap.stream.read(links, id + HEADER)
  const data = node.used > 2 * size ? heap.readNodeContent(node, 2 * size, node.used - 2 * size) : undefined
  const end = count < size ? count : size
  return { node: node, prev: links.subarray(0, end), succ: links.subarray(end, count), data: data }
}

/** Takes the nodes apart without asking whether they are whole: of what is beyond the end, as much as is there. */
function readList(at: RawElement): RawList {
  const bytes = at.data === undefined ? new Uint8Array(0) : at.data
  const nodes: RawNode[] = []
  let offset = 0
  const take = (length: number): Uint8Array => {
    const end = offset + length < bytes.length ? offset + length : bytes.length
    const part = bytes.subarray(offset, end)
    offset = end
    return part
  }
  const parent = take(LINK)
  const takeByte = (): number => {
    const part = take(1)
    return part.length > 0 ? part[0] : 0
  }
  while (offset < bytes.length) {
    const flags = takeByte()
    const highs = flags & (F_KEY | F_DATA) ? takeByte() : 0
    const keyLength = flags & F_KEY ? ((highs >> 4) << 8) | takeByte() : 0
    const dataLength = flags & F_DATA ? ((highs & 15) << 8) | takeByte() : 0
    const key = take(keyLength)
    const data = take(dataLength)
    const left = take(flags & F_LEFT ? LINK : 0)
    const right = take(flags & F_RIGHT ? LINK : 0)
    nodes.push({ flags: flags, key: key, data: data, left: left, right: right })
  }
  return { parent: parent, nodes: nodes }
}
