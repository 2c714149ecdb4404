/**
 * btree.open() on Espruino, and what rollback() and clear() begin anew with: the module "btree-opening", asked for here and dropped again. Its
 * functions take variables only while they run.
 */
import type { BTree, OpenOptions } from "../../src/btree/index.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"

/** The module "btree" itself. */
declare const exports: object
declare const Modules: { removeCached(name: string): void }

const OPENING = "btree-opening"

function opening() {
  const given = require(OPENING)(exports)
  Modules.removeCached(OPENING)
  return given
}

export function open(stream: RandomAccessStream, options?: OpenOptions): BTree {
  return opening().open(stream, options)
}

export function load(tree: BTree, size: number): void {
  opening().load(tree, size)
}
