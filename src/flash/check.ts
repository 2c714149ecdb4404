/** Reading everything that is in use, to find rot before it is needed. */
import { isFlashtreeError } from "../errors.ts"
import { readPage } from "./chain.ts"
import type { FlashFinding } from "./status.ts"
import type { FlashVolume } from "./volume.ts"
import { IMAGE_OFFSET } from "./writer.ts"

/** Reads the chain of every page with content; gives a finding for each that is damaged. */
export function checkVolume(volume: FlashVolume): FlashFinding[] {
  const findings: FlashFinding[] = []
  for (let page = 0; page < volume._pages; page++) {
    if (volume._map[page] === 0) continue
    try {
      readPage(volume, page, false, volume._work, IMAGE_OFFSET)
    } catch (error) {
      if (!isFlashtreeError(error) || error.code !== "ECORRUPT") throw error
      findings.push({
        code: "ECORRUPT",
        page: error.page === undefined ? 0 : error.page,
        offset: error.offset === undefined ? 0 : error.offset,
        message: error.message,
      })
    }
  }
  return findings
}
