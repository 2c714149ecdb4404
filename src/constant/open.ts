/** Opening a database: the checks are the original's, in its order, and then those of what a search relies on. */
import { crc32 } from "../checksum.ts"
import { corrupt, refuse } from "../errors.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { flashRange, isDevice, peek, probe } from "./access.ts"
import { compareKeys } from "./key-types.ts"
import {
  APP_VERSION,
  CHECK,
  FIRST_LEAF,
  getUint64,
  HEADER,
  INNER_KEYS,
  ITEMS,
  innerSlots,
  KEY_SIZE,
  LEAF_KEYS,
  LEAVES,
  LEVELS,
  leavesOf,
  PAGESIZE,
  SIGNATURE_LENGTH,
  TREE_AT,
  TREE_SIZE,
  VALUES_AT,
  VALUES_SIZE,
  VERSION,
  VERSION_AT,
} from "./layout.ts"
import { signatureOf } from "./options.ts"
import { openNode } from "./search.ts"
import type { AnyReader, FlashRange, Source } from "./types.ts"

/** Opens what is in a stream or in blocks of a device. */
export function openFile(reader: AnyReader, source: Source, range: FlashRange | undefined): void {
  if (!source || typeof source.read !== "function")
    refuse("EINVAL", "neither a stream nor a flash device: read is expected")
  reader._flashAt = -1
  let end: number
  if (isDevice(source)) {
    const place = flashRange(source, range)
    reader._flashAt = place.start
    end = place.size
  } else end = (source as RandomAccessStream).size()
  if (end < HEADER || end < reader._bytes.length)
    corrupt(0, end, `the file ends after ${end} bytes of ${HEADER}: there is no signature`)
  reader._source = source
  reader._end = end
  try {
    checkSignature(reader)
    takeHeader(reader, end)
    checkRoot(reader)
  } catch (error) {
    reader.close()
    throw error
  }
}

/** Checks the first page's fields one after the other, as they say less and less of another kind of file and more of damage. */
function checkSignature(reader: AnyReader): void {
  const view = reader._view
  const signature = signatureOf(reader._options)
  let at = peek(reader, 0, 16)
  for (let i = 0; i < SIGNATURE_LENGTH; i++)
    if (reader._bytes[at + i] !== signature[i])
      refuse(
        "EFTYPE",
        "the signature is not the expected one: no constant database, or one with another signature",
      )
  const check = view.getUint32(at + CHECK, true)
  const version = view.getUint32(at + VERSION_AT, true)
  if (version !== VERSION)
    refuse("EFTYPE", `the version is 0x${version.toString(16)}, expected 0x10000`)
  const expected = reader._options.appVersion === undefined ? 0 : reader._options.appVersion
  at = peek(reader, APP_VERSION, 4)
  const appVersion = view.getUint32(at, true)
  if (appVersion !== expected)
    refuse("EFTYPE", `the application version is ${appVersion}, expected ${expected}`)
  let crc = 0
  for (let position = 16; position < HEADER; position += 16) {
    at = peek(reader, position, 16)
    crc = crc32(reader._bytes, at, at + 16, crc)
  }
  if (crc !== check) corrupt(0, CHECK, "the check of the header is wrong")
}

/** Takes what the header says, once it fits together: everything follows from the number of items. */
function takeHeader(reader: AnyReader, end: number): void {
  const view = reader._view
  const pagesize = reader._pagesize
  const keySize = reader._key.size
  const u32 = (field: number): number => view.getUint32(peek(reader, field, 4), true)
  const u64 = (field: number): number => getUint64(view, peek(reader, field, 8))
  if (u32(KEY_SIZE) !== keySize) refuse("EFTYPE", `the key size is ${u32(KEY_SIZE)}, expected ${keySize}`)
  if (u32(PAGESIZE) !== pagesize) refuse("EFTYPE", `the page size is ${u32(PAGESIZE)}, expected ${pagesize}`)
  const items = u32(ITEMS)
  const leaves = leavesOf(items, pagesize, keySize)
  let levels = 1
  let inner = 0
  for (let pages = leaves; pages > 1; levels++) {
    pages = Math.ceil(pages / (innerSlots(pagesize, keySize) + 1))
    inner += pages
  }
  const expect = (field: number, found: number, expected: number): void => {
    if (found !== expected) corrupt(0, field, `${found} where ${items} keys make ${expected}`)
  }
  expect(TREE_AT, u64(TREE_AT), pagesize)
  expect(TREE_SIZE, u64(TREE_SIZE), (inner + leaves) * pagesize)
  expect(FIRST_LEAF, u64(FIRST_LEAF), inner * pagesize)
  expect(LEVELS, u32(LEVELS), levels)
  expect(LEAVES, u32(LEAVES), leaves)
  const valuesAt = (1 + inner + leaves) * pagesize
  expect(VALUES_AT, u64(VALUES_AT), valuesAt)
  const length = valuesAt + u64(VALUES_SIZE)
  if (length > end)
    corrupt(Math.floor(end / pagesize), end % pagesize, `the file ends after ${end} bytes of ${length}`)
  reader._items = items
  reader._levels = levels
  reader._firstLeaf = 1 + inner
  reader._end = length
}

/** The root's keys must ascend: else the reader has another order than the writer had. */
function checkRoot(reader: AnyReader): void {
  if (reader._items === 0) return
  const level = reader._levels - 1
  const count = openNode(reader, reader._pagesize, level)
  const size = reader._key.size
  const start = reader._pagesize + (level === 0 ? LEAF_KEYS : INNER_KEYS)
  for (let slot = 1; slot < count; slot++) {
    const at = probe(reader, start + (slot - 1) * size, 2 * size)
    const view = reader._region._view
    if (!(compareKeys(reader._key, view, at, view, at + size) < 0))
      refuse(
        "EFTYPE",
        `key ${slot} of the root is not larger than the one before: the order of keys is another one, or the root is damaged`,
      )
  }
}
