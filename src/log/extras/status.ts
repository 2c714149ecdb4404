/** Figures of the log, erasing ahead, and giving up what is not flushed. */
import { refuseStale } from "../access.ts"
import { nextSequence, prepareBlock } from "../blocks.ts"
import { giveBack } from "../give-back.ts"
import { CHECK, ENTRY_HEAD, GROUP_HEAD, HEADER, NO_BLOCK, RETIRED_MAX } from "../layout.ts"
import type { Log } from "../log.ts"
import { alignUp } from "../places.ts"
import type { LogStatus } from "../types.ts"

/** See Log.status. */
export function status(this: Log): LogStatus {
  this._begin(false)
  const room = this._isSealed ? 0 : this._length - this._writeAt
  const ahead = this._blank > 0 ? this._length - alignUp(this, HEADER) : 0
  // Every block is erased once a turn; those of the first one were blank, where that can be known.
  const turns = Math.floor(this._head / this._blockCount)
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
    eraseCount: turns > 0 && !this._isOpaque ? turns - 1 : turns,
    readonly: this._code === "EROFS",
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

/** See Log.rollback. */
export function rollback(this: Log): void {
  if (this._code === "ECLOSED" || this._code === "ESTALE") this._begin(true)
  // What a call that failed has programmed is not known.
  if (this._code === "EIO") {
    this._isSealed = true
    this._code = ""
  }
  // Frames without a commit stay behind the end of the block, where nobody reads.
  if (this._isUndecided) giveBack(this)
  this._windowAt = -1
  this._pending = GROUP_HEAD
  this._count = 0
  this._next = this._flushed
  this._time = this._timeBefore = this._timeFlushed
  this._falls = this._fallsBefore = this._fallsFlushed
}
