/**
 * Elements that are linked both ways, each in the data area of a heap node. The link of an element is its node's id + 16, and 0 means none.
 */
import type { Bytes } from "../bytes.ts"
import { toBytes } from "../bytes.ts"
import { refuse } from "../errors.ts"
import { allocate } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import { checkNumber, corruptNode, getNumber, putNumber } from "./fields.ts"
import type { HeapFile } from "./heap-file.ts"
import type { HeapNode } from "./heap-node.ts"
import { ALOC_MAX, HEADER, LINK } from "./layout.ts"
import { place } from "./placement.ts"

/** What an empty heap gets first, since node 0 can hold no element. */
const RESERVED = "reserved"

/** An element as it was when it was read or written. */
export class LinkElement {
  /** Where it is: the id of its node + 16. */
  declare link: number
  /** Links of the elements before and after it; 0 means none. */
  declare prev: number
  declare succ: number
  /** Its bytes behind the links, all its own; undefined when there are none. */
  declare data: Uint8Array | undefined

  constructor(link: number, prev: number, succ: number, data?: Uint8Array) {
    this.link = link
    this.prev = prev
    this.succ = succ
    this.data = data
  }
}

/** An element and the heap node that it is in. */
export interface Linked {
  node: HeapNode
  element: LinkElement
}

/** Elements in the nodes of a heap. `linkSize` is the number of bytes of a link, which no file tells: 8 but where it was made with another. */
export class LinkFile {
  declare readonly heap: HeapFile
  declare readonly linkSize: number
  /** @internal */ declare _links: Uint8Array

  /** Reads nothing. @throws EINVAL a link size that is not 1 to 8 */
  constructor(heap: HeapFile, linkSize?: number) {
    if (!heap || !heap.readNode) refuse("EINVAL", "not a HeapFile")
    this.heap = heap
    this.linkSize = linkSize === undefined ? LINK : linkSize
    checkNumber("linkSize", this.linkSize, 1, 8)
    this._links = new Uint8Array(2 * this.linkSize)
  }

  /** Gives the element in the node `id`, undefined at and past the end. Two or three reads. @throws EINVAL node 0; ECORRUPT no element is there */
  readFromNode(id: number): Linked | undefined {
    checkNumber("id", id, 1, POSITION_MAX)
    const node = this.heap.readNode(id)
    if (node === undefined) return undefined
    const element = this._readLinks(node)
    const start = 2 * this.linkSize
    if (node.used > start) {
      element.data = allocate(node.used - start)
      this.heap.stream.read(element.data, id + HEADER + start)
    }
    return { node: node, element: element }
  }

  /** Gives the element at `link`, undefined at and past the end. Two or three reads. @throws EINVAL less than 17; ECORRUPT */
  readElement(link: number): Linked | undefined {
    checkNumber("link", link, HEADER + 1, POSITION_MAX)
    return this.readFromNode(link - HEADER)
  }

  /**
   * Writes the links and the data of `element` into `node`, or the links alone if `all` is false. Links are written as they are: insertElement
   * and removeElement keep them right. Up to three writes. @throws EINVAL more bytes than the node has; ESTALE, EROFS, EIO
   */
  writeElement(node: HeapNode, element: LinkElement, all?: boolean): void {
    this.heap._verify(node)
    if (element.link !== node.id + HEADER)
      refuse("EINVAL", `the element is at ${element.link}, the node's is at ${node.id + HEADER}`)
    if (all === false) {
      if (node.used < 2 * this.linkSize) refuse("EINVAL", `node ${node.id} holds no element`)
      this._encodeLinks(element, this._links)
      this.heap.writeNodeContent(node, this._links)
      return
    }
    const length = 2 * this.linkSize + (element.data === undefined ? 0 : element.data.length)
    if (length > node.aloc)
      refuse("EINVAL", `the element takes ${length} bytes with its links, the node has ${node.aloc}`)
    this.heap.writeNode(node, this._encode(element, length))
  }

  /**
   * Adds an element before `other`, or after it if `before` is false; without `other` it stands alone. `length` is the room that its node
   * gets, links included (just enough), and `exact` what alloc() takes. An empty heap gets a node of 8 bytes first, since node 0 can
   * hold no element. `other` is brought up to date; other objects in memory are not. The new element is whole before any points to it:
   * where a write fails the list reads forward with it or without it. Up to five reads and five writes besides those of alloc().
   * @throws EINVAL; ECORRUPT the links around `other` do not agree; ESTALE, EROFS, EIO, ENOSPC
   */
  insertElement(
    data?: Bytes,
    length?: number,
    other?: LinkElement,
    before?: boolean,
    exact?: boolean,
  ): Linked & { other: LinkElement | undefined } {
    const heap = this.heap
    const bytes = data === undefined || data === null ? undefined : toBytes(data, "data")
    const least = 2 * this.linkSize + (bytes === undefined ? 0 : bytes.length)
    const room = length === undefined || length === null ? least : length
    checkNumber("length", room, least, ALOC_MAX)
    heap._begin()
    const element = new LinkElement(0, 0, 0, bytes)
    let prev: Linked | undefined
    let succ: Linked | undefined
    if (other !== undefined && other !== null) {
      const at = this._refresh(other)
      if (before === false) {
        prev = at
        succ = this._neighbour(other.link, other.succ, true)
      } else {
        prev = this._neighbour(other.link, other.prev, false)
        succ = at
      }
      if (prev !== undefined) element.prev = prev.element.link
      if (succ !== undefined) element.succ = succ.element.link
    }
    if (heap.stream.size() === 0) heap.alloc(RESERVED.length, RESERVED)
    this._checkLinks(heap.stream.size() + HEADER)
    const node = place(heap, room, least, this._encode(element, least), exact === true, 1)
    element.link = node.id + HEADER
    if (prev !== undefined) {
      prev.element.succ = element.link
      this.writeElement(prev.node, prev.element, false)
    }
    if (succ !== undefined) {
      succ.element.prev = element.link
      this.writeElement(succ.node, succ.element, false)
    }
    return { node: node, element: element, other: other }
  }

