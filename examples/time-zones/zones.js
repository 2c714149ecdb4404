/** The rules of time zones by name, out of a table in flash: what main.js of a board imports, with Table of flashtree/constant. */

const LONGEST = 64

export class Zones {
  /** `table`: a Table that is open. */
  constructor(table) {
    this.table = table
    this.bytes = new Uint8Array(LONGEST)
  }

  /** Gives the POSIX TZ string of a zone, or undefined where there is no such zone. */
  rules(name) {
    const length = this.table.lookupInto(name, this.bytes)
    return length < 0 ? undefined : String.fromCharCode(...this.bytes.subarray(0, length))
  }
}
