/** Counts its starts, logs one, and shows what the log has. Pull the plug at any time: nothing that was said to be kept is lost. */
import { ConfigLog } from "config-log"
import { FlashPartition, open } from "flashtree/flash-partition"
import { open as openLog } from "flashtree/log"

// One partition: 16 erase blocks for settings, with a page cache of 2.5 KB; the rest for the log, which takes its buffer of 768 bytes.
const partition = new FlashPartition({ path: "btree" })
const store = open({ device: partition, blockCount: 16, cachesize: 2560 })
const device = new ConfigLog(store, openLog(partition, { firstBlock: 16 }))

device.settings.onChange("", (key, value) => trace(`${key} is ${value}\n`))
const starts = device.start()
if (starts === 1) device.change({ "wifi/ssid": "home", "wifi/channel": 11 })
device.record(`start ${starts}`, Date.now())

trace(
  `network ${device.settings.getString("wifi/ssid")}, channel ${device.settings.getNumber("wifi/channel")}\n`,
)
device.newest(5, (number, text) => trace(`${number}: ${text}\n`))
const { usedBlocks, eraseCount } = device.log.status()
trace(`log: ${usedBlocks} erase blocks in use, the newest erased ${eraseCount} times\n`)

device.idle()
device.close()
partition.close()
