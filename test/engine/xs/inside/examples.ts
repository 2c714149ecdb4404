/** What the examples do on a board, on simulated chips: started again and again, and cut off in between. */
// @ts-expect-error the examples are JavaScript
import { ConfigLog } from "../../../../examples/moddable-config-log/config-log.js"
import { SimulatedFlash } from "../../../../hosts/node/simulator/simulated-flash.ts"
import { open as openTree } from "../../../../src/btree/index.ts"
import { open as openVolume } from "../../../../src/flash/index.ts"
import { open as openLog } from "../../../../src/log/index.ts"
import "./structured-clone.ts"
import { serve } from "./commands.ts"

function openStore(chip: SimulatedFlash) {
  return openTree(openVolume(chip, { blockCount: 16, pagesize: 512 }), { pagesize: 512, cachesize: 2560 })
}

serve({
  /** Starts the device `starts` times, with `records` records each; gives what the last start finds. */
  configLog({ starts, records }: { starts: number; records: number }) {
    let chip = new SimulatedFlash({ size: 90_112 })
    let found: unknown
    for (let start = 1; start <= starts; start++) {
      chip = chip.reboot()
      const device = new ConfigLog(openStore(chip), openLog(chip, { firstBlock: 16 }))
      const count = device.start()
      if (count === 1) device.change({ "wifi/ssid": "home" })
      for (let i = 0; i < records; i++) device.record(`start ${start}, record ${i}`, device.log.last * 60)
      const last: string[] = []
      device.newest(2, (number: number, text: string, time: number) =>
        last.push(`${number}: ${text}, ${time}`),
      )
      // The power fails: nothing is closed.
      found = {
        starts: count,
        ssid: device.settings.getString("wifi/ssid"),
        channel: device.settings.getNumber("wifi/channel"),
        wrapped: device.log.first > 1,
        findings: device.log.check().length,
        last,
      }
    }
    return found
  },
})
