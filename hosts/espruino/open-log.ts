/** log.open() on Espruino. What opening needs is the module "log-opening", asked for here and dropped again, as in open-volume.ts. */
import type { FlashDevice } from "../../src/flash/index.ts"
import type { Log, LogOpenOptions } from "../../src/log/index.ts"

/** The module "log" itself. */
declare const exports: object
declare const Modules: { removeCached(name: string): void }

const OPENING = "log-opening"

export function open(device: FlashDevice, options?: LogOpenOptions): Log {
  const opening = require(OPENING)(exports)
  Modules.removeCached(OPENING)
  return opening.open(device, options)
}
