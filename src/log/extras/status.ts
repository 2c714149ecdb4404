/** Figures of the log, and erasing ahead. */
import { refuseStale } from "../access.ts"
import { nextSequence, prepareBlock } from "../blocks.ts"
import { CHECK, ENTRY_HEAD, GROUP_HEAD, HEADER, NO_BLOCK, RETIRED_MAX } from "../layout.ts"
import type { Log } from "../log.ts"
import { alignUp } from "../places.ts"
import type { LogStatus } from "../types.ts"

/** See Log.status. */
export function status(this: Log): LogStatus {
  this._begin(false)
  const room = this._isSealed ? 0 : this._length - this._writeAt
  const ahead = this._blank > 0 ? this._length - alignUp(this, HEADER) : 0
  let retired = 0
  for (let i = 0; i < RETIRED_MAX; i++) if (this._retired[i] !== NO_BLOCK) retired++
  return {
    blocks: this._blockCount,
    blockLength: this._length,
    first: this.first,
    last: this.last,
    count: this.count,
    usedBlocks: this._tail === 0 ? 0 : this._head - this._tail + 1,
    retired: retired,
    readyBytes: room > ahead ? room : ahead,
    eraseCount: this._erases,
    recordMax: this._size - this._unit - GROUP_HEAD - ENTRY_HEAD - CHECK,
  }
}

/** See Log.maintain. */
export function maintain(this: Log): boolean {
  this._begin(true)
  const sequence = nextSequence(this, this._head)
  if (this._tail === 0 || this._givenBack > 0 || this._blank === sequence || this._isUndecided) return false
  if (!this._overwrites && this._tail <= sequence - this._blockCount) return false
  refuseStale(this)
  prepareBlock(this)
  return true
}
