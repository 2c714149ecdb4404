/** Puts the methods that lie in files of their own on the tree's class. */
import { check, stat } from "./check.ts"
import { compact } from "./compact.ts"
import { revert } from "./revert.ts"
import { AppendTree } from "./tree.ts"

AppendTree.prototype.check = check
AppendTree.prototype.stat = stat
AppendTree.prototype.compact = compact
AppendTree.prototype.revert = revert
