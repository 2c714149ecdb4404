/** Adds what the core leaves out to its class. */
import { Reader } from "../reader.ts"
import { forEach, items } from "./items.ts"
import { makePages } from "./page-buffers.ts"
import { flashRange } from "./range.ts"
import { verify } from "./verify.ts"

Reader.prototype._makePages = makePages
Reader.prototype._placeOf = flashRange
Reader.prototype.forEach = forEach
Reader.prototype.items = items
Reader.prototype.verify = verify

export { Reader } from "../reader.ts"
