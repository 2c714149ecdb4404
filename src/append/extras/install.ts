/**
 * What small devices may leave out of the core: stat(), check(), compact(), revert(), compare() and setCacheSize(). Importing it puts them in the
 * place of the core's refusals. On Espruino this is the module "append-extras".
 */
import { AppendTree } from "../tree.ts"
import { setCacheSize } from "./cache-size.ts"
import { check, stat } from "./check.ts"
import { compact } from "./compact.ts"
import { compare } from "./compare.ts"
import { refuseReverted, revert } from "./revert.ts"

export { AppendTree }

AppendTree.prototype.check = check
AppendTree.prototype.stat = stat
AppendTree.prototype.compact = compact
AppendTree.prototype.compare = compare
AppendTree.prototype.revert = revert
AppendTree.prototype.setCacheSize = setCacheSize
AppendTree.prototype._refuseReverted = refuseReverted
