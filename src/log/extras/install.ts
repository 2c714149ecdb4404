/**
 * What small devices may leave out of the core: times, the newest first, rollback(), figures, erasing ahead, check(), export(), and what is read of
 * blocks next to damaged headers. Importing it puts them in the place of the core's refusals. On Espruino this is the module "log-extras".
 */
import { Log } from "../log.ts"
import { between } from "./between.ts"
import { check } from "./check.ts"
import { exportRecords } from "./export.ts"
import { endOfCommits, findLostTail } from "./lost-blocks.ts"
import { walkBack } from "./newest-first.ts"
import { maintain, rollback, status } from "./status.ts"

export { Log }

Log.prototype.between = between
Log.prototype.check = check
Log.prototype.export = exportRecords
Log.prototype.maintain = maintain
Log.prototype.rollback = rollback
Log.prototype.status = status
Log.prototype._walkBack = walkBack
Log.prototype._findLostTail = findLostTail
Log.prototype._endOfCommits = endOfCommits
