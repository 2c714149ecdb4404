/** Walking the records between two keys, either way. */
import type { Cursor, Tree } from "./database.ts"

export interface Range {
  /** First key; from the beginning when left out. */
  start?: Uint8Array | undefined
  /** First key no longer in the range; to the end when left out. */
  end?: Uint8Array | undefined
  /** `end` itself is in the range too. */
  inclusive?: boolean | undefined
  /** The same records, last one first. */
  descending?: boolean | undefined
}

/** Calls `visit` on each record of the range until it gives false. The cursor stays on the record meanwhile. */
export function walk(tree: Tree, range: Range, visit: (cursor: Cursor) => boolean): void {
  const cursor = tree.cursor()
  const { start, end } = range
  const isInside = (): boolean => {
    if (range.descending) return start === undefined || Buffer.compare(cursor.key(), start) >= 0
    if (end === undefined) return true
    const order = Buffer.compare(cursor.key(), end)
    return order < 0 || (order === 0 && range.inclusive === true)
  }
  let found = range.descending ? seekLast(cursor, range) : start ? cursor.seek(start) : cursor.first()
  while (found && isInside() && visit(cursor)) found = range.descending ? cursor.previous() : cursor.next()
  cursor.close()
}

function seekLast(cursor: Cursor, { end, inclusive }: Range): boolean {
  if (end === undefined || !cursor.seek(end)) return cursor.last()
  // With duplicates there may be several keys equal to `end`: all are in an inclusive range.
  while (inclusive && Buffer.compare(cursor.key(), end) === 0) if (!cursor.next()) return cursor.last()
  return cursor.previous()
}
