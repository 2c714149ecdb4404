/** Node lists in the elements of a heap: what a B-tree is made of. Searching, splitting and balancing are the caller's. */
import { isFlashtreeError, refuse } from "../errors.ts"
import type { Converter } from "./converters.ts"
import { checkNumber } from "./fields.ts"
import type { HeapFile } from "./heap-file.ts"
import type { HeapNode } from "./heap-node.ts"
import { ALOC_MAX, HEADER, ITEM_MAX, LINK, NODES_MAX } from "./layout.ts"
import { type LinkElement, LinkFile } from "./link-file.ts"
import { NodeList } from "./node-list.ts"

export interface BTreeCoreOptions {
  /** Nodes that a new list has room for: 16, up to 255. */
  keysPerNode?: number
  /** Bytes that room is made for in each key, and in each data: 32, up to 4095. */
  keySize?: number
  dataSize?: number
  /** Bytes of the links between elements, 1 to 8; those inside lists always have 8. */
  linkSize?: number
}

/** A node list, its element, and the heap node that both are in. */
export interface BTreeElement {
  node: HeapNode
  element: LinkElement
  list: NodeList
}

export class BTreeCoreFile {
  declare readonly heap: HeapFile
  /** The elements: insertElement and removeElement link lists with one another. */
  declare readonly links: LinkFile
  /** Bytes that the node of a new list has: room for so many full nodes, leaves or inner ones, the link of the parent, and two links. */
  declare readonly listSize: number

  /** Reads nothing. @throws EINVAL */
  constructor(heap: HeapFile, options?: BTreeCoreOptions) {
    const given: BTreeCoreOptions = options === undefined ? {} : options
    const keys = given.keysPerNode === undefined ? 16 : given.keysPerNode
    const keySize = given.keySize === undefined ? 32 : given.keySize
    const dataSize = given.dataSize === undefined ? 32 : given.dataSize
    checkNumber("keysPerNode", keys, 1, NODES_MAX)
    checkNumber("keySize", keySize, 0, ITEM_MAX)
    checkNumber("dataSize", dataSize, 0, ITEM_MAX)
    this.heap = heap
    this.links = new LinkFile(heap, given.linkSize)
    const leaf = 4 + keySize + dataSize
    const inner = 3 + keySize + 2 * LINK
    this.listSize = keys * (leaf > inner ? leaf : inner) + LINK + 2 * this.links.linkSize
  }

  /**
   * Makes an empty list that is linked to nothing, in a node of `size` bytes (listSize). What alloc() costs, and 16 bytes written.
   * @throws what LinkFile.insertElement() does
   */
  createEmptyList(size?: number): BTreeElement {
    const room = size === undefined ? this.listSize : size
    checkNumber("size", room, 2 * this.links.linkSize, ALOC_MAX)
    const made = this.links.insertElement(undefined, room)
    return { node: made.node, element: made.element, list: new NodeList() }
  }

  /**
   * Gives the list at `link`, undefined at and past the end of the file. Three reads. The converters make keys and data of bytes.
   * @throws EINVAL less than 17; ECORRUPT no element, or no list, is there
   */
  readList(link: number, convertKey?: Converter, convertData?: Converter): BTreeElement | undefined {
    const found = this.links.readElement(link)
    if (found === undefined) return undefined
    const data = found.element.data
    try {
      const list = data === undefined ? new NodeList() : NodeList.fromBytes(data, convertKey, convertData)
      return { node: found.node, element: found.element, list: list }
    } catch (error) {
      if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
      const offset = HEADER + 2 * this.links.linkSize + (error.offset === undefined ? 0 : error.offset)
      refuse("ECORRUPT", `node ${found.node.id}, offset ${offset}: ${error.message}`, found.node.id, offset)
    }
  }

  /** Writes the list and its links; `element.data` becomes its bytes. Two writes. @throws EINVAL it does not fit its node; ESTALE, EROFS, EIO */
  writeList(element: BTreeElement, convertKey?: Converter, convertData?: Converter): void {
    element.element.data = element.list.toBytes(convertKey, convertData)
    this.links.writeElement(element.node, element.element)
  }
}
