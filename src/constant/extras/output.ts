/**
 * Where a database is written to: a page at a time, front to back, behind the signature page, which comes last. Until then nothing that opens
 * is there: a stream has zeros for a signature, flash what an erase leaves.
 */
import { refuse } from "../../errors.ts"
import { allocate } from "../../platform.ts"
import type { FlashDevice } from "../../stream/flash-device.ts"
import type { RandomAccessStream } from "../../stream/stream.ts"
import { isDevice } from "../access.ts"
import type { FlashRange, Source } from "../types.ts"
import { flashRange } from "./range.ts"

/** Bytes that are read back at a time. */
const BACK = 64

/** What writing on flash needs to be told where the device does not say it. */
export interface WriteRange extends FlashRange {
  /** Bytes of a program unit (1, 4, 8, 16, 32), where the device does not say it. */
  writeAlign?: number
}

export class Output {
  declare _target: Source
  /** Where the database begins on a flash device; -1 on a stream. */
  declare _start: number
  declare _unit: number
  /** The page under way: `_used` bytes of it are to be written at `_position`. */
  declare _page: Uint8Array
  declare _view: DataView
  declare _used: number
  declare _position: number
  declare _back: Uint8Array

  /**
   * Makes the target ready for `total` bytes: on flash it erases the blocks that they take, the first one first, so that what was there
   * is gone; in a stream the signature page becomes zeros.
   * @throws EINVAL, ENOSPC before anything changes; EROFS, EIO
   */
  constructor(target: Source, range: WriteRange | undefined, pagesize: number, total: number) {
    if (!target || typeof target.write !== "function")
      refuse("EINVAL", "neither a stream nor a flash device: write is expected")
    this._target = target
    this._start = -1
    this._unit = 1
    this._page = allocate(pagesize)
    this._view = new DataView(this._page.buffer as ArrayBuffer)
    this._back = allocate(BACK)
    this._used = 0
    this._position = pagesize
    if (isDevice(target)) openDevice(this, target, range, total)
    else if (target.size() > 0) {
      target.write(this._page, 0, 0, pagesize)
      target.flush()
    }
  }
}

function openDevice(out: Output, device: FlashDevice, range: WriteRange | undefined, total: number): void {
  const status = device.status()
  const place = flashRange(device, range)
  const given = range === undefined || range.writeAlign === undefined ? status.writeAlign : range.writeAlign
  const unit = given === undefined ? 1 : given
  const pagesize = out._page.length
  if ([1, 4, 8, 16, 32].indexOf(unit) < 0)
    refuse("EINVAL", `write alignment ${unit}: 1, 4, 8, 16 or 32 is expected`)
  if (pagesize % unit > 0)
    refuse("EINVAL", `the page size ${pagesize} is no multiple of the write alignment ${unit}`)
  if (status.eraseValue !== undefined && status.eraseValue !== 0xff)
    refuse(
      "EINVAL",
      `erased bytes are 0x${status.eraseValue.toString(16)} on this device: only 0xff is supported`,
    )
  if (total > place.size) refuse("ENOSPC", `the database has ${total} bytes, the blocks ${place.size}`)
  const first = place.start / status.blockLength
  const blocks = Math.ceil(total / status.blockLength)
  for (let block = first; block < first + blocks; block++) device.eraseBlock(block, block + 1)
  out._start = place.start
  out._unit = unit
}

/** Adds `bytes[from, to)` to what is written. Writes whole pages. */
export function append(out: Output, bytes: Uint8Array, from: number, to: number): void {
  const page = out._page
  for (let at = from; at < to; ) {
    let count = page.length - out._used
    if (count > to - at) count = to - at
    page.set(at === 0 && count === bytes.length ? bytes : bytes.subarray(at, at + count), out._used)
    at += count
    out._used += count
    if (out._used === page.length) writePage(out)
  }
}

/** Writes the page under way, or what there is of it, and goes on behind it. */
export function writePage(out: Output): void {
  if (out._used === 0) return
  if (out._start < 0) (out._target as RandomAccessStream).write(out._page, out._position, 0, out._used)
  else program(out, out._position)
  out._position += out._used
  out._used = 0
}

/** Programs the page under way, filled up to whole units with what programs nothing, and reads it back. */
function program(out: Output, position: number): void {
  const device = out._target as FlashDevice
  const page = out._page
  const size = Math.ceil(out._used / out._unit) * out._unit
  page.fill(0xff, out._used, size)
  device.write(size === page.length ? page : page.subarray(0, size), out._start + position)
  for (let done = 0; done < size; done += BACK) {
    const count = size - done < BACK ? size - done : BACK
    const back = count === BACK ? out._back : out._back.subarray(0, count)
    device.read(back, out._start + position + done)
    for (let i = 0; i < count; i++)
      if (back[i] !== page[done + i])
        refuse("EIO", `byte ${position + done + i} of the database does not read back as it was programmed`)
  }
}

/** Writes the signature page, which is the page under way, once everything else is durable. */
export function writeSignature(out: Output): void {
  const end = out._position
  out._position = 0
  out._used = out._page.length
  if (out._start < 0) {
    const stream = out._target as RandomAccessStream
    if (stream.size() > end) stream.setSize(end)
    stream.flush()
    writePage(out)
    stream.flush()
  } else writePage(out)
}
