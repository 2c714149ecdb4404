/**
 * What small devices may leave out of the core: check(), maintain(), readyBytes, format: "always", resize: "grow" and erase(). Importing it puts them in the place
 * of the core's refusals. On Espruino this is the module "flash-extras".
 */
import { FlashVolume } from "../volume.ts"
import { check } from "./check.ts"
import { remake } from "./format.ts"
import { maintain } from "./maintain.ts"

export { erase } from "./format.ts"

function readyBytes(this: FlashVolume): number {
  return this.status().readyBytes
}

FlashVolume.prototype.check = check
FlashVolume.prototype.maintain = maintain
FlashVolume.prototype._remake = remake
Object.defineProperty(FlashVolume.prototype, "readyBytes", { get: readyBytes })
