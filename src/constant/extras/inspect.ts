/** What a file says of itself, for tools that meet one they know nothing of. */
import { crc32 } from "../../checksum.ts"
import { corrupt, refuse } from "../../errors.ts"
import { allocate } from "../../platform.ts"
import type { FlashDevice } from "../../stream/flash-device.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import { isDevice } from "../access.ts"
import {
  APP_VERSION,
  CHECK,
  getUint64,
  HEADER,
  ITEMS,
  KEY_SIZE,
  LEAVES,
  LEVELS,
  PAGESIZE,
  SIGNATURE_LENGTH,
  TREE_SIZE,
  VALUES_SIZE,
  VERSION,
  VERSION_AT,
} from "../layout.ts"
import type { FlashRange, Source } from "../types.ts"
import { flashRange } from "./range.ts"

/** The fields of a signature page. Sizes in bytes. */
export interface ConstantHeader {
  /** The text before the first zero, a char code a byte. */
  signature: string
  appVersion: number
  items: number
  keySize: number
  pagesize: number
  levels: number
  leaves: number
  treeSize: number
  valuesSize: number
}

/** Reads the 144 bytes of a signature page, whatever signature it has. @throws EFTYPE another version or format; ECORRUPT its check is wrong; EIO */
export function inspect(source: Source, range?: FlashRange): ConstantHeader {
  const page = allocate(HEADER)
  const view = new DataView(page.buffer)
  let count: number
  if (isDevice(source)) count = (source as FlashDevice).read(page, flashRange(source, range).start)
  else {
    const stream = source as RandomAccessStream
    if (stream.size() < HEADER)
      refuse("EFTYPE", `${stream.size()} bytes, no constant database: its header has ${HEADER}`)
    count = stream.read(page, 0)
  }
  if (count < HEADER) refuse("EIO", `read ${count} of ${HEADER} bytes`)
  if (view.getUint32(VERSION_AT, true) !== VERSION)
    refuse("EFTYPE", "no constant database: its version is missing")
  if (view.getUint32(CHECK, true) !== crc32(page, 16, HEADER, 0))
    corrupt(0, CHECK, "the check of the header fails")
  let signature = ""
  for (let i = 0; i < SIGNATURE_LENGTH && page[i] !== 0; i++) signature += String.fromCharCode(page[i])
  return {
    signature: signature,
    appVersion: view.getUint32(APP_VERSION, true),
    items: view.getUint32(ITEMS, true),
    keySize: view.getUint32(KEY_SIZE, true),
    pagesize: view.getUint32(PAGESIZE, true),
    levels: view.getUint32(LEVELS, true),
    leaves: view.getUint32(LEAVES, true),
    treeSize: getUint64(view, TREE_SIZE),
    valuesSize: getUint64(view, VALUES_SIZE),
  }
}
