/** What is damaged in a volume. */
import type { FlashtreeError } from "../../errors.ts"
import { nextBlock, readHeader } from "../blocks.ts"
import { FAILING, IN_LOG } from "../layout.ts"
import { readPage } from "../pages.ts"
import type { FlashFinding } from "../status.ts"
import type { FlashVolume } from "../volume.ts"

/** Reads the header of every block of the log, and the chain of every page with content; gives a finding for each that is damaged. */
export function check(this: FlashVolume): FlashFinding[] {
  this._enter(false)
  const findings: FlashFinding[] = []
  this._have = 0
  // The oldest block may stand before an erase that was cut; its records are read below where they are in use.
  const tail = this._head < 0 ? -1 : nextBlock(this, this._head, false)
  for (let i = 0; i < this._blocks; i++) {
    const isInLog = i !== tail && (this._states[i] === IN_LOG || this._states[i] === FAILING)
    if (!isInLog || readHeader(this, i)) continue
    const block = this._first + i
    const message = `ECORRUPT: erase block ${block}, offset 0: a damaged header`
    findings.push({ code: "ECORRUPT", page: block, offset: 0, message: message })
  }
  for (let page = 0; page < this._pages; page++) {
    try {
      readPage(this, page, this._map[page], false)
    } catch (caught) {
      const error = caught as FlashtreeError
      if (error.code !== "ECORRUPT") throw error
      const block = error.page as number
      findings.push({ code: error.code, page: block, offset: error.offset as number, message: error.message })
    }
  }
  return findings
}
