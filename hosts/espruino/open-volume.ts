/**
 * flash.open() on Espruino. What opening needs is the module "flash-opening", asked for here and dropped again: its functions take
 * variables only while a volume is being opened.
 */
import type { FlashDevice, FlashOpenOptions, FlashVolume } from "../../src/flash/index.ts"

/** The module "flash" itself. */
declare const exports: object
declare const Modules: { removeCached(name: string): void }

const OPENING = "flash-opening"

export function open(device: FlashDevice, options?: FlashOpenOptions): FlashVolume {
  const opening = require(OPENING)(exports)
  Modules.removeCached(OPENING)
  return opening.open(device, options)
}
