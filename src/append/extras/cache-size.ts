/** How many pages are kept in memory. */
import { refuse } from "../../errors.ts"
import { startCache } from "../../page/start-cache.ts"
import type { AppendTree } from "../tree.ts"

export function setCacheSize(this: AppendTree, pages: number): void {
  const cache = this._cache
  this._refuseClosed()
  if (!(pages >= 0 && pages % 1 === 0)) refuse("EINVAL", `${pages} pages, a whole number is expected`)
  cache._size = pages * this._pagesize
  if (this._writer === null) {
    cache._all = []
    cache._newest = null
    cache.frames = 0
    this._scratch = null
    startCache(cache, this._pagesize)
  } else {
    cache.capacity = pages > cache._all.length ? pages : cache._all.length
  }
}
