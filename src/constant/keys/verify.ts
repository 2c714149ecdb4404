/** What a table of names promises beyond its database: each name under its hash, and all of them in order. */
import type { FlashtreeError } from "../../errors.ts"
import type { Item } from "../reader.ts"
import type { ConstantFinding, Progress } from "../types.ts"
import { compareNames } from "./hash.ts"
import { orderWidth } from "./layout.ts"
import type { Table } from "./table.ts"

/**
 * Checks as Reader.verify() does; where that finds nothing, also that each name is found under its hash, and that the order is that of the
 * names, up to the first that is not. Reads all names once more, by lookups.
 * @throws EIO, ENOMEM, ECLOSED
 */
export function verify(this: Table, progress?: Progress): ConstantFinding[] {
  const findings = this._reader.verify(progress)
  if (findings.length > 0) return findings
  const pagesize = this._reader._pagesize
  const size = this.size
  let before: Uint8Array | null = null
  for (let place = 0; place < size && findings.length === 0; place++) {
    const position = this._reader._end - (size - place) * orderWidth(size)
    let problem = ""
    try {
      const name = (this._itemAt(place) as Item<Uint8Array>).key
      if (before !== null && compareNames(before, name) >= 0)
        problem = `name ${place} is not larger than the one before`
      else if (!this.exists(name)) problem = `name ${place} is not found under its hash`
      before = name
    } catch (error) {
      const found = error as FlashtreeError
      if (found.code !== "ECORRUPT") throw error
      problem = found.message
    }
    if (problem !== "")
      findings.push({
        code: "ECORRUPT",
        page: Math.floor(position / pagesize),
        offset: position % pagesize,
        message: problem,
      })
  }
  return findings
}
