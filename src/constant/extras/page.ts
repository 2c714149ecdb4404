/** The memory of a page. */
import type { Region } from "../../bytes.ts"
import { allocate } from "../../platform.ts"

/** Allocates a page. @throws ENOMEM */
export function makePage(pagesize: number): Region {
  const bytes = allocate(pagesize)
  return { _bytes: bytes, _view: new DataView(bytes.buffer) }
}
