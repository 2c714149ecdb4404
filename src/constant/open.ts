/** Opening a database: the checks are the original's, in its order, and then those of what a search relies on. */
import { crc32Of } from "../checksum.ts"
import { corrupt, refuse } from "../errors.ts"
import { allocate } from "../platform.ts"
import type { RandomAccessStream } from "../stream/stream.ts"
import { isDevice, probe, readInto } from "./access.ts"
import { compareKeys } from "./key-types.ts"
import {
  APP_VERSION,
  CHECK,
  getUint64,
  HEADER,
  INNER_KEYS,
  ITEMS,
  innerSlots,
  KEY_SIZE,
  LEAF_KEYS,
  leavesOf,
  PAGESIZE,
  SIGNATURE_LENGTH,
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
  if (!source || !source.read) refuse("EINVAL", "no stream or flash device")
  reader._flashAt = -1
  let end: number
  if (isDevice(source)) {
    // Without a range, all of it: the rest is in the extras.
    const place = range === undefined ? undefined : reader._placeOf(source, range)
    reader._flashAt = place === undefined ? 0 : place.start
    end = place === undefined ? source.status().size : place.size
  } else end = (source as RandomAccessStream).size()
  if (end < HEADER || end < reader._bytes.length) corrupt(0, end, `the file ends after ${end} bytes`)
  reader._source = source
  reader._end = end
  try {
    takeHeader(reader, end)
    checkRoot(reader)
  } catch (error) {
    reader.close()
    throw error
  }
}

/** Takes what the header says: the original's checks in its order, as they say less and less of another kind of file and more of damage. */
function takeHeader(reader: AnyReader, end: number): void {
  const bytes = allocate(HEADER)
  const view = new DataView(bytes.buffer)
  const pagesize = reader._pagesize
  const signature = signatureOf(reader._options)
  readInto(reader, 0, bytes, 0, HEADER)
  for (let i = 0; i < SIGNATURE_LENGTH; i++)
    if (bytes[i] !== (i < signature.length ? signature[i] : 0))
      refuse("EFTYPE", "no constant database of this signature")
  expect("version", view.getUint32(VERSION_AT, true), VERSION)
  const version = reader._options.appVersion
  expect("application version", view.getUint32(APP_VERSION, true), version === undefined ? 0 : version)
  if (crc32Of(bytes, 16, HEADER) !== view.getUint32(CHECK, true))
    corrupt(0, CHECK, "the check of the header fails")
  const keySize = reader._key.size
  expect("key size", view.getUint32(KEY_SIZE, true), keySize)
  expect("page size", view.getUint32(PAGESIZE, true), pagesize)
  const items = view.getUint32(ITEMS, true)
  const leaves = leavesOf(items, pagesize, keySize)
  let inner = 0
  for (let pages = leaves; pages > 1; ) {
    pages = Math.ceil(pages / (innerSlots(pagesize, keySize) + 1))
    inner += pages
  }
  const valuesAt = (1 + inner + leaves) * pagesize
  if (getUint64(view, TREE_SIZE) !== valuesAt - pagesize || getUint64(view, VALUES_AT) !== valuesAt)
    corrupt(0, TREE_SIZE, `not the tree of ${items} keys`)
  const length = valuesAt + getUint64(view, VALUES_SIZE)
  if (length > end)
    corrupt(Math.floor(end / pagesize), end % pagesize, `the file ends after ${end} bytes of ${length}`)
  reader._items = items
  reader._firstLeaf = 1 + inner
  reader._end = length
}

function expect(what: string, found: number, expected: number): void {
  if (found !== expected) refuse("EFTYPE", `the ${what} is ${found}, expected ${expected}`)
}

/** The root's keys must ascend: else the reader has another order than the writer had. */
function checkRoot(reader: AnyReader): void {
  if (reader._items === 0) return
  const level = reader._firstLeaf > 1 ? -1 : 0
  const count = openNode(reader, reader._pagesize, level)
  const size = reader._key.size
  const start = reader._pagesize + (level === 0 ? LEAF_KEYS : INNER_KEYS)
  for (let slot = 1; slot < count; slot++) {
    const at = probe(reader, start + (slot - 1) * size, 2 * size)
    const view = reader._region._view
    if (!(compareKeys(reader._key, view, at, view, at + size) < 0))
      refuse("EFTYPE", "the root's keys have another order")
  }
}
