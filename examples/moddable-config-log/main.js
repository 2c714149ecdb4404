/** Counts its starts, logs one, and shows what the log has. Pull the plug at any time: nothing that was said to be kept is lost. */
import { ConfigLog } from "config-log"
import { open } from "flashtree/flash-partition"

// One partition, two volumes: 16 erase blocks for settings, the rest for the log. Each has a cache of its own.
const config = open({ partition: "btree", blockCount: 16, cachesize: 2560 })
const log = open({ partition: "btree", firstBlock: 16, cachesize: 2560 })
const device = new ConfigLog(config, log)

const starts = Number(device.get("starts", "0")) + 1
device.set("starts", starts)
if (starts === 1) device.set("wifi/ssid", "home")
device.append(`start ${starts}`)

trace(`start ${starts}; settings: ${device.names("").join(", ")}\n`)
device.since(Math.max(device.next - 5, 1), (sequence, text) => {
  trace(`${sequence}: ${text}\n`)
})
const { freeBlocks, eraseCountMax } = log.volume.status()
trace(`log: ${freeBlocks} free erase blocks, each erased at most ${eraseCountMax} times\n`)
device.close()
