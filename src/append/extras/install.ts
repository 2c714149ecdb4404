/**
 * What small devices may leave out of the core: stat(), check(), compact() and revert(). Importing it puts them in the place of the
 * core's refusals. On Espruino this is the module "append-extras".
 */
import { AppendTree } from "../tree.ts"
import { check, stat } from "./check.ts"
import { compact } from "./compact.ts"
import { revert } from "./revert.ts"

export { AppendTree }

AppendTree.prototype.check = check
AppendTree.prototype.stat = stat
AppendTree.prototype.compact = compact
AppendTree.prototype.revert = revert
