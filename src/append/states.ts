/** States of transactions and cursors, and what search() looks for. */

/** A transaction: BUSY while a change is under way, and for good when one failed. */
export const ACTIVE = 0
export const BUSY = 1
export const ENDED = 2

/** A cursor: nowhere yet; on its record; where its record was. */
export const NOWHERE = 0
export const ON = 1
export const GONE = 2

/** The place of the search key; the place behind all smaller keys, which may be the end of a leaf. */
export const TO_KEY = 0
export const TO_BELOW = 1
