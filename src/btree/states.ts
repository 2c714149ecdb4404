/** States of handles and cursors, and what a call does. */

/** A handle: BUSY while a change is under way, and for good when it was cut short. */
export const OPEN = 0
export const BUSY = 1
export const CLOSED = 2

/** What a call does, for enter(): it reads, it is to change something, it has done so. */
export const READ = 0
export const WRITE = 1
export const DONE = 2

/**
 * Where a cursor stands: nowhere yet; on its record; where its record was, or would be; or, among duplicates, before the equal
 * record that took the place of the one it deleted itself.
 */
export const NOWHERE = 0
export const ON = 1
export const GONE = 2
export const DELETED = 3
