/** As inline.ts, but of the record that is being read. */
import { HAS_LONG, refill } from "./record.ts"
import type { FlashVolume } from "./volume.ts"

/** Takes a word of the body. */
export function takeWord(volume: FlashVolume): number {
  if (HAS_LONG && volume._cursor + 4 > volume._have) refill(volume)
  volume._left -= 4
  volume._cursor += 4
  return volume._view.getUint32(volume._cursor - 4)
}
