/** What the examples do on a board, on simulated chips: started again and again, and cut off in between. */
// @ts-expect-error the examples are JavaScript
import { ConfigLog } from "../../../../examples/moddable-config-log/config-log.js"
import { SimulatedFlash } from "../../../../hosts/node/simulator/simulated-flash.ts"
import { open as openTree } from "../../../../src/btree/index.ts"
import { open as openVolume } from "../../../../src/flash/index.ts"
import "./structured-clone.ts"
import { serve } from "./commands.ts"

function openStore(chip: SimulatedFlash) {
  return openTree(openVolume(chip, { pagesize: 512 }), { pagesize: 512, cachesize: 2560 })
}

serve({
  /** Starts the device `starts` times, with `records` records each; gives what the last start finds. */
  configLog({ starts, records }: { starts: number; records: number }) {
    const chips = [new SimulatedFlash({ size: 65_536 }), new SimulatedFlash({ size: 131_072 })] as const
    let found: unknown
    for (let start = 1; start <= starts; start++) {
      const [config, log] = chips.map((chip) => openStore(chip.reboot()))
      const device = new ConfigLog(config, log)
      const before = Number(device.get("starts", "0"))
      device.set("starts", before + 1)
      if (before === 0) device.set("wifi/ssid", "home")
      for (let i = 0; i < records; i++) device.append(`start ${start}, record ${i}`)
      const last: string[] = []
      device.since(device.next - 2, (sequence: number, text: string) => last.push(`${sequence}: ${text}`))
      // The power fails: nothing is closed.
      found = {
        starts: device.get("starts", ""),
        names: device.names(""),
        kept: device.next - device.first,
        last,
      }
    }
    return found
  },
})
