/** A list of nodes as it lies in one element: the link of the parent, then the nodes. Nothing of it is in a file until it is written. */
import { refuse } from "../errors.ts"
import { allocate } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import type { Converter } from "./converters.ts"
import { checkNumber, getNumber, putNumber } from "./fields.ts"
import { F_LEAF, LINK, NODES_MAX } from "./layout.ts"
import { compareKeys, type Item, Node } from "./node.ts"

/** Up to 255 nodes. insert() keeps them in the order of their keys; whoever changes `nodes` otherwise may sort() them. */
export class NodeList {
  /** Link of the list above, 0 for none. */
  declare parent: number
  declare nodes: Node[]

  /** An empty list. @throws EINVAL */
  constructor(parent?: number) {
    this.parent = parent === undefined ? 0 : parent
    checkNumber("parent", this.parent, 0, POSITION_MAX)
    this.nodes = []
  }

  get length(): number {
    return this.nodes.length
  }

  /** Puts a node where its key belongs, behind those of the same key; gives its index. @throws EINVAL there are 255 already */
  insert(node: Node): number {
    if (!(node instanceof Node)) refuse("EINVAL", "not a Node")
    this._checkRoom(1)
    let index = this.nodes.length
    while (index > 0 && compareKeys(this.nodes[index - 1].key, node.key) > 0) index--
    this.nodes.splice(index, 0, node)
    return index
  }

  /** Puts the nodes in the order of their keys; those of one key stay as they are. */
  sort(): void {
    const nodes = this.nodes
    for (let i = 1; i < nodes.length; i++) {
      const node = nodes[i]
      let at = i
      for (; at > 0 && compareKeys(nodes[at - 1].key, node.key) > 0; at--) nodes[at] = nodes[at - 1]
      nodes[at] = node
    }
  }

  /** Takes out the node at `index`, the last one when left out, and gives it. @throws EINVAL */
  pop(index?: number): Node {
    const at = index === undefined ? this.nodes.length - 1 : index
    this._checkIndex(at)
    return this.nodes.splice(at, 1)[0]
  }

  /** Adds the nodes of another list behind these. @throws EINVAL more than 255 */
  join(other: NodeList): void {
    this._checkRoom(other.nodes.length)
    // A list can be joined to itself, so the number is that before.
    for (let i = 0, count = other.nodes.length; i < count; i++) this.nodes.push(other.nodes[i])
  }

  /** Gives a list of the same parent with the nodes [start, end), the same objects. */
  sliced(start?: number, end?: number): NodeList {
    const list = new NodeList(this.parent)
    list.nodes = this.nodes.slice(start, end)
    return list
  }

  /** Leaves the nodes before `index` here, and gives a list of the same parent with the others. @throws EINVAL */
  splitAt(index: number): NodeList {
    checkNumber("index", index, 0, this.nodes.length)
    const list = new NodeList(this.parent)
    list.nodes = this.nodes.splice(index, this.nodes.length - index)
    return list
  }

  /** Takes out `node`, or the first one that equals it. @throws EINVAL there is none */
  remove(node: Node): void {
    const index = this.indexOf(node)
    if (index < 0) refuse("EINVAL", "the node is not in the list")
    this.nodes.splice(index, 1)
  }

  /** Takes out the first node with `key`, and gives it. @throws EINVAL there is none */
  removeKey(key: Item): Node {
    const index = this.findKey(key)
    if (index < 0) refuse("EINVAL", "the key is not in the list")
    return this.nodes.splice(index, 1)[0]
  }

  /** Gives the index of the first node with `key`, -1 when there is none. Looks at each in turn. */
  findKey(key: Item): number {
    for (let i = 0; i < this.nodes.length; i++) {
      if (this.nodes[i].key !== undefined && compareKeys(this.nodes[i].key, key) === 0) return i
    }
    return -1
  }

  /** Tells whether a leaf has `key`. */
  has(key: Item): boolean {
    for (let i = 0; i < this.nodes.length; i++) {
      const node = this.nodes[i]
      if (node.flags & F_LEAF && node.key !== undefined && compareKeys(node.key, key) === 0) return true
    }
    return false
  }

  /** Gives the index of `node`, or of the first one that equals it; -1 when there is none. */
  indexOf(node: Node): number {
    const index = this.nodes.indexOf(node)
    if (index >= 0) return index
    for (let i = 0; i < this.nodes.length; i++) if (this.nodes[i].equals(node)) return i
    return -1
  }

  /** Gives the keys of the leaves. */
  keys(): Item[] {
    return this.nodes.filter(isLeaf).map((node) => node.key)
  }

  /** Gives the data of the leaves. */
  values(): Item[] {
    return this.nodes.filter(isLeaf).map((node) => node.data)
  }

  /** Takes out all nodes; the parent stays. */
  clear(): void {
    this.nodes = []
  }

  /** Tells whether parent and nodes are the same. */
  equals(other: NodeList): boolean {
    if (this.parent !== other.parent || this.nodes.length !== other.nodes.length) return false
    for (let i = 0; i < this.nodes.length; i++) if (!this.nodes[i].equals(other.nodes[i])) return false
    return true
  }

  /** Gives the bytes of the list. @throws EINVAL more than 255 nodes, and what Node.toBytes() throws */
  toBytes(convertKey?: Converter, convertData?: Converter): Uint8Array {
    this._checkRoom(0)
    checkNumber("parent", this.parent, 0, POSITION_MAX)
    const parts: Uint8Array[] = []
    let size = LINK
    for (let i = 0; i < this.nodes.length; i++) {
      const part = this.nodes[i].toBytes(convertKey, convertData)
      parts.push(part)
      size += part.length
    }
    const bytes = allocate(size)
    putNumber(bytes, 0, LINK, this.parent)
    let at = LINK
    for (let i = 0; i < parts.length; i++) {
      bytes.set(parts[i], at)
      at += parts[i].length
    }
    return bytes
  }

  /** Gives the list that `bytes` are; no bytes are an empty list. @throws ECORRUPT */
  static fromBytes(bytes: Uint8Array, convertKey?: Converter, convertData?: Converter): NodeList {
    const list = new NodeList()
    if (bytes.length === 0) return list
    const parent = bytes.length < LINK ? -1 : getNumber(bytes, 0, LINK)
    if (parent < 0)
      refuse("ECORRUPT", `no link of a parent in the first of ${bytes.length} bytes of a node list`, 0, 0)
    list.parent = parent
    for (let at = LINK; at < bytes.length; ) {
      if (list.nodes.length === NODES_MAX)
        refuse("ECORRUPT", `a node list goes on after ${NODES_MAX} nodes, at byte ${at}`, 0, at)
      const found = Node.fromBytes(bytes, at, convertKey, convertData)
      list.nodes.push(found.node)
      at = found.next
    }
    return list
  }

  /** @internal */
  _checkRoom(more: number): void {
    if (this.nodes.length + more > NODES_MAX)
      refuse("EINVAL", `${this.nodes.length + more} nodes are too many for a list: ${NODES_MAX} fit`)
  }

  /** @internal */
  _checkIndex(index: number): void {
    if (!(index >= 0 && index < this.nodes.length && index % 1 === 0))
      refuse("EINVAL", `no node ${index} in a list of ${this.nodes.length}`)
  }
}

function isLeaf(node: Node): boolean {
  return (node.flags & F_LEAF) > 0
}
