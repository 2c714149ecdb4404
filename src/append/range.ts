/** Going through a range of keys with a cursor. */
import { type Bytes, type Kept, keep } from "../bytes.ts"
import { refuse } from "../errors.ts"
import type { AppendCursor } from "./cursor.ts"
import { takeKey } from "./keys.ts"
import { DESC, INCL } from "./types.ts"

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
  const first = start === undefined ? null : start
  while (cursor._step(down, first, last, flags) && visit(cursor) !== false);
}
