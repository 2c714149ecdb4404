/**
 * Settings and a log of a device: settings with types and defaults in a tree, records in a log, which needs none. Knows no board: main.js
 * opens both on a flash partition, and a test on a simulated chip.
 */
import { open } from "flashtree/config"
import { decodeText } from "flashtree/values"

/** What a setting is that nobody has changed; these take no flash, and frozen, in a preloaded module, no memory. */
const DEFAULTS = Object.freeze({
  starts: 0,
  "wifi/ssid": "factory",
  "wifi/channel": 1,
  "wifi/hidden": false,
  pins: Object.freeze({ led: 2 }),
})

/** Of what the settings mean. The first version had the name of the network under "ssid". */
const VERSION = 2

function migrate(tree, from) {
  const ssid = tree.get("ssid")
  if (from === 1 && ssid !== undefined) {
    tree.set("wifi/ssid", ssid)
    tree.delete("ssid")
  }
}

export class ConfigLog {
  /** Takes an open store and an open log. */
  constructor(store, log) {
    this.store = store
    this.log = log
    this.settings = open(store, { defaults: DEFAULTS, version: VERSION, migrate })
  }

  /** Counts a start, and gives how many there were. */
  start() {
    const starts = this.settings.getNumber("starts") + 1
    this.change({ starts })
    return starts
  }

  /** Changes settings, all of them or none: they are durable when this returns. */
  change(settings) {
    for (const key in settings) this.settings.set(key, settings[key])
    this.settings.flush()
  }

  /** Makes the settings that begin with `prefix`, or all, the defaults again. */
  reset(prefix) {
    this.settings.reset(prefix)
    this.settings.flush()
  }

  /** Adds a record; it is durable when this returns. The oldest ones go when the log is full. */
  record(text, time) {
    const number = this.log.append(text, time)
    this.log.flush()
    return number
  }

  /** Calls visit(number, text, time) with the newest `count` records, the oldest of them first. */
  newest(count, visit) {
    this.log.since(this.log.last - count + 1, (record, number, time) => {
      visit(number, decodeText(record), time)
    })
  }

  /** Calls visit(number, text, time) with the records of the times `from` to `to`. */
  between(from, to, visit) {
    this.log.between(from, to, (record, number, time) => {
      visit(number, decodeText(record), time)
    })
  }

  /** Erases a block ahead in both places, so that no change has to wait for it: for when the device has time. */
  idle() {
    this.store.volume.maintain()
    this.log.maintain()
  }

  close() {
    this.store.close()
    this.log.close()
  }
}
