/** Reading and writing the stream: a caller's bytes are those of pages, which are read from their records, and gathered for new ones. */
import { refuse } from "../errors.ts"
import { copyBytes } from "../platform.ts"
import { POSITION_MAX } from "../stream/check-arguments.ts"
import { addInterval } from "./intervals.ts"
import { readPage } from "./pages.ts"
import { emitGathered } from "./transaction.ts"
import type { FlashVolume } from "./volume.ts"

/** Moves bytes between a caller's buffer and the stream, page by page; gives how many. Arguments are checked as all streams do it. */
export function transfer(
  volume: FlashVolume,
  buffer: Uint8Array,
  position: number,
  start: number | undefined,
  length: number | undefined,
  writes: boolean,
): number {
  volume._enter(writes)
  const pagesize = volume._pagesize
  const from = start === undefined ? 0 : start
  let count = length === undefined ? buffer.length - from : length
  if (
    !(
      position >= 0 &&
      position <= POSITION_MAX &&
      from >= 0 &&
      count >= 0 &&
      from + count <= buffer.length
    ) ||
    (position % 1) + (from % 1) + (count % 1) !== 0
  )
    refuse("EINVAL", `bytes ${from} to ${from + count} of ${buffer.length} at position ${position}`)
  const most = writes ? volume._pages * pagesize : volume._size
  if (position + count > most) {
    if (writes && count > 0) refuse("ENOSPC", `the volume ends at ${most}, not ${position + count}`)
    count = most - position
  }
  if (count <= 0) return 0
  volume._busy = writes
  for (let done = 0; done < count; ) {
    const page = ((position + done) / pagesize) | 0
    const offset = (position + done) % pagesize
    const part = count - done < pagesize - offset ? count - done : pagesize - offset
    if (writes) {
      if (page !== volume._page || !addInterval(volume._gathered, offset, offset + part)) {
        emitGathered(volume, 0)
        volume._page = page
        addInterval(volume._gathered, offset, offset + part)
      }
      copyBytes(buffer, from + done, volume._bytes, offset, part)
    } else {
      readPage(volume, page, volume._map[page], false)
      copyBytes(volume._bytes, volume._content + offset, buffer, from + done, part)
    }
    done += part
  }
  if (position + count > volume._size) volume._size = position + count
  volume._busy = false
  return count
}
