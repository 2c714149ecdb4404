/** The example of time zones on a board: a table in its flash, names looked up in place. */
// @ts-expect-error the examples are JavaScript
import { Zones } from "../../../../examples/time-zones/zones.js"
import { FlashPartition } from "../../../../hosts/moddable/flash-partition.ts"
import { Table } from "../../../../src/constant/index.ts"

/** Collects garbage and notes what is in use. */
declare function measure(): void

interface Work {
  /** "nothing": the partition is opened, and that is all. "open": the table as well. "look up": names, into a buffer of the caller's. */
  what: "nothing" | "open" | "look up" | "example"
  firstBlock: number
  pagesize: number
  names: string[]
}

export function main(argument: string): string {
  const { what, firstBlock, pagesize, names } = JSON.parse(argument) as Work
  const device = new FlashPartition({ path: "zones" })
  const target = new Uint8Array(64)
  const found: (string | null)[] = []
  let table: Table | undefined
  if (what !== "nothing") {
    table = new Table({ pagesize })
    table.open(device, { firstBlock })
  }
  if (what === "look up" && table !== undefined) {
    for (let i = 0; i < names.length; i++) {
      const length = table.lookupInto(names[i] as string, target)
      if (length < 0) throw new Error(`no ${names[i]}`)
    }
  }
  if (what === "example") {
    const zones = new Zones(table)
    for (let i = 0; i < names.length; i++) found.push(zones.rules(names[i]) ?? null)
  }
  measure()
  const size = table === undefined ? 0 : table.size
  return JSON.stringify({ size, found })
}
