/** Cleaning in idle time. */

import { refuse } from "../../errors.ts"
import { OPAQUE_FLASH } from "../../platform.ts"
import { makeBlank, nextBlock, refuseStale } from "../blocks.ts"
import { reclaimTail, spareWeight } from "../cleaning.ts"
import { IMAGE_WEIGHT } from "../layout.ts"
import type { FlashVolume } from "../volume.ts"

/** Cleans ahead (FlashVolume.maintain). */
export function maintain(this: FlashVolume, options?: { erases?: number }): boolean {
  const given = options ? options.erases : undefined
  let left = given === undefined ? 1 : given
  if (!(left >= 0)) refuse("EINVAL", `erases ${left}, not 0 or more`)
  this._enter(true)
  if (this._head < 0 || this._started !== 0) return false
  this._busy = true
  refuseStale(this)
  const wanted = (this._blocks >> 2) * this._perBlock * IMAGE_WEIGHT
  while (left > 0 && (blankAhead(this) || (spareWeight(this, false, true) < wanted && reclaimTail(this))))
    left--
  this._busy = false
  return left <= 0
}

/**
 * Makes sure that the next free blocks are blank; true when one had to be erased for it. What is known to be blank is forgotten at
 * reopening, so where it cannot be seen no more than one block is erased ahead.
 */
function blankAhead(volume: FlashVolume): boolean {
  let block = volume._head
  let erased = false
  for (let ahead = OPAQUE_FLASH && volume._opaque ? 1 : volume._blocks >> 2; ahead > 0 && !erased; ahead--) {
    block = nextBlock(volume, block, true)
    if (block < 0) break
    const erases = volume._eraseCounts[block]
    erased = !makeBlank(volume, block) || volume._eraseCounts[block] !== erases
  }
  return erased
}
