/** Where the nodes of a heap go: the first free one that fits, or the end of the file. */
import { allocate } from "../platform.ts"
import { getNumber } from "./fields.ts"
import type { HeapFile } from "./heap-file.ts"
import { HeapNode } from "./heap-node.ts"
import { ALOC, END_MARK, HEADER, MAGIC } from "./layout.ts"

/** Bytes copied at a time when a node moves. */
const PIECE = 512

/** Finds room for `length` bytes, not before byte `from`, writes header and data, and gives the node. */
export function place(
  heap: HeapFile,
  length: number,
  used: number,
  data: Uint8Array | undefined,
  exact: boolean,
  from: number,
): HeapNode {
  heap._begin()
  const id = find(heap, length, exact, from)
  if (id === heap.stream.size()) return append(heap, id, length, used, data)
  const node = new HeapNode(id, heap._aloc, used, heap._foundPrev < 0 ? undefined : heap._foundPrev)
  if (data !== undefined) heap._write(data, id + HEADER)
  heap._writeHeader(node, MAGIC)
  return node
}

/** Gives the first free node that fits, whose header is then the one read last, or the end of the file. */
function find(heap: HeapFile, length: number, exact: boolean, from: number): number {
  let id = heap._scanFrom
  let prev = heap._scanPrev
  let meetsNone = true
  while (heap._load(id, false)) {
    // A node of no bytes is free for ever.
    const isFree = heap._used === 0 && heap._aloc > 0
    if (isFree && id >= from && (exact ? heap._aloc === length : heap._aloc >= length)) break
    if (isFree) meetsNone = false
    prev = id
    id += HEADER + heap._aloc
    if (!meetsNone) continue
    heap._scanFrom = id
    heap._scanPrev = prev
  }
  heap._foundPrev = prev
  return id
}

/** The magic is written last, whole or torn: until it is there nothing at the end looks like a node. */
function append(
  heap: HeapFile,
  end: number,
  length: number,
  used: number,
  data: Uint8Array | undefined,
): HeapNode {
  const node = new HeapNode(end, length, used)
  try {
    if (data === undefined || data.length < length) {
      heap._header[0] = used < length ? END_MARK : 0
      heap._write(heap._header, end + HEADER + length - 1, 1)
    }
    if (data !== undefined) heap._write(data, end + HEADER)
    heap._encodeHeader(node, MAGIC)
    heap._write(heap._header, end + ALOC, HEADER - ALOC, ALOC)
    heap._write(heap._header, end, ALOC)
  } catch (error) {
    try {
      heap.stream.setSize(end)
      heap._failed = false
    } catch {
      heap._failed = true
    }
    throw error
  }
  return node
}

/** Copies what is in use of one node into another; where that fails the other is given back, if it can be, for the first has everything. */
export function copyContent(heap: HeapFile, from: HeapNode, to: HeapNode): void {
  const piece = allocate(from.used < PIECE ? from.used : PIECE)
  try {
    for (let at = 0; at < from.used; at += piece.length) {
      const count = from.used - at < piece.length ? from.used - at : piece.length
      heap.stream.read(piece, from.id + HEADER + at, 0, count)
      heap._write(piece, to.id + HEADER + at, count)
    }
  } catch (error) {
    heap._failed = false
    try {
      heap.free(to)
    } catch {
      heap._failed = true
    }
    throw error
  }
}

/** Gives the node before `node`, if it is known, still there, and free. */
export function freeBefore(heap: HeapFile, node: HeapNode): HeapNode | undefined {
  const id = node.prev
  if (id === undefined || !(id >= 0 && id + HEADER <= node.id)) return undefined
  // A node that has been taken in since is none any more; whatever is there now decides by its length.
  heap.stream.read(heap._header, id)
  if (getNumber(heap._header, 0, 4) !== MAGIC || !heap._load(id, false)) return undefined
  if (heap._used > 0 || id + HEADER + heap._aloc !== node.id) return undefined
  return new HeapNode(id, heap._aloc, 0)
}
