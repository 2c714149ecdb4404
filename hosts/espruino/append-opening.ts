/**
 * What of "append" is seldom needed is the module "append-opening", asked for at each call and dropped again, as in open-volume.ts: opening,
 * taking over what another handle has committed, taking back what could not be written, and giving a page that would stay empty an item of its neighbour's.
 */
import type { AppendTree, OpenOptions, Transaction } from "../../src/append/index.ts"
import type { Frame } from "../../src/page/pool.ts"
import type { RandomAccessStream } from "../../src/stream/stream.ts"

/** The module "append" itself. */
declare const exports: object
declare const Modules: { removeCached(name: string): void }

const OPENING = "append-opening"

function opening() {
  const part = require(OPENING)(exports)
  Modules.removeCached(OPENING)
  return part
}

export function openTree(tree: AppendTree, stream: RandomAccessStream, options?: OpenOptions): AppendTree {
  return opening().openTree(tree, stream, options)
}

export function takeNewer(tree: AppendTree, size: number): void {
  opening().takeNewer(tree, size)
}

export function cutBack(tree: AppendTree, isFailed: boolean): void {
  opening().cutBack(tree, isFailed)
}

export function giveUp(tree: AppendTree, cause: unknown): never {
  return opening().giveUp(tree, cause) as never
}

export function revertCommit(tree: AppendTree): void {
  opening().revertCommit(tree)
}

export function borrowItem(
  tree: AppendTree,
  txn: Transaction,
  level: number,
  poor: Frame,
  donor: Frame,
  from: number,
): void {
  opening().borrowItem(tree, txn, level, poor, donor, from)
}
