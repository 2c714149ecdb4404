/** Reading all of a database to say what is damaged: the structure of each page, the digests of tree and values. */
import { allocate } from "../../platform.ts"
import { DIGEST_SIZE, Sha256 } from "../../sha256.ts"
import { readInto } from "../access.ts"
import { compareKeys } from "../key-types.ts"
import {
  BASE,
  CHILDREN,
  COUNT,
  FIRST_LEAF,
  getUint64,
  HEADER,
  INNER_KEYS,
  LEAF_KEYS,
  LEAVES,
  LEVELS,
  TREE_AT,
  TREE_DIGEST,
  VALUES_DIGEST,
} from "../layout.ts"
import type { AnyReader, ConstantFinding, Progress } from "../types.ts"
import { childrenOf, endOfLeaf, type Levels, lastLeafOf, levelsOf, startOf } from "./levels.ts"

/** What is known while the pages go by. */
interface Pass {
  _reader: AnyReader
  _levels: Levels
  _findings: ConstantFinding[]
  _page: Uint8Array
  _view: DataView
  /** A key that was read by itself; the last key of the leaf before. */
  _key: DataView
  _last: DataView
  /** Where the values of the next leaf begin; -1 behind a page that is no leaf. */
  _base: number
}

/**
 * Checks everything that can be: levels, counts, places of children and values, order of keys, separators, the two digests, and that the
 * signature page is zero behind its fields. Gives at most one finding a page besides the digests'; none for a sound database. Reads
 * everything once, and the last key of each leaf once more. Allocates a page and 500 bytes for the time. `progress` is told bytes; when it
 * gives false, what was found so far is the result.
 * @throws EIO, ENOMEM, ECLOSED
 */
export function verify(this: AnyReader, progress?: Progress): ConstantFinding[] {
  this._check()
  const size = this._key.size
  const page = allocate(this._pagesize)
  const pass: Pass = {
    _reader: this,
    _levels: levelsOf(this._items, this._pagesize, size),
    _findings: [],
    _page: page,
    _view: new DataView(page.buffer),
    _key: new DataView(allocate(size).buffer),
    _last: new DataView(allocate(size).buffer),
    _base: 0,
  }
  const findings = pass._findings
  readInto(this, 0, page, 0, this._pagesize)
  const digests = allocate(2 * DIGEST_SIZE)
  digests.set(page.subarray(TREE_DIGEST, TREE_DIGEST + DIGEST_SIZE))
  digests.set(page.subarray(VALUES_DIGEST, VALUES_DIGEST + DIGEST_SIZE), DIGEST_SIZE)
  for (let i = HEADER; i < page.length && findings.length === 0; i++)
    if (page[i] !== 0) find(pass, 0, i, `${page[i]} behind the fields of the signature page, expected 0`)
  checkHeader(pass)
  if (!checkTree(pass, digests, progress)) return findings
  const valueBytes = this._end - this._valuesAt()
  if (pass._base >= 0 && pass._base !== valueBytes && this._items > 0)
    find(
      pass,
      this._valuesAt() / this._pagesize - 1,
      BASE,
      `the leaves' values end at ${pass._base} of ${valueBytes}`,
    )
  const hash = new Sha256()
  for (let position = this._valuesAt(); position < this._end; position += page.length) {
    const count = this._end - position < page.length ? this._end - position : page.length
    readInto(this, position, page, 0, count)
    hash.update(page, 0, count)
    if (progress !== undefined && progress(position + count, this._end) === false) return findings
  }
  if (!isDigest(hash, digests, DIGEST_SIZE))
    find(pass, 0, VALUES_DIGEST, "the digest of the values is another one: a value is damaged")
  return findings
}

/** The fields that a reader does not need, since they follow from the number of keys. */
function checkHeader(pass: Pass): void {
  const levels = pass._levels
  const view = pass._view
  const fields: [number, number, number][] = [
    [TREE_AT, getUint64(view, TREE_AT), levels._pagesize],
    [FIRST_LEAF, getUint64(view, FIRST_LEAF), (levels._pages - levels._counts[0]) * levels._pagesize],
    [LEVELS, view.getUint32(LEVELS, true), levels._counts.length],
    [LEAVES, view.getUint32(LEAVES, true), levels._counts[0]],
  ]
  for (let i = 0; i < fields.length; i++)
    if (fields[i][1] !== fields[i][2])
      find(pass, 0, fields[i][0], `${fields[i][1]} in the header, where the keys make ${fields[i][2]}`)
}

