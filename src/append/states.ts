/** States of transactions and cursors. */

/** A transaction: BUSY while a change is under way, and for good when one failed. */
export const ACTIVE = 0
export const BUSY = 1
export const ENDED = 2

/** A cursor: nowhere yet; on its record; where its record was. */
export const NOWHERE = 0
export const ON = 1
export const GONE = 2
