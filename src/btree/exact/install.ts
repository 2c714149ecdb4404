/**
 * What makes files come out as 1.85 makes them, with as few bytes written: for hosts with room for it. Without it pages are cut in
 * the middle, and gaps that may not stay are closed when the page is written.
 */
import { BTree } from "../tree.ts"
import { chooseCut } from "./choose-cut.ts"
import { fillHole } from "./fill-hole.ts"

BTree.prototype._chooseCut = chooseCut
BTree.prototype._fillHole = fillHole
