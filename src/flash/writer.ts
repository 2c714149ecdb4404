/** Programming records at the head of the log. A record is built in the work buffer, checked, programmed once and read back. */
import { copyBytes } from "../platform.ts"
import {
  alignUp,
  CHECK_SIZE,
  CONTROL,
  CONTROL_RECORD_HEAD,
  FLAGS_MARK,
  PAGE_RECORD_HEAD,
  RECORD_LINK,
  RECORD_PAGE,
  RECORD_SIZE,
  ZERO_RUN_MIN,
} from "./layout.ts"
import { addToCheck, checkSeed, FAILING, noteMark, openBlock, readsBack } from "./ring.ts"
import type { FlashVolume } from "./volume.ts"

/** Where a page's content stands in the work buffer before it is made an image: room for the record's and the first range's head. */
export const IMAGE_OFFSET = 16

/**
 * Programs the record whose body is in the work buffer from `head` to `end`, and gives its position. One program call and one read;
 * a block that does not read back right is not written to any more and the record goes to another one. ENOSPC.
 */
export function programRecord(
  volume: FlashVolume,
  flags: number,
  page: number,
  link: number,
  end: number,
): number {
  const work = volume._work
  const isControl = (flags & CONTROL) === CONTROL
  const bodySize = end - (isControl ? CONTROL_RECORD_HEAD : PAGE_RECORD_HEAD)
  work[0] = FLAGS_MARK | flags
  work[RECORD_SIZE] = bodySize & 0xff
  work[RECORD_SIZE + 1] = bodySize >> 8
  work[RECORD_PAGE] = page & 0xff
  work[RECORD_PAGE + 1] = page >> 8
  if (!isControl) {
    work[RECORD_LINK] = link & 0xff
    work[RECORD_LINK + 1] = (link >> 8) & 0xff
    work[RECORD_LINK + 2] = link >> 16
  }
  const total = alignUp(end + CHECK_SIZE, volume._align)
  for (;;) {
    if (volume._sealed || volume._head < 0 || volume._at + total > volume._blockLength) openBlock(volume)
    const position = volume._head * volume._blockLength + volume._at
    const check = addToCheck(volume, work, 0, end, checkSeed(volume, position))
    for (let i = 0; i < CHECK_SIZE; i++) work[end + i] = (check >>> (8 * i)) & 0xff
    work.fill(0xff, end + CHECK_SIZE, total)
    volume._device.write(work.subarray(0, total), volume._base + position)
    if (readsBack(volume, position, work, total)) {
      volume._at += total
      noteMark(volume)
      return position
    }
    volume._states[volume._head] = FAILING
    volume._sealed = true
    volume._checkpointDue = true
  }
}

/** Puts a number of one or two bytes at `at` of the work buffer and gives the offset after it. */
export function putNumber(work: Uint8Array, at: number, value: number): number {
  if (value < 0x80) {
    work[at] = value
    return at + 1
  }
  work[at] = 0x80 | (value & 0x7f)
  work[at + 1] = value >> 7
  return at + 2
}

/** Builds a delta's body from the gathered ranges; gives its end in the work buffer. */
export function buildDelta(volume: FlashVolume): number {
  const pairs = volume._ranges.pairs
  const top = volume._ranges.count * 2
  let end = PAGE_RECORD_HEAD
  let last = 0
  for (let i = 0; i < top; i += 2) {
    const length = pairs[i + 1] - pairs[i]
    end = putNumber(volume._work, end, pairs[i] - last)
    end = putNumber(volume._work, end, length - 1)
    copyBytes(volume._gathered, pairs[i], volume._work, end, length)
    end += length
    last = pairs[i + 1]
  }
  return end
}

/**
 * Builds an image's body from the page at IMAGE_OFFSET of the work buffer, in place, leaving out runs of zeros; gives its end. What is
 * written never overtakes what is read: a run left out is longer than a range's head.
 */
export function buildImage(volume: FlashVolume): number {
  const work = volume._work
  const size = volume.pagesize
  let end = PAGE_RECORD_HEAD
  let last = 0
  let at = 0
  for (;;) {
    while (at < size && work[IMAGE_OFFSET + at] === 0) at++
    if (at === size) return end
    const start = at
    let past = at
    let zeros = 0
    while (at < size && zeros < ZERO_RUN_MIN) {
      if (work[IMAGE_OFFSET + at] === 0) zeros++
      else {
        zeros = 0
        past = at + 1
      }
      at++
    }
    end = putNumber(work, end, start - last)
    end = putNumber(work, end, past - start - 1)
    copyBytes(work, IMAGE_OFFSET + start, work, end, past - start)
    end += past - start
    last = past
    at = past
  }
}
