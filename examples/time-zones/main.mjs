/**
 * The IANA time zones in a flash partition, read in place: node examples/time-zones/main.mjs [ZONE ...]
 * The table is packed, put into blocks of an image that a board would be flashed with, and asked through a device of 64 bytes of memory.
 */
import { readFileSync } from "node:fs"
import { constant } from "flashtree"
import { SimulatedFlash } from "flashtree/node"
import { Zones } from "./zones.js"

const FIRST_BLOCK = 16
const PAGESIZE = 256

const lines = readFileSync(new URL("../data/time-zones.tsv", import.meta.url), "utf8").split("\n")
const writer = new constant.TableWriter({ pagesize: PAGESIZE })
for (const line of lines) {
  const [name, rules] = line.split("\t")
  if (rules !== undefined) writer.add(name, rules)
}

const device = new SimulatedFlash({ size: 1 << 18 })
writer.write(device, { firstBlock: FIRST_BLOCK })
const { treeSize, valuesSize } = constant.inspect(device, { firstBlock: FIRST_BLOCK })
console.log(`${PAGESIZE + treeSize + valuesSize} bytes of flash, ${device.counters.erases} blocks`)

const table = new constant.Table({ pagesize: PAGESIZE })
table.open(device, { firstBlock: FIRST_BLOCK })
const zones = new Zones(table)
const asked =
  process.argv.length > 2 ? process.argv.slice(2) : ["Europe/Berlin", "Asia/Tokyo", "Mars/Olympus"]
for (const name of asked) {
  device.counters.reset()
  const rules = zones.rules(name)
  console.log(
    `${name}: ${rules ?? "no such zone"} (${device.counters.readCalls} reads, ${device.counters.readBytes} bytes)`,
  )
}
const first = table.lowerBound("Antarctica/")
for (let place = first; place < first + 3; place++) {
  const { key, value } = table.at(place)
  console.log(`  ${Buffer.from(key)}: ${Buffer.from(value)}`)
}
