/**
 * What small devices may leave out of the core: check(), export() and visiting the newest first. Importing it puts them in the place of
 * the core's refusals. On Espruino this is the module "log-extras".
 */
import { Log } from "../log.ts"
import { check } from "./check.ts"
import { exportRecords } from "./export.ts"
import { walkBack } from "./newest-first.ts"

export { Log }

Log.prototype.check = check
Log.prototype.export = exportRecords
Log.prototype._walkBack = walkBack