  /**
   * Takes `element` out of its list and frees its node as HeapFile.free() does. Its own links stay. Up to four reads and six writes.
   * @throws ECORRUPT the links around it do not agree; ESTALE, EROFS, EIO
   */
  removeElement(node: HeapNode, element: LinkElement, merge?: boolean): void {
    this.heap._verify(node)
    if (element.link !== node.id + HEADER)
      refuse("EINVAL", `the element is at ${element.link}, the node's is at ${node.id + HEADER}`)
    this._refresh(element)
    const prev = this._neighbour(element.link, element.prev, false)
    const succ = this._neighbour(element.link, element.succ, true)
    if (prev !== undefined) {
      prev.element.succ = element.succ
      this.writeElement(prev.node, prev.element, false)
    }
    if (succ !== undefined) {
      succ.element.prev = element.prev
      this.writeElement(succ.node, succ.element, false)
    }
    this.heap.free(node, merge)
  }

  /** @internal Gives the element of a node without its data. */
  _readLinks(node: HeapNode): LinkElement {
    const size = this.linkSize
    if (node.used < 2 * size)
      corruptNode(
        node.id,
        HEADER,
        `it has ${node.used} bytes in use, the links of an element take ${2 * size}`,
      )
    this.heap.stream.read(this._links, node.id + HEADER)
    const prev = getNumber(this._links, 0, size)
    const succ = getNumber(this._links, size, size)
    if (prev < 0 || succ < 0) corruptNode(node.id, HEADER, "a link is larger than any file")
    return new LinkElement(node.id + HEADER, prev, succ)
  }

  /** @internal Brings the links of an element up to date with the file. */
  _refresh(element: LinkElement): Linked {
    if (!(element instanceof LinkElement))
      refuse("EINVAL", "not an element: readElement and insertElement give one")
    checkNumber("link", element.link, HEADER + 1, POSITION_MAX)
    const node = this.heap.readNode(element.link - HEADER)
    if (node === undefined) refuse("ESTALE", `the element at ${element.link} is gone: it is beyond the file`)
    const now = this._readLinks(node)
    element.prev = now.prev
    element.succ = now.succ
    return { node: node, element: element }
  }

  /** @internal Gives the element that a link leads to, if any, which must lead back. */
  _neighbour(from: number, link: number, isNext: boolean): Linked | undefined {
    if (link === 0) return undefined
    const id = from - HEADER
    const at = HEADER + (isNext ? this.linkSize : 0)
    const node = link > HEADER && link !== from ? this.heap.readNode(link - HEADER) : undefined
    if (node === undefined) corruptNode(id, at, `it is linked to ${link}, where no element can be`)
    const element = this._readLinks(node)
    const back = isNext ? element.prev : element.succ
    if (back !== from) corruptNode(id, at, `it is linked to ${link}, which is linked back to ${back}`)
    return { node: node, element: element }
  }

  /** @internal */
  _checkLinks(largest: number): void {
    // Of eight bytes only as many are used as a position can have.
    if (this.linkSize < 7 && largest >= powerOf256(this.linkSize))
      refuse("EINVAL", `the link ${largest} does not fit ${this.linkSize} bytes`)
  }

  /** @internal */
  _encodeLinks(element: LinkElement, into: Uint8Array): void {
    checkNumber("prev", element.prev, 0, POSITION_MAX)
    checkNumber("succ", element.succ, 0, POSITION_MAX)
    this._checkLinks(element.prev > element.succ ? element.prev : element.succ)
    putNumber(into, 0, this.linkSize, element.prev)
    putNumber(into, this.linkSize, this.linkSize, element.succ)
  }

  /** @internal */
  _encode(element: LinkElement, length: number): Uint8Array {
    const bytes = allocate(length)
    this._encodeLinks(element, bytes)
    if (element.data !== undefined) bytes.set(element.data, 2 * this.linkSize)
    return bytes
  }
}

function powerOf256(exponent: number): number {
  let value = 1
  for (let i = 0; i < exponent; i++) value *= 256
  return value
}
