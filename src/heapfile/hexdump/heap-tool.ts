/** What pyheapfile's dump tool prints: one node of a heap. */
import { refuse } from "../../errors.ts"
import type { HeapFile } from "../heap-file.ts"
import type { HeapNode } from "../heap-node.ts"
import type { HexdumpOptions } from "./arguments.ts"
import type { Output } from "./hexdump.ts"
import { printData } from "./text.ts"

/** Prints the node that `start` and -r say. @throws EINVAL there is none; ECORRUPT */
export function dumpHeapNode(heap: HeapFile, start: number, options: HexdumpOptions, output: Output): void {
  const first = heap.readNode(start)
  const node =
    options.relative < 0
      ? nodeFromEnd(heap, first, options, output)
      : nodeForward(heap, first, options.relative)
  if (node === undefined) refuse("EINVAL", "no node is there: it is the end of the heap")
  output.text += `aloc / used : 0x${node.aloc.toString(16)} / 0x${node.used.toString(16)} : ${node.aloc} / ${node.used}\n`
  if (options.headerOnly) return
  const data = heap.readNodeContent(node)
  if (data === undefined) refuse("EINVAL", `node ${node.id} is free: it has no data`)
  printData(data, node.id, options, output)
}

/** Behind the end comes the first node again; all rounds but the last are left out. */
function nodeForward(heap: HeapFile, first: HeapNode | undefined, steps: number): HeapNode | undefined {
  let node = first
  let ends = 0
  let sinceEnd = 0
  for (let left = steps; left > 0; ) {
    node = heap.readNext(node)
    left--
    sinceEnd++
    if (node !== undefined) continue
    // From one end to the next is a round.
    if (++ends > 1) left %= sinceEnd
    sinceEnd = 0
  }
  return node
}

/** Counts from the position of `first`, or from 0; what is below zero counts from the end. */
function nodeFromEnd(
  heap: HeapFile,
  first: HeapNode | undefined,
  options: HexdumpOptions,
  output: Output,
): HeapNode | undefined {
  const ids: number[] = []
  let position = 0
  let node = heap.readNode(0)
  while (node !== undefined) {
    ids.push(node.id)
    if (first !== undefined && node.id < first.id) position++
    node = heap.readNext(node)
  }
  const index = position + options.relative
  const wrapped = index < 0 ? index + ids.length : index
  if (wrapped < 0 || wrapped >= ids.length)
    refuse("EINVAL", `-r ${options.relative}: the heap has ${ids.length} nodes`)
  if (options.verbose) output.text += `total number of nodes in heap ${ids.length}\n`
  return heap.readNode(ids[wrapped])
}
