/**
 * What makes files come out as 1.85 makes them, with as few bytes written: for hosts with room for it. Without it pages are cut in
 * the middle, gaps that may not stay are closed when the page is written, a value of another size is a new record, and wrong options
 * are left out of account.
 */
import { BTree } from "../tree.ts"
import { checkOptions } from "./check-options.ts"
import { chooseCut } from "./choose-cut.ts"
import { deleteRange } from "./delete-range.ts"
import { fillHole } from "./fill-hole.ts"
import { replaceValue } from "./replace-value.ts"

BTree.prototype._checkOptions = checkOptions
BTree.prototype._chooseCut = chooseCut
BTree.prototype._fillHole = fillHole
BTree.prototype.deleteRange = deleteRange
BTree.prototype._replaceValue = replaceValue
