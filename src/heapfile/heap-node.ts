import { refuse } from "../errors.ts"

/** A node of a heap file as it was when it was read or made; the file itself has no list of its nodes. */
export class HeapNode {
  /** Byte of the file where its header begins. */
  declare id: number
  /** Bytes of its data area. */
  declare aloc: number
  /** Bytes in use; 0 means that it is free. */
  declare used: number
  /** Id of the node before it, where a walk told: free() gives it what is freed, if it is free itself. */
  declare prev: number | undefined
  /** Id of the node after it, or the end of the file, where a walk told. */
  declare succ: number | undefined

  constructor(id: number, aloc: number, used: number, prev?: number) {
    this.id = id
    this.aloc = aloc
    this.used = used
    this.prev = prev
    this.succ = undefined
  }
}

/** @throws EINVAL what is no node */
export function checkNode(node: HeapNode): void {
  if (!(node instanceof HeapNode))
    refuse("EINVAL", "not a node of a heap: readNode, readNext and alloc give one")
}

/** Throws ESTALE. */
export function refuseStale(id: number): never {
  refuse("ESTALE", `node ${id} is not what it was when it was read: read it again`)
}
