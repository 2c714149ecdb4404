/**
 * What small devices may leave out of the core: iterators, seq, duplicates, stat, check, salvage, page checks, other orders of keys
 * and bytes. Importing it puts them in the place of the core's refusals. On Espruino this is the module "btree-extras".
 */

import { check, salvage, stat } from "../checking/index.ts"
import { BTree } from "../tree.ts"
import { adopt } from "./adopt.ts"
import { findEqual, ordinalOf } from "./duplicates.ts"
import { metaCheck, pageCheck } from "./page-check.ts"
import { items, keys, values } from "./ranges.ts"
import { atCursor, seq } from "./seq.ts"

export { RangeIterator, type RangeResult } from "./ranges.ts"

BTree.prototype.keys = keys
BTree.prototype.values = values
BTree.prototype.items = items
BTree.prototype.seq = seq
BTree.prototype.stat = stat
BTree.prototype.check = check
BTree.prototype.salvage = salvage
BTree.prototype._adopt = adopt
BTree.prototype._atCursor = atCursor
BTree.prototype._findEqual = findEqual
BTree.prototype._ordinalOf = ordinalOf
BTree.prototype._pageCheck = pageCheck
BTree.prototype._metaCheck = metaCheck
