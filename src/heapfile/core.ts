/** The module "heapfile" on Espruino: everything but the converters and the dump tools. */
export { BTreeCoreFile, type BTreeCoreOptions, type BTreeElement } from "./btree-core-file.ts"
export { HeapFile } from "./heap-file.ts"
export { HeapNode } from "./heap-node.ts"
export {
  F_DATA,
  F_INNER,
  F_INNER_RIGHTMOST,
  F_KEY,
  F_LEAF,
  F_LEAF_SET,
  F_LEFT,
  F_RIGHT,
} from "./layout.ts"
export { LinkElement, type Linked, LinkFile } from "./link-file.ts"
export { Node, type NodeOptions } from "./node.ts"
export { NodeList } from "./node-list.ts"
