/** The map: where each page's newest record is, and for the pages that the open transaction has changed where it was at the last flush. */
import type { FlashVolume } from "./volume.ts"

/** Changes a page's entry in the map. */
export function setEntry(volume: FlashVolume, page: number, entry: number): void {
  if ((volume._map[page] | 0) > 0) volume._live--
  if ((entry | 0) > 0) volume._live++
  volume._map[page] = entry
}

/** Gives where the open transaction has put the entry that the page had at the last flush, -1 for nowhere. */
export function findOld(volume: FlashVolume, page: number): number {
  // What is behind the end is of earlier transactions.
  const found = volume._oldPages.indexOf(page)
  return found < volume._oldCount ? found : -1
}

/** Changes a page's entry for the open transaction: what it was at the last flush is kept, six bytes a page. */
export function changeEntry(volume: FlashVolume, page: number, entry: number): void {
  if (findOld(volume, page) < 0) {
    const count = volume._oldCount
    if (count === volume._oldPages.length) {
      const pages = new Uint16Array(count + 16)
      const entries = new Uint32Array(count + 16)
      pages.set(volume._oldPages)
      entries.set(volume._oldEntries)
      volume._oldPages = pages
      volume._oldEntries = entries
    }
    volume._oldPages[count] = page
    volume._oldEntries[count] = volume._map[page]
    volume._oldCount = count + 1
  }
  setEntry(volume, page, entry)
  // A record of a page that begins at or behind the end of the stream moves the end behind that page.
  if (entry !== 0 && page * volume._pagesize >= volume._loggedSize)
    volume._loggedSize = (page + 1) * volume._pagesize
}

/** What a commit mark decides, when it is written and when it is read. */
export function settle(volume: FlashVolume): void {
  volume._started = 0
  volume._oldCount = 0
  volume._flushedSize = volume._loggedSize
}

/** Forgets what the open transaction has said; whoever goes on writes an abort first. */
export function giveUp(volume: FlashVolume): void {
  for (let i = 0; i < volume._oldCount; i++) setEntry(volume, volume._oldPages[i], volume._oldEntries[i])
  volume._loggedSize = volume._size = volume._flushedSize
  settle(volume)
}

/** What a stream size in the log says: pages beyond it have no content any more. */
export function cutOff(volume: FlashVolume, size: number): void {
  volume._loggedSize = size
  for (let page = Math.ceil(size / volume._pagesize); page < volume._pages; page++)
    if (volume._map[page] !== 0) changeEntry(volume, page, 0)
}
