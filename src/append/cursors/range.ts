/** Going through a range of keys with a cursor. */
import { type Bytes, type Kept, keep } from "../../bytes.ts"
import { refuse } from "../../errors.ts"
import { takeKey } from "../keys.ts"
import { compareKeys } from "../order.ts"
import { DESC, INCL } from "../types.ts"
import type { AppendCursor } from "./cursor.ts"

/** Calls `visit` with a cursor on each record of a range, until it gives false. */
export function visitRange(
  cursor: AppendCursor,
  visit: (cursor: AppendCursor) => boolean | undefined | void,
  start: Bytes | null | undefined,
  end: Bytes | null | undefined,
  flags: number,
): void {
  const tree = cursor._tree
  const down = (flags & DESC) !== 0
  let last: Kept | null = null
  if ((flags & ~(INCL | DESC)) !== 0) refuse("EINVAL", `range flags ${flags}`)
  if (end !== undefined && end !== null) {
    takeKey(tree, end)
    last = keep(null, tree._key._bytes, 0, tree._key._length)
  }
  let on = false
  if (start !== undefined && start !== null) on = cursor.seek(start)
  else on = down ? cursor.last() : cursor.first()
  while (on && isWithin(cursor._key, last, down, flags) && visit(cursor) !== false)
    on = down ? cursor.previous() : cursor.next()
}

/** Tells whether a key is one of the range that ends at `last`. */
function isWithin(key: Kept, last: Kept | null, down: boolean, flags: number): boolean {
  if (last === null) return true
  const order = compareKeys(key, last)
  return order === 0 ? (flags & INCL) !== 0 : order > 0 === down
}
