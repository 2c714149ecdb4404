/** A page's content: its image, with the ranges of the records after it. Read from the newest record back. */
import { corruptRecord } from "./errors.ts"
import { CHAIN_MAX, CLEANED, CONTROL, IMAGE, KIND, POSITION_MASK } from "./layout.ts"
import { openRecord, recordIsWhole, takeBytes, takeNumber } from "./reader.ts"
import { isTrimmed, isUndecided } from "./ring.ts"
import type { FlashVolume } from "./volume.ts"

/**
 * Reads page `page` into `target` from `offset`; zeros where it has no content. `committed`: as of the last flush, leaving out the
 * records of the open transaction. Gives the position of the page's image, 0 when there is none. One read a record, two or three
 * for an image. ECORRUPT for a record that is not whole.
 */
export function readPage(
  volume: FlashVolume,
  page: number,
  committed: boolean,
  target: Uint8Array,
  offset: number,
): number {
  const reader = volume._reader
  const covered = volume._covered
  covered.clear()
  target.fill(0, offset, offset + volume.pagesize)
  let position = volume._map[page] & POSITION_MASK
  for (let steps = 0; position !== 0; steps++) {
    if (
      !openRecord(volume, position, false) ||
      reader.page !== page ||
      (reader.flags & KIND) === CONTROL ||
      steps > 4 * CHAIN_MAX
    ) {
      throw corruptRecord(volume, position, `no record of page ${page} where its chain leads`)
    }
    const flags = reader.flags
    const link = reader.link
    const skip = committed && (flags & CLEANED) === 0 && isUndecided(volume, position)
    if (!committed && isTrimmed(volume, page, position, (flags & CLEANED) !== 0)) return 0
    if (!skip) {
      applyRanges(volume, target, offset)
      if (!recordIsWhole(volume)) throw corruptRecord(volume, position, `a damaged record of page ${page}`)
      if ((flags & KIND) === IMAGE) return position
    }
    position = link
  }
  return 0
}

/** Copies what the record says of bytes that no newer record has said anything of. */
function applyRanges(volume: FlashVolume, target: Uint8Array, offset: number): void {
  const reader = volume._reader
  const covered = volume._covered
  const isImage = (reader.flags & KIND) === IMAGE
  let at = 0
  while (reader.left > 0) {
    at += takeNumber(volume)
    const start = at
    const end = at + takeNumber(volume) + 1
    if (end > volume.pagesize)
      throw corruptRecord(volume, reader.position, "a range beyond the end of its page")
    while (at < end) {
      const run = covered.runAt(at, end)
      takeBytes(volume, run < 0 ? -run : run, run < 0 ? null : target, offset + at)
      at += run < 0 ? -run : run
    }
    if (!isImage) covered.add(start, end)
  }
}