/** Goes through the pages of the tree; false when `progress` ended it. */
function checkTree(pass: Pass, digests: Uint8Array, progress: Progress | undefined): boolean {
  const reader = pass._reader
  const levels = pass._levels
  const page = pass._page
  const hash = new Sha256()
  let pgno = 1
  for (let level = levels._counts.length - 1; level >= 0; level--) {
    for (let node = 0; node < levels._counts[level]; node++, pgno++) {
      readInto(reader, pgno * page.length, page, 0, page.length)
      hash.update(page, 0, page.length)
      const count =
        level === 0 ? endOfLeaf(levels, node) - node * levels._leafSlots : childrenOf(levels, level, node) - 1
      const view = pass._view
      const base = pass._base
      if (level === 0) pass._base = -1
      if (view.getUint16(0, true) !== level)
        find(pass, pgno, 0, `a node of level ${view.getUint16(0, true)}, expected level ${level}`)
      else if (view.getUint16(COUNT, true) !== count)
        find(pass, pgno, COUNT, `${view.getUint16(COUNT, true)} slots, expected ${count}`)
      else if (level === 0) checkLeaf(pass, pgno, node, count, base)
      else checkInner(pass, pgno, level, node, count)
      if (progress !== undefined && progress((pgno + 1) * page.length, reader._end) === false) return false
    }
  }
  if (!isDigest(hash, digests, 0))
    find(pass, 0, TREE_DIGEST, "the digest of the tree is another one: a page is damaged")
  return true
}

/** Tells whether an inner node is sound. */
function checkInner(pass: Pass, pgno: number, level: number, node: number, count: number): boolean {
  const levels = pass._levels
  const reader = pass._reader
  const size = levels._keySize
  const view = pass._view
  const first = node * (levels._innerSlots + 1)
  const children = (startOf(levels, level - 1) + first) * levels._pagesize
  if (view.getUint32(CHILDREN, true) !== children)
    return find(
      pass,
      pgno,
      CHILDREN,
      `the children begin at ${view.getUint32(CHILDREN, true)}, expected ${children}`,
    )
  for (let slot = 0; slot < count; slot++) {
    const at = INNER_KEYS + slot * size
    const leaf = lastLeafOf(levels, level - 1, first + slot)
    const last = endOfLeaf(levels, leaf) - leaf * levels._leafSlots - 1
    const bytes = new Uint8Array(pass._key.buffer)
    readInto(reader, (reader._firstLeaf + leaf) * levels._pagesize + LEAF_KEYS + last * size, bytes, 0, size)
    if (compareKeys(reader._key, view, at, pass._key, 0) !== 0)
      return find(
        pass,
        pgno,
        at,
        `key ${slot} is not the highest one below it, in page ${reader._firstLeaf + leaf}`,
      )
    if (slot > 0 && !(compareKeys(reader._key, view, at - size, view, at) < 0))
      return find(pass, pgno, at, `key ${slot} is not larger than the one before`)
  }
  return true
}

/** Tells whether a leaf is sound. */
function checkLeaf(pass: Pass, pgno: number, leaf: number, count: number, expected: number): boolean {
  const key = pass._reader._key
  const levels = pass._levels
  const size = levels._keySize
  const view = pass._view
  const offsets = LEAF_KEYS + size * levels._leafSlots
  const base = getUint64(view, BASE)
  pass._base = base + view.getUint32(offsets + 4 * count, true)
  let problem = -1
  for (let slot = 0; slot < count && problem < 0; slot++) {
    const at = LEAF_KEYS + slot * size
    const isFirst = slot === 0
    if (isFirst && leaf === 0) continue
    const before = isFirst
      ? compareKeys(key, pass._last, 0, view, at)
      : compareKeys(key, view, at - size, view, at)
    if (!(before < 0)) problem = slot
  }
  const lastAt = LEAF_KEYS + (count - 1) * size
  for (let i = 0; i < size; i++) pass._last.setUint8(i, view.getUint8(lastAt + i))
  if (problem >= 0)
    return find(pass, pgno, LEAF_KEYS + problem * size, `key ${problem} is not larger than the one before`)
  if (expected >= 0 && base !== expected)
    return find(pass, pgno, BASE, `the values begin at ${base}, expected ${expected}`)
  if (view.getUint32(offsets, true) !== 0)
    return find(pass, pgno, offsets, "the first value does not begin where the leaf's do")
  for (let slot = 0; slot < count; slot++) {
    const at = offsets + 4 * slot
    if (view.getUint32(at, true) > view.getUint32(at + 4, true))
      return find(pass, pgno, at, `value ${slot} ends before it begins`)
  }
  return true
}

/** Adds a finding; gives false, for the checks to end with. */
function find(pass: Pass, page: number, offset: number, message: string): boolean {
  pass._findings.push({ code: "ECORRUPT", page: page, offset: offset, message: message })
  return false
}

function isDigest(hash: Sha256, digests: Uint8Array, start: number): boolean {
  const digest = hash.digest()
  for (let i = 0; i < DIGEST_SIZE; i++) if (digest[i] !== digests[start + i]) return false
  return true
}
