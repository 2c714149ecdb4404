/** How many pages there can be: of a file, of a value. */
import { HEADER } from "./layout.ts"
import type { AppendTree } from "./tree.ts"

/** Gives the number that all pages which may be referred to are below. */
export function pageLimit(tree: AppendTree): number {
  return tree._writer !== null ? tree._writer._next : tree._pages
}

/** Gives the overflow pages that a value of `size` bytes takes. */
export function chainLength(tree: AppendTree, size: number): number {
  return Math.ceil(size / (tree._pagesize - HEADER))
}
